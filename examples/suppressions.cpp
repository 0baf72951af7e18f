// SPDX-License-Identifier: BSL-1.0

// Lists the addresses to which the service sends nothing any more, or changes that list.
//
//   suppressions                      the list
//   suppressions add ADDRESS...       suppresses addresses
//   suppressions remove ADDRESS...    ends their suppression

#include <postmark/api/suppressions.hpp>
#include <postmark/postmark.hpp>

#include <boost/asio.hpp>

#include <iostream>
#include <span>
#include <string_view>

namespace asio = boost::asio;

constexpr auto stream = "outbound";

asio::awaitable<void> list(postmark::client& client)
{
    auto const reply = co_await client.async_call(postmark::get_suppressions{stream});
    for (auto const& entry : reply.suppressions) {
        std::cout << entry.email_address << "  " << entry.suppression_reason << " by " << entry.origin << '\n';
    }
    std::cout << reply.suppressions.size() << " suppressed\n";
}

template <class Request>
asio::awaitable<void> change(postmark::client& client, std::span<char*> addresses)
{
    constexpr std::size_t limit = 50; // of one request
    while (!addresses.empty()) {
        Request request{stream};
        for (std::string_view const address : addresses.first(std::min(limit, addresses.size()))) {
            request.suppressions.emplace_back(address);
        }
        addresses = addresses.subspan(request.suppressions.size());
        auto const reply = co_await client.async_call(request);
        for (auto const& entry : reply.suppressions) {
            std::cout << entry.email_address << "  " << entry.status << "  " << entry.message << '\n';
        }
    }
}

int main(int argc, char** argv)
{
    std::string_view const command = argc > 1 ? argv[1] : "list";
    std::span const addresses{argv + std::min(argc, 2), argv + argc};

    asio::io_context io;
    postmark::client client{io, postmark::config::from_environment()};
    auto task = command == "add"      ? change<postmark::create_suppressions>(client, addresses)
                : command == "remove" ? change<postmark::delete_suppressions>(client, addresses)
                                      : list(client);
    asio::co_spawn(io, std::move(task), [](std::exception_ptr error) {
        if (error) {
            std::rethrow_exception(error);
        }
    });
    io.run();
}

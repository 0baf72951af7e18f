// SPDX-License-Identifier: BSL-1.0

#ifndef CONSUMER_CONTRACT_CHECK_HPP
#define CONSUMER_CONTRACT_CHECK_HPP

#include <postmark/postmark.hpp>
#include <postmark/sandbox.hpp>

#include <boost/asio.hpp>

#include <algorithm>
#include <exception>
#include <iostream>
#include <string>
#include <utility>

namespace asio = boost::asio;

/// A service, a client configured for it by the environment, and the results of the checks.
class contract_check {
public:
    explicit contract_check(postmark::sandbox::server& service)
        : service_{service}
        , client{io, postmark::config::from_environment()}
    {
    }

    /// Every mail has its own subject, by which the service's record identifies it.
    static postmark::message mail(std::string subject)
    {
        postmark::message msg;
        msg.to = "ann@example.com";
        msg.subject = std::move(subject);
        msg.text = "Good to have you.";
        return msg;
    }

    void run()
    {
        io.restart();
        io.run();
    }

    void run(asio::awaitable<void> body)
    {
        asio::co_spawn(io, std::move(body), [](std::exception_ptr error) {
            if (error) {
                std::rethrow_exception(error);
            }
        });
        run();
    }

    /// Checks that the service has accepted exactly one mail with this subject, and that the program received the
    /// expected result.
    void accepted(std::string const& subject, bool good_result)
    {
        auto const stored = service_.messages();
        auto const count =
            std::count_if(stored.begin(), stored.end(),
                          [&](postmark::sandbox::stored_message const& entry) { return entry.subject == subject; });
        report(subject, good_result && count == 1);
    }

    void report(std::string const& name, bool good)
    {
        std::cout << (good ? "good    " : "FAILED  ") << name << std::endl;
        all_good = all_good && good;
    }

private:
    postmark::sandbox::server& service_;

public:
    asio::io_context io;
    postmark::client client;
    bool all_good = true;
};

inline bool is_accepted(postmark::receipt const& receipt)
{
    return receipt.outcome == postmark::outcome::accepted && !receipt.error && !receipt.message_id.empty();
}

void try_tokens(contract_check& check);
void try_surface(contract_check& check);

#endif

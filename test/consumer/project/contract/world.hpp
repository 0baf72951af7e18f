// SPDX-License-Identifier: BSL-1.0

#ifndef CONSUMER_CONTRACT_WORLD_HPP
#define CONSUMER_CONTRACT_WORLD_HPP

#include <postmark/postmark.hpp>
#include <postmark/sandbox.hpp>

#include <boost/asio.hpp>

#include <algorithm>
#include <exception>
#include <iostream>
#include <string>
#include <utility>

namespace asio = boost::asio;

/// A service, a client that was told of it by the environment, and what was found out.
class world {
public:
    explicit world(postmark::sandbox::server& service)
        : service_{service}
        , client{io, postmark::config::from_environment()}
    {
    }

    /// Every mail has a subject of its own, by which the service's record is asked for it.
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

    /// The service has accepted exactly one mail with this subject, and the program was told what it should be told.
    void accepted(std::string const& subject, bool told)
    {
        auto const stored = service_.messages();
        auto const count =
            std::count_if(stored.begin(), stored.end(),
                          [&](postmark::sandbox::stored_message const& each) { return each.subject == subject; });
        report(subject, told && count == 1);
    }

    void report(std::string const& what, bool good)
    {
        std::cout << (good ? "good    " : "FAILED  ") << what << std::endl;
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

void try_tokens(world& here);
void try_surface(world& here);

#endif

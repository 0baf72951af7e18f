// SPDX-License-Identifier: BSL-1.0

#include "fault_bench.hpp"

#include "agreement.hpp"

#include <postmark/client.hpp>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <utility>

using namespace std::chrono_literals;

namespace postmark::test {

message numbered_message(std::size_t number, std::size_t attachment)
{
    message msg;
    msg.from = "shop@example.com";
    msg.to = "ann@example.org";
    msg.subject = "Matrix";
    msg.text = "Hi there.";
    msg.tag = std::to_string(number);
    if (attachment != 0) {
        msg.attach_bytes(std::string(attachment, 'x'), "a.txt");
    }
    return msg;
}

fault_bench::fault_bench()
{
    config_.api_key = "matrix-token";
    config_.host = server_.host();
    config_.port = server_.port();
    config_.tls.ca_file = server_.ca_file();
    config_.pool.max_connections = 1;
    config_.limits.queued_bytes = std::size_t{1024} * 1024 * 1024;
    config_.retry.first_delay = 1ms;
    config_.retry.max_delay = 4ms;
}

fault_bench::result fault_bench::play(cell scenario)
{
    server_.set_faults("");
    config_.retry.attempts = scenario.attempts;
    timeout_settings const patient;
    config_.timeouts = patient;
    if (scenario.silent) {
        config_.timeouts.reply = config_.timeouts.batch_reply = config_.timeouts.write_stall = 300ms;
    }
    config_.coalescing.enabled = scenario.how == way::coalesced;
    postmark::client client{io_, config_};
    result seen;
    if (scenario.kept) {
        client.async_send(numbered_message(0), [&](error_code error, receipt const&) {
            if (error) {
                seen.broken.push_back("the connection to be kept did not come about: " + error.message());
            }
        });
        run();
    }
    server_.clear();

    std::size_t const count = scenario.messages.size();
    seen.outcomes.assign(count, outcome::unknown);
    seen.accepted.assign(count, 0);
    std::vector<int> completions(count, 0);
    auto const take = [&](std::size_t number, receipt const& receipt) {
        ++completions[number];
        seen.outcomes[number] = receipt.outcome;
        if (!agrees(receipt)) {
            seen.broken.push_back("error and outcome do not agree: " + receipt.error.message());
        }
    };

    // Sends are coalesced only while they wait: another call has to occupy the connection.
    bool const occupied = scenario.kept && scenario.how == way::coalesced;
    std::string const when = scenario.once ? R"("when":{"nth":1},)" : "";
    std::string const before = occupied ? R"({"when":{"nth":1},"do":"delay","ms":0},)" : "";
    server_.set_faults(R"({"faults":[)" + before + '{' + when + R"("do":)" + scenario.fault + "}]}");
    if (occupied) {
        // A send with its own headers is not coalesced.
        call_options alone;
        alone.headers.emplace_back("X-Alone", "1");
        client.async_send(numbered_message(count), alone, [&](error_code error, receipt const&) {
            if (error) {
                seen.broken.push_back("the send in front failed: " + error.message());
            }
        });
    }
    if (scenario.how == way::batch) {
        client.async_send_batch(scenario.messages, [&](error_code, std::vector<receipt> receipts) {
            for (std::size_t number = 0; number != receipts.size(); ++number) {
                take(number, receipts[number]);
            }
        });
    } else {
        for (std::size_t number = 0; number != count; ++number) {
            client.async_send(scenario.messages[number],
                              [&, number](error_code, receipt receipt) { take(number, receipt); });
        }
    }
    run();

    // The request of a call that ended without a reply may still be on its way.
    server_.wait_for_messages(scenario.taken + (occupied ? 1 : 0));
    server_.for_each_message([&](sandbox::stored_message const& each) {
        auto const number = std::stoul(each.tag);
        if (number < count) {
            ++seen.accepted[number];
        }
    });
    seen.requests = server_.stats().requests_by_endpoint;
    for (std::size_t number = 0; number != count; ++number) {
        std::size_t const times = seen.accepted[number];
        seen.taken += times;
        std::string const which = "message " + std::to_string(number) + ": ";
        if (completions[number] != 1) {
            seen.broken.push_back(which + std::to_string(completions[number]) + " completions");
        }
        if (times > 1) {
            seen.broken.push_back(which + "accepted twice");
        }
        if (seen.outcomes[number] == outcome::accepted && times == 0) {
            seen.broken.push_back(which + "not accepted, but the client says so");
        }
        if ((seen.outcomes[number] == outcome::rejected || seen.outcomes[number] == outcome::not_sent) && times != 0) {
            seen.broken.push_back(which + "accepted, but the client denies it");
        }
    }
    return seen;
}

void fault_bench::run()
{
    io_.restart();
    io_.run_for(30s);
    if (io_.stopped()) {
        return;
    }
    // A client that hangs ends the program.
    std::cerr << "a call was left without completion\n";
    std::_Exit(1);
}

} // namespace postmark::test

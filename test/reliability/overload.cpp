// SPDX-License-Identifier: BSL-1.0

// Far more sends at once than a slow server can take: what does not fit into the queue is refused at once, memory stays
// within bounds, and every call ends.

#include "command_line.hpp"
#include "process_curve.hpp"
#include "server_process.hpp"

#include <postmark/postmark.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace asio = boost::asio;
using postmark::errc;
using postmark::outcome;

namespace {

struct options {
    std::size_t sends = 100'000;
    std::size_t delay = 2;
    std::size_t queued_requests = postmark::limit_settings{}.queued_requests;
    std::size_t queued_mib = postmark::limit_settings{}.queued_bytes >> 20U;
    std::size_t timeout = 60;
    bool coalesce = false;
};

constexpr std::string_view usage =
    "usage: reliability_overload [--sends N] [--delay MS] [--queued-requests N] [--queued-mib N] [--timeout S]\n"
    "                            [--coalesce]\n"
    "  --sends N            sends that are begun before anything runs\n"
    "  --delay MS           the server waits so long with each reply\n"
    "  --queued-requests N  config::limits.queued_requests\n"
    "  --queued-mib N       config::limits.queued_bytes\n"
    "  --timeout S          config::timeouts.call\n"
    "  --coalesce           config::coalescing.enabled\n";

/// Counts the waiting bytes that the client reports to its observer.
class queue_observer final : public postmark::observer {
public:
    void on_queued(postmark::queued_event const& event) override
    {
        most_waiting = std::max(most_waiting, event.waiting);
        bytes += event.request_bytes;
    }

    std::size_t most_waiting = 0;
    std::size_t bytes = 0;
};

int run(options const& wanted)
{
    postmark::test::server_process server{R"({"faults":[{"do":"delay","ms":)" + std::to_string(wanted.delay) + "}]}"};
    auto const observed = std::make_shared<queue_observer>();
    postmark::config config = server.client_config();
    config.limits.queued_requests = wanted.queued_requests;
    config.limits.queued_bytes = wanted.queued_mib << 20U;
    config.timeouts.call = std::chrono::seconds{wanted.timeout};
    config.coalescing.enabled = wanted.coalesce;
    config.observer = observed;

    std::vector<outcome> reported(wanted.sends, outcome::unknown);
    std::vector<std::uint8_t> completions(wanted.sends, 0);
    std::vector<std::uint8_t> accepted(wanted.sends, 0);
    std::size_t full = 0;
    std::size_t out_of_time = 0;
    std::size_t in_flight = 0;
    std::size_t others = 0;
    std::size_t const descriptors = postmark::test::open_descriptors();
    std::size_t const before = postmark::test::resident_bytes();
    std::size_t most = before;
    std::size_t begun = 0;
    auto const began = std::chrono::steady_clock::now();
    {
        asio::io_context context;
        postmark::client client{context, config};
        asio::post(context, [&] {
            for (std::size_t number = 0; number != wanted.sends; ++number) {
                postmark::message msg;
                msg.to = "user@example.com";
                msg.subject = "Overload";
                msg.text = "Message " + std::to_string(number);
                msg.metadata["n"] = std::to_string(number);
                client.async_send(
                    std::move(msg), [&, number](postmark::error_code error, postmark::receipt const& receipt) {
                        ++completions[number];
                        reported[number] = receipt.outcome;
                        full += error == errc::queue_full ? 1U : 0U;
                        out_of_time += error == errc::timed_out_before_sent ? 1U : 0U;
                        in_flight += error == errc::timed_out_in_flight ? 1U : 0U;
                        others += error && error != errc::queue_full && error != errc::timed_out_before_sent &&
                                          error != errc::timed_out_in_flight
                                      ? 1U
                                      : 0U;
                        if (number % 1000 == 0) {
                            most = std::max(most, postmark::test::resident_bytes());
                        }
                    });
            }
            begun = postmark::test::resident_bytes();
        });
        context.run();
    }
    auto const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    most = std::max(most, begun);

    server.finish([&](auto const& each) { ++accepted.at(each.number); });
    std::size_t lost = 0;
    std::size_t wrong = 0;
    std::size_t taken = 0;
    for (std::size_t number = 0; number != wanted.sends; ++number) {
        lost += completions[number] == 1 ? 0U : 1U;
        std::size_t const times = accepted[number];
        bool const says_yes = reported[number] == outcome::accepted;
        bool const says_no = reported[number] == outcome::not_sent || reported[number] == outcome::rejected;
        taken += says_yes ? 1U : 0U;
        wrong += times > 1 || (says_yes && times == 0) || (says_no && times != 0) ? 1U : 0U;
    }
    std::size_t const leaked = postmark::test::open_descriptors() - descriptors;
    std::size_t const queued = wanted.sends - full;
    double const mib = 1048576;
    double const grown = static_cast<double>(most - before) / mib;

    std::printf("sends %zu, queue of %zu requests and %zu MiB\n", wanted.sends, wanted.queued_requests,
                wanted.queued_mib);
    std::printf("accepted %zu, queue_full %zu, out of time before they left %zu, and in flight %zu, others %zu\n",
                taken, full, out_of_time, in_flight, others);
    std::printf("at most %zu waiting, with %.1f MiB of requests\n", observed->most_waiting,
                static_cast<double>(observed->bytes) / mib);
    std::printf("memory %.1f MiB before, %.1f MiB more at most: %.0f bytes for each of those that wait\n",
                static_cast<double>(before) / mib, grown,
                grown * mib / static_cast<double>(std::max<std::size_t>(queued, 1)));
    std::printf("lost calls %zu, wrong outcomes %zu, descriptors leaked %zu, %.1f s\n", lost, wrong, leaked, seconds);

    // The queue takes what it is configured to take, whichever limit is met first, and no more.
    bool const fits = observed->most_waiting <= wanted.queued_requests && observed->bytes <= (wanted.queued_mib << 20U);
    bool const full_by_count = queued == std::min(wanted.sends, wanted.queued_requests);
    bool const full_by_bytes = full != 0 && observed->bytes + 4096 > (wanted.queued_mib << 20U);
    // What a call needs beside its bytes is bounded, too.
    bool const bounded = most - before < observed->bytes + queued * 1024 + (std::size_t{16} << 20U);
    bool const good = lost + wrong + leaked + others == 0 && fits && (full_by_count || full_by_bytes) && bounded;
    std::printf("%s\n", good ? "nothing was lost, and the queue kept its limits" : "THE LIMITS DID NOT HOLD");
    return good ? 0 : 1;
}

} // namespace

int main(int argc, char** argv)
{
    options wanted;
    postmark::test::parse_options(argc, argv, usage,
                                  {{"--sends", &wanted.sends},
                                   {"--delay", &wanted.delay},
                                   {"--queued-requests", &wanted.queued_requests},
                                   {"--queued-mib", &wanted.queued_mib},
                                   {"--timeout", &wanted.timeout},
                                   {"--coalesce", &wanted.coalesce}});
    return run(wanted);
}

// SPDX-License-Identifier: BSL-1.0

// Faults of the network and the machine beyond those of the matrix: cuts at every byte, peers and look-ups that hang,
// work that could starve other work, and clients that end while several threads call them.

#include "hanging_resolver.hpp"
#include "outcome_fixture.hpp"
#include "reliability/fault_rows.hpp"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <mutex>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(client_effects, *boost::unit_test::timeout(600))

using namespace outcome_test;
using postmark::api_errc;
using postmark::errc;
using postmark::outcome;

namespace {

/// Longer than any reply in this file; a cut after the end counts as one before the last byte.
constexpr int longest_reply = 520;

} // namespace

BOOST_AUTO_TEST_CASE(a_reset_at_any_byte_of_the_reply_makes_the_send_unknown)
{
    for (bool const tls : {true, false}) {
        fixture env{recording(tls)};
        env.connect();
        // Without TLS the bytes of a reply are the bytes on the wire, so that some of them are enough.
        for (int bytes = 0; bytes < longest_reply; bytes += tls ? 1 : 7) {
            BOOST_TEST_CONTEXT("byte " << bytes << (tls ? "" : ", plain"))
            {
                env.server.clear();
                env.play(R"("reset_during_reply","bytes":)" + std::to_string(bytes));
                auto const sent = env.send(mail());
                BOOST_TEST((sent.error == errc::connection_lost), sent.error << ": " << sent.receipt.detail);
                BOOST_TEST(env.server.message_count() == 1U);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_close_at_any_byte_of_the_reply_makes_the_send_unknown)
{
    for (bool const tls : {true, false}) {
        fixture env{recording(tls)};
        env.connect();
        for (int bytes = 0; bytes < longest_reply; bytes += 5) {
            // With and without the alert that ends a TLS session in order.
            for (std::string const more : {"", R"(,"close_notify":false)"}) {
                BOOST_TEST_CONTEXT("byte " << bytes << more << (tls ? "" : ", plain"))
                {
                    env.server.clear();
                    env.play(R"("truncate_reply","bytes":)" + std::to_string(bytes) + more);
                    auto const sent = env.send(mail());
                    BOOST_TEST((sent.error == errc::connection_lost), sent.error << ": " << sent.receipt.detail);
                    BOOST_TEST(env.server.message_count() == 1U);
                }
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_cut_at_any_byte_of_a_batch_reply_makes_the_batch_unknown)
{
    fixture env;
    env.connect();
    for (int bytes = 0; bytes < 800; bytes += 13) {
        for (std::string const action : {"reset_during_reply", "truncate_reply"}) {
            BOOST_TEST_CONTEXT(action << " at byte " << bytes)
            {
                env.server.clear();
                env.play('"' + action + R"(","bytes":)" + std::to_string(bytes));
                auto const sent = env.send_batch(mails(3));
                BOOST_TEST(sent.outcomes() == "unknown*3");
                BOOST_TEST((sent.error == errc::connection_lost));
                BOOST_TEST(env.server.message_count() == 3U);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_reset_at_any_byte_of_a_small_request_makes_it_unknown)
{
    fixture env;
    env.connect();
    // The whole request was in the buffers of the system before the fault.
    for (int bytes = 1; bytes < 160; bytes += 3) {
        for (bool const kept : {false, true}) {
            BOOST_TEST_CONTEXT("byte " << bytes << (kept ? ", kept" : ", fresh"))
            {
                env.server.set_faults("");
                if (kept) {
                    BOOST_TEST((env.send(mail("first")).receipt.outcome == outcome::accepted));
                } else {
                    env.client->close_idle();
                }
                env.server.clear();
                env.play(R"("reset_during_request","bytes":)" + std::to_string(bytes));
                auto const sent = env.send(mail());
                BOOST_TEST((sent.error == errc::connection_lost), sent.error << ": " << sent.receipt.detail);
                BOOST_TEST(env.server.message_count() == 0U);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_reset_in_a_large_request_is_classified_by_the_bytes_sent)
{
    fixture env;
    env.config.limits.queued_bytes = std::size_t{1} << 30U;
    env.connect();
    auto msg = mail();
    msg.attach_bytes(std::string(postmark::test::large_attachment, 'x'), "a.txt");
    for (int const bytes : {1, 1000, 16'384, 500'000, 2'000'000, 5'000'000, 9'000'000, 9'780'000}) {
        BOOST_TEST_CONTEXT("byte " << bytes)
        {
            env.server.clear();
            env.play(R"("reset_during_request","bytes":)" + std::to_string(bytes));
            auto const sent = env.send(msg);
            // Near the end of the request, the rest of it is in the buffers of the two systems.
            bool const near_the_end = bytes > 2'000'000;
            BOOST_TEST((sent.error == errc::write_failed || (near_the_end && sent.error == errc::connection_lost)),
                       sent.error << ": " << sent.receipt.detail);
            BOOST_TEST(env.server.message_count() == 0U);
        }
    }
}

BOOST_AUTO_TEST_CASE(limits_what_it_reads_before_a_reply)
{
    fixture env;
    auto const raw = [](std::string const& text) { return R"("raw","body":")" + text + '"'; };
    std::string interim;
    for (int index = 0; index != 5000; ++index) {
        interim += R"(HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n)";
    }
    struct limit_row {
        std::string_view name;
        std::string action;
        postmark::error_code error;
    };
    std::vector<limit_row> const table{
        {"a head that does not end", raw("HTTP/1.1 200 OK\\r\\nX-A: " + std::string(200'000, 'a')),
         errc::reply_too_large},
        {"a head of many lines", raw([] {
             std::string text = "HTTP/1.1 200 OK\\r\\n";
             for (int index = 0; index != 5000; ++index) {
                 text += "X-A: a\\r\\n";
             }
             return text;
         }()),
         errc::reply_too_large},
        {"a status line that does not end", raw("HTTP/1.1 200 " + std::string(200'000, 'K')), errc::malformed_reply},
        {"chunks without an end",
         raw("HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n100000\\r\\n" + std::string(0x100000, 'x') +
             "\\r\\n100000\\r\\n" + std::string(0x100000, 'x')),
         errc::reply_too_large},
        {"trailers without an end",
         raw("HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\nX-A: " + std::string(200'000, 'a')),
         errc::reply_too_large},
        {"the end of the stream, too late", raw("HTTP/1.1 200 OK\\r\\n\\r\\n" + std::string(2'000'000, 'x')),
         errc::reply_too_large},
    };
    for (auto const& row : table) {
        BOOST_TEST_CONTEXT(row.name)
        {
            env.connect();
            env.play(row.action, R"({"nth":1})");
            auto const sent = env.send(mail());
            BOOST_TEST(sent.error == row.error, sent.error << ": " << sent.receipt.detail);
            BOOST_TEST((env.send(mail()).receipt.outcome == outcome::accepted));
        }
    }
    // Interim replies are skipped, or are too many; they are never the reply to the request.
    env.connect();
    env.play(raw(interim + R"(HTTP/1.1 422 No\r\nContent-Length: 0\r\n\r\n)"), R"({"nth":1})");
    auto const sent = env.send(mail());
    BOOST_TEST((sent.receipt.outcome == outcome::rejected || sent.receipt.outcome == outcome::unknown));
}

BOOST_AUTO_TEST_CASE(reads_trust_anchors_from_a_directory)
{
    fixture env;
    // A file there is found by the hash of its subject.
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> const pem{std::fopen(env.server.ca_file().c_str(), "r"),
                                                              &std::fclose};
    BOOST_TEST_REQUIRE((pem != nullptr));
    std::unique_ptr<X509, void (*)(X509*)> const authority{PEM_read_X509(pem.get(), nullptr, nullptr, nullptr),
                                                           &X509_free};
    BOOST_TEST_REQUIRE((authority != nullptr));
    char name[16];
    std::snprintf(name, sizeof name, "%08lx.0", X509_subject_name_hash(authority.get()));
    auto const folder = std::filesystem::temp_directory_path() / ("postmark-test-trust-" + std::to_string(::getpid()));
    std::filesystem::create_directory(folder);
    std::filesystem::copy_file(env.server.ca_file(), folder / name);
    env.config.tls.ca_file.clear();
    ::setenv("SSL_CERT_DIR", folder.c_str(), 1);
    env.connect();
    ::unsetenv("SSL_CERT_DIR");
    BOOST_TEST((env.send(mail()).receipt.outcome == outcome::accepted));
    // No certificate in the directory covers another server.
    sandbox::server const other;
    env.config.port = other.port();
    ::setenv("SSL_CERT_DIR", folder.c_str(), 1);
    env.connect();
    ::unsetenv("SSL_CERT_DIR");
    BOOST_TEST((env.send(mail()).error == errc::certificate_refused));
    std::filesystem::remove_all(folder);
}

BOOST_AUTO_TEST_CASE(a_hanging_look_up_does_not_delay_a_call)
{
    for (bool const by_deadline : {false, true}) {
        BOOST_TEST_CONTEXT((by_deadline ? "the deadline of the call" : "the time for a look-up"))
        {
            hanging_resolver::hanging_lookup name_server;
            asio::io_context io;
            auto config = settings_for(443);
            config.host = hanging_resolver::name;
            config.https = false;
            config.timeouts.resolve = by_deadline ? 60s : 100ms;
            postmark::client client{io, config};
            postmark::call_options options;
            if (by_deadline) {
                options.timeout = 100ms;
            }
            postmark::error_code error;
            postmark::error_code batch_error;
            bool waited = false;
            int ended = 0;
            // The context cannot end before the look-up does: the last handler releases it.
            auto const last = [&] {
                if (++ended == 2) {
                    waited = name_server.is_waiting();
                    name_server.release();
                }
            };
            client.async_send(mail(), options, [&](postmark::error_code failed, postmark::receipt const& receipt) {
                error = failed;
                BOOST_TEST(receipt.outcome == outcome::not_sent);
                last();
            });
            client.async_send_batch(mails(3), options,
                                    [&](postmark::error_code failed, std::vector<postmark::receipt> const& receipts) {
                                        batch_error = failed;
                                        for (auto const& item : receipts) {
                                            BOOST_TEST(item.outcome == outcome::not_sent);
                                        }
                                        last();
                                    });
            run(io);
            BOOST_TEST(ended == 2);
            BOOST_TEST(waited);
            postmark::error_code const expected = by_deadline ? errc::timed_out_before_sent : errc::resolve_failed;
            BOOST_TEST(error == expected, error);
            BOOST_TEST(batch_error == expected, batch_error);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_hanging_look_up_does_not_delay_destruction)
{
    hanging_resolver::hanging_lookup name_server;
    asio::io_context io;
    auto config = settings_for(443);
    config.host = hanging_resolver::name;
    config.https = false;
    std::optional<postmark::client> client{std::in_place, io, config};
    postmark::error_code error;
    client->async_send(mail(), [&](postmark::error_code failed, postmark::receipt const&) {
        error = failed;
        BOOST_TEST(name_server.is_waiting());
        name_server.release();
    });
    // Only once the look-up is blocked.
    std::thread destroyer{[&, work = asio::make_work_guard(io)] {
        while (!name_server.is_waiting()) {
            std::this_thread::yield();
        }
        asio::post(io, [&] { client.reset(); });
    }};
    run(io);
    destroyer.join();
    BOOST_TEST((error == errc::client_closed));
}

BOOST_FIXTURE_TEST_CASE(a_huge_batch_does_not_starve_single_sends, fixture)
{
    config.pool.max_connections = 1;
    connect();
    constexpr int singles = 5;
    bool batch_ended = false;
    int sent = 0;
    std::uint64_t chunks_before_the_last = 0;
    client->async_send_batch(mails(5000), [&](postmark::error_code error, std::vector<postmark::receipt> const&) {
        BOOST_TEST(!error);
        batch_ended = true;
    });
    for (int index = 0; index != singles; ++index) {
        client->async_send(mail("single"), [&](postmark::error_code error, postmark::receipt const&) {
            BOOST_TEST(!error);
            BOOST_TEST(!batch_ended);
            if (++sent == singles) {
                chunks_before_the_last = server.stats().requests_by_endpoint["/email/batch"];
            }
        });
    }
    run(io);
    BOOST_TEST(sent == singles);
    BOOST_TEST(batch_ended);
    // The two chunks that were sent before the single sends, and the one after the last of these.
    BOOST_TEST(chunks_before_the_last <= 3U);
    BOOST_TEST(server.stats().requests_by_endpoint["/email/batch"] == 10U);
}

BOOST_FIXTURE_TEST_CASE(every_call_completes_once_and_correctly_when_the_client_ends, fixture)
{
    config.pool.max_connections = 4;
    enum class ending { drain, cancel, destruction };
    for (ending const kind : {ending::drain, ending::cancel, ending::destruction}) {
        BOOST_TEST_CONTEXT("ending " << static_cast<int>(kind))
        {
            constexpr std::size_t threads = 3;
            constexpr std::size_t sends_per_thread = 60;
            server.clear();
            // Some requests would never get a reply.
            server.set_faults(R"({"seed":5,"faults":[{"when":{"probability":0.1},"do":"stall"},)"
                              R"({"when":{"probability":0.2},"do":"delay","ms":1}]})");
            std::mutex mutex;
            std::map<std::string, std::vector<outcome>> reported;
            std::promise<void> all_completed;
            std::size_t completed = 0;
            asio::io_context context;
            auto guard = asio::make_work_guard(context);
            std::vector<std::thread> runners;
            for (int index = 0; index != 2; ++index) {
                runners.emplace_back([&] { context.run(); });
            }
            std::optional<postmark::client> mailer{std::in_place, context, config};
            std::vector<std::thread> callers;
            for (std::size_t caller = 0; caller != threads; ++caller) {
                callers.emplace_back([&, caller] {
                    for (std::size_t index = 0; index != sends_per_thread; ++index) {
                        std::string const tag = std::to_string(caller) + '-' + std::to_string(index);
                        mailer->async_send(mail(tag), [&, tag](postmark::error_code, postmark::receipt const& receipt) {
                            std::lock_guard const lock{mutex};
                            reported[tag].push_back(receipt.outcome);
                            if (++completed == threads * sends_per_thread) {
                                all_completed.set_value();
                            }
                        });
                    }
                });
            }
            BOOST_TEST(server.wait_for_requests(5));
            if (kind == ending::drain) {
                mailer->async_drain(1ms, asio::use_future).get();
            }
            // Destruction must not race with calls; drain and cancel may.
            if (kind != ending::drain && kind != ending::cancel) {
                for (auto& caller : callers) {
                    caller.join();
                }
                mailer.reset();
            }
            if (kind == ending::cancel) {
                for (auto& caller : callers) {
                    caller.join();
                }
                mailer->cancel();
            }
            BOOST_TEST((all_completed.get_future().wait_for(30s) == std::future_status::ready));
            for (auto& caller : callers) {
                if (caller.joinable()) {
                    caller.join();
                }
            }
            mailer.reset();
            guard.reset();
            for (auto& runner : runners) {
                runner.join();
            }
            BOOST_TEST(server.wait_until([](auto const& now) { return now.open_connections == 0; }, 10s));
            auto const accepted_by_tag = accepted();
            BOOST_TEST(reported.size() == threads * sends_per_thread);
            for (auto const& [tag, outcomes] : reported) {
                auto const found = accepted_by_tag.find(tag);
                int const times = found == accepted_by_tag.end() ? 0 : found->second;
                BOOST_TEST(outcomes.size() == 1U);
                BOOST_TEST(times <= 1);
                if (outcomes.front() == outcome::accepted) {
                    BOOST_TEST(times == 1);
                }
                if (outcomes.front() == outcome::not_sent || outcomes.front() == outcome::rejected) {
                    BOOST_TEST(times == 0);
                }
            }
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: BSL-1.0

// Every fault of the sandbox, over TLS 1.3 and 1.2, on a fresh and on a kept connection: the receipts are compared with
// the messages that the sandbox has accepted.

#include "outcome_fixture.hpp"
#include "reliability/fault_rows.hpp"

#include <algorithm>

BOOST_AUTO_TEST_SUITE(client_outcome, *boost::unit_test::timeout(900))

using namespace outcome_test;
using postmark::api_errc;
using postmark::errc;
using postmark::outcome;
using postmark::test::fault_rows;
using postmark::test::item_rows;
using postmark::test::large_rows;

namespace {

sandbox::settings recording_with_tls(bool tls12_only)
{
    auto settings = recording();
    settings.tls12_only = tls12_only;
    return settings;
}

/// Checks that no outcome contradicts the sandbox's record.
void check_truth(fixture const& env, std::vector<postmark::receipt> const& receipts)
{
    auto const accepted = env.accepted();
    for (std::size_t index = 0; index != receipts.size(); ++index) {
        auto const found = accepted.find(std::to_string(index));
        int const count = found == accepted.end() ? 0 : found->second;
        switch (receipts[index].outcome) {
        case outcome::accepted:
            BOOST_TEST(count == 1);
            break;
        case outcome::rejected:
        case outcome::not_sent:
            BOOST_TEST(count == 0);
            break;
        case outcome::unknown:
            BOOST_TEST(count <= 1);
            break;
        }
    }
}

void play_matrix(bool tls12_only)
{
    fixture env{recording_with_tls(tls12_only)};
    postmark::timeout_settings const patient;
    for (auto const& row : fault_rows()) {
        for (bool const kept : {false, true}) {
            for (bool const batch : {false, true}) {
                BOOST_TEST_CONTEXT("fault: " << row.name << (kept ? ", kept" : ", fresh")
                                             << (batch ? ", batch" : ", single"))
                {
                    env.server.set_faults("");
                    // The time limit is short only if no reply will arrive; requests before and after it have the usual
                    // limit.
                    bool const silent = row.error == postmark::error_code{errc::timed_out_in_flight};
                    env.config.timeouts.reply = silent && !batch ? 150ms : patient.reply;
                    env.config.timeouts.batch_reply = silent && batch ? 150ms : patient.batch_reply;
                    auto const is_served = [&](std::string const& tag) {
                        auto const receipt = silent && !batch ? env.send_batch({mail(tag)}).receipts.front()
                                                              : env.send(mail(tag)).receipt;
                        return receipt.outcome == outcome::accepted;
                    };
                    env.connect();
                    if (kept) {
                        BOOST_TEST(is_served("first"));
                    }
                    env.server.clear();
                    env.play(row.action);

                    batch_result result;
                    if (batch) {
                        result = env.send_batch(mails(3));
                    } else {
                        auto const sent = env.send(mail("0"));
                        result.error = sent.error;
                        result.receipts = {sent.receipt};
                        if (row.error && !(kept && row.of_connection)) {
                            BOOST_TEST(sent.error == *row.error, sent.error << ": " << sent.receipt.detail);
                        }
                    }
                    bool const works = kept && row.of_connection;
                    std::size_t const count = batch ? 3 : 1;
                    outcome const expected = works ? outcome::accepted : batch ? row.batch : row.single;
                    for (auto const& item : result.receipts) {
                        if (!row.open || works) {
                            BOOST_TEST(item.outcome == expected);
                        }
                    }
                    // For a request without a reply, only this shows that the server has processed it.
                    if (silent) {
                        BOOST_TEST(env.server.wait_for_messages(row.taken || works ? count : 0));
                    }
                    check_truth(env, result.receipts);
                    BOOST_TEST(env.server.message_count() == (row.taken || works ? count : 0));
                    bool const all_accepted = result.outcomes().starts_with("accepted");
                    BOOST_TEST(result.error.failed() != all_accepted);

                    // The next send succeeds whatever the fault was. It uses a new connection: a client cannot
                    // recognise a connection that the server is about to close.
                    env.server.set_faults("");
                    env.client->close_idle();
                    BOOST_TEST(is_served("next"));
                }
            }
        }
    }
}

} // namespace

BOOST_AUTO_TEST_CASE(reports_the_true_outcome_of_every_fault)
{
    play_matrix(false);
}

BOOST_AUTO_TEST_CASE(reports_the_true_outcome_of_every_fault_over_tls_1_2)
{
    play_matrix(true);
}

BOOST_AUTO_TEST_CASE(reports_the_true_outcome_of_every_item_of_a_batch)
{
    fixture env;
    for (auto const& row : item_rows()) {
        BOOST_TEST_CONTEXT("fault: " << row.action)
        {
            env.play(row.action);
            auto const result = env.send_batch(mails(3));
            BOOST_TEST(result.outcomes() == row.expected);
            auto const unknown = std::find_if(result.receipts.begin(), result.receipts.end(),
                                              [](auto const& item) { return item.outcome == outcome::unknown; });
            BOOST_TEST((result.error == (unknown == result.receipts.end() ? postmark::error_code{} : unknown->error)));
        }
    }
}

BOOST_AUTO_TEST_CASE(drops_a_connection_that_cannot_be_trusted)
{
    // `kept` states whether the next send uses the same connection.
    struct connection_row {
        std::string action;
        bool kept;
    };
    std::vector<connection_row> const table{
        {R"("delay","ms":0)", true},
        {R"("chunked","trailers":true)", true},
        {R"("interim")", true},
        {R"("status","status":422,"body":{"ErrorCode":300,"Message":"No."})", true},
        // A gateway replied, not the service.
        {R"("status","status":503)", false},
        {R"("status","status":204)", true},
        {R"("garbage_json")", true},
        {R"("connection_close")", false},
        {R"("status","status":503,"close":true)", false},
        {R"("no_length")", false},
        {R"("extra_bytes","body":"HTTP/1.1 200 OK\r\n\r\n")", false},
        {R"("raw","body":"nonsense\r\n\r\n","keep":true)", false},
        {R"("raw","body":"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}","keep":true)", false},
        {R"("big_reply","bytes":2000000)", false},
    };
    fixture env;
    for (auto const& row : table) {
        BOOST_TEST_CONTEXT("fault: " << row.action)
        {
            env.connect();
            env.play(row.action, R"({"nth":1})");
            env.server.clear();
            env.send(mail("0"));
            BOOST_TEST((env.send(mail("1")).receipt.outcome == outcome::accepted));
            auto const requests = env.server.requests();
            BOOST_TEST_REQUIRE(requests.size() == 2U);
            BOOST_TEST((requests[0].connection == requests[1].connection) == row.kept);
        }
    }
}

BOOST_AUTO_TEST_CASE(notices_that_an_idle_connection_was_closed)
{
    for (std::string const more : {"", R"(,"close_notify":false)", R"(,"reset":true)"}) {
        fixture env;
        env.play(R"("close_when_idle")" + more, R"({"nth":1})");
        BOOST_TEST((env.send(mail("0")).receipt.outcome == outcome::accepted));
        BOOST_TEST_REQUIRE(env.server.wait_until([](auto const& now) { return now.open_connections == 0; }, 10s));
        // The closed connection costs no attempt: there is only one.
        BOOST_TEST((env.send(mail("1")).receipt.outcome == outcome::accepted));
        BOOST_TEST(env.server.stats().connections == 2U);
    }
    fixture env;
    BOOST_TEST((env.send(mail("0")).receipt.outcome == outcome::accepted));
    env.server.close_idle_connections();
    BOOST_TEST_REQUIRE(env.server.wait_until([](auto const& now) { return now.open_connections == 0; }, 10s));
    BOOST_TEST(env.send_batch(mails(2)).outcomes() == "accepted*2");
}

BOOST_AUTO_TEST_CASE(knows_that_a_large_request_was_not_sent_whole)
{
    fixture env;
    env.config.timeouts.write_stall = 300ms;
    env.config.limits.queued_bytes = 1024u * 1024 * 1024;
    auto const huge = [](std::string tag) {
        auto msg = mail(std::move(tag));
        msg.attach_bytes(std::string(postmark::test::large_attachment, 'x'), "a.txt");
        return msg;
    };
    for (auto const& row : large_rows()) {
        // The sandbox continues to read after its early reply. client_wire tests such replies with a peer that stops
        // reading.
        if (row.if_it_left) {
            continue;
        }
        for (bool const kept : {false, true}) {
            BOOST_TEST_CONTEXT("fault: " << row.action << (kept ? ", kept" : ", fresh"))
            {
                env.server.set_faults("");
                env.connect();
                if (kept) {
                    BOOST_TEST((env.send(mail("first")).receipt.outcome == outcome::accepted));
                }
                env.server.clear();
                env.play(row.action);
                auto const single = env.send(huge("0"));
                BOOST_TEST(single.receipt.outcome == row.expected, single.error << ": " << single.receipt.detail);
                BOOST_TEST((single.error == row.error), single.error << ": " << single.receipt.detail);
                BOOST_TEST(env.server.message_count() == (row.expected == outcome::accepted ? 1U : 0U));
            }
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

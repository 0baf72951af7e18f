// SPDX-License-Identifier: BSL-1.0

// One exchange on a stream that plays a script, so that each of its steps can be made to fail in turn.

#include "transport/exchange.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstring>
#include <deque>
#include <functional>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

BOOST_AUTO_TEST_SUITE(transport_exchange)

using namespace postmark::transport;
using namespace std::chrono_literals;
using postmark::errc;

namespace {

constexpr std::string_view accepted = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
time_point const start_time{1h};

/// Takes and gives bytes as its script says.
class scripted_stream {
public:
    /// How many bytes the socket takes at each write, after which it is full; nothing: it takes the rest.
    std::deque<std::size_t> takes;
    /// What lies in the socket. Empty text: it would block. None left: it would block.
    std::deque<std::string> arrived;
    /// The number of the write, from 0, that fails.
    std::optional<std::size_t> failing_write;
    /// Ends the stream when everything that arrived was read.
    std::optional<boost::system::error_code> end;
    peer_state peer = peer_state::silent;
    bool silent = true;
    bool encrypted = false;
    bool only_tickets = true;
    /// The text of a failed write cannot be had for want of memory.
    bool has_no_memory = false;

    std::size_t looks = 0;
    std::size_t writes = 0;
    std::string sent;

    void begin_write(std::string_view bytes) { request_ = bytes; }
    void drop_request() { request_ = {}; }
    write_status write(bool& progressed)
    {
        if (failing_write == writes++) {
            error_ = "broken pipe";
            return write_status::failed;
        }
        std::size_t size = request_.size();
        if (!takes.empty()) {
            size = std::min(size, takes.front());
            takes.pop_front();
        }
        sent += request_.substr(0, size);
        request_.remove_prefix(size);
        progressed = size != 0;
        return request_.empty() ? write_status::done : write_status::blocked;
    }
    write_status flush() { return write_status::done; }
    [[nodiscard]] bool has_output() const { return false; }
    [[nodiscard]] std::string const& write_error() const
    {
        if (has_no_memory) {
            throw std::bad_alloc{};
        }
        return error_;
    }
    [[nodiscard]] std::string const& read_error() const { return error_; }

    read_status commit(std::size_t size, reply_parser& parser)
    {
        switch (parser.commit(size)) {
        case reply_parser::status::incomplete:
            return read_status::incomplete;
        case reply_parser::status::complete:
            return read_status::complete;
        case reply_parser::status::malformed:
            return read_status::malformed;
        case reply_parser::status::too_large:
            break;
        }
        return read_status::too_large;
    }
    read_status receive(reply_parser& parser, boost::system::error_code& error)
    {
        if (!arrived.empty() && !arrived.front().empty()) {
            std::string const piece = std::move(arrived.front());
            arrived.pop_front();
            std::memcpy(parser.prepare(piece.size()), piece.data(), piece.size());
            return commit(piece.size(), parser);
        }
        error = end.value_or(boost::asio::error::would_block);
        return end ? read_status::error : read_status::would_block;
    }
    [[nodiscard]] bool skip_tickets() const { return only_tickets; }
    [[nodiscard]] bool is_silent() const { return silent; }
    [[nodiscard]] bool is_encrypted() const { return encrypted; }
    peer_state look()
    {
        ++looks;
        return peer;
    }

private:
    std::string_view request_;
    std::string error_;
};

struct exchange_fixture {
    scripted_stream stream;
    peer_traits traits;
    basic_exchange<scripted_stream> exchange{stream, traits, 5s};
    std::uint64_t number = 0;

    std::optional<failure> start(bool after_idling = false)
    {
        return exchange.start({.number = ++number,
                               .bytes = "POST /email",
                               .reply_limit = 1000,
                               .reply_timeout = 2s,
                               .after_idling = after_idling},
                              start_time);
    }

    exchange_outcome receive(std::string_view bytes)
    {
        std::memcpy(exchange.parser().prepare(bytes.size()), bytes.data(), bytes.size());
        return exchange.on_received(bytes.size());
    }

    /// One exchange that works, so that the next one is not the first.
    void exchange_once()
    {
        BOOST_TEST(!start());
        BOOST_TEST(std::holds_alternative<reply>(receive(accepted)));
    }
};

void check_failed(exchange_outcome const& outcome, errc error, bool written)
{
    failure const* const failed = std::get_if<failure>(&outcome);
    BOOST_REQUIRE(failed != nullptr);
    BOOST_TEST((failed->error == error), failed->detail);
    BOOST_TEST(failed->written == written);
    BOOST_TEST(!failed->not_started);
}

void check_replied(exchange_outcome const& outcome, bool written, bool reusable)
{
    reply const* const complete = std::get_if<reply>(&outcome);
    BOOST_REQUIRE(complete != nullptr);
    BOOST_TEST(complete->status == 200U);
    BOOST_TEST(complete->body == "{}");
    BOOST_TEST(complete->written == written);
    BOOST_TEST(complete->reusable == reusable);
}

} // namespace

BOOST_FIXTURE_TEST_CASE(writes_a_request_and_reads_its_reply, exchange_fixture)
{
    stream.takes = {4, 3};
    BOOST_TEST(!start());
    BOOST_TEST(exchange.wants_writable());
    BOOST_TEST(!exchange.is_written());
    BOOST_TEST((exchange.deadline() == start_time + 5s));
    exchange.on_writable();
    BOOST_TEST(exchange.wants_writable());
    exchange.on_writable();
    BOOST_TEST(!exchange.wants_writable());
    BOOST_TEST(exchange.is_written());
    BOOST_TEST(stream.sent == "POST /email");
    BOOST_TEST((receive(accepted.substr(0, 10)).index() == 0));
    check_replied(receive(accepted.substr(10)), true, true);
    BOOST_TEST(!exchange.is_active());
    BOOST_TEST((exchange.deadline() == time_point::max()));
}

BOOST_AUTO_TEST_CASE(each_step_that_fails_is_judged_by_what_was_written)
{
    // The steps of an exchange: three writes, then two receives. Whatever goes wrong at one of them, the last byte
    // decides.
    enum class fault { end, reset, time_limit, expiry, not_http, too_large };
    for (std::size_t step = 0; step != 5; ++step) {
        for (fault const kind :
             {fault::end, fault::reset, fault::time_limit, fault::expiry, fault::not_http, fault::too_large}) {
            BOOST_TEST_CONTEXT("step " << step << ", fault " << static_cast<int>(kind))
            {
                exchange_fixture fixture;
                fixture.stream.takes = {4, 3};
                BOOST_TEST(!fixture.start());
                for (std::size_t done = 0; done != std::min<std::size_t>(step, 2); ++done) {
                    fixture.exchange.on_writable();
                }
                if (step > 2) {
                    BOOST_TEST((fixture.receive("HTTP/1.1 200 OK\r\nContent-").index() == 0));
                }
                if (step > 3) {
                    BOOST_TEST((fixture.receive("Length: 2\r\n\r\n{").index() == 0));
                }
                bool const written = step >= 2;
                BOOST_TEST(fixture.exchange.is_written() == written);
                // Where the socket stays full.
                fixture.stream.takes.assign(10, 0);
                exchange_outcome outcome;
                errc expected = errc::connection_lost;
                switch (kind) {
                case fault::end:
                    outcome = fixture.exchange.on_receive_error(boost::asio::error::eof);
                    break;
                case fault::reset:
                    outcome = fixture.exchange.on_receive_error(boost::asio::error::connection_reset);
                    break;
                case fault::time_limit:
                    outcome = fixture.exchange.on_timeout(time_point::max());
                    expected = errc::timed_out_in_flight;
                    break;
                case fault::expiry:
                    outcome = fixture.exchange.expire();
                    expected = errc::timed_out_in_flight;
                    break;
                case fault::not_http:
                    outcome = fixture.receive(step > 2 ? "}\r\n\r\n" : "SSH-2.0\r\n\r\n");
                    expected = errc::malformed_reply;
                    break;
                case fault::too_large:
                    outcome = fixture.receive(step > 2 ? "}" : "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n");
                    expected = errc::reply_too_large;
                    break;
                }
                if ((kind == fault::not_http || kind == fault::too_large) && step == 4) {
                    // The bytes complete the reply.
                    BOOST_TEST(std::holds_alternative<reply>(outcome));
                } else if (kind == fault::too_large && step == 3) {
                    BOOST_TEST((outcome.index() == 0));
                } else {
                    check_failed(outcome, written ? expected : errc::write_failed, written);
                    BOOST_TEST(!fixture.exchange.is_active());
                }
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(each_write_that_fails_waits_for_a_reply_that_may_be_there)
{
    for (std::size_t failing = 0; failing != 3; ++failing) {
        for (bool const replies : {true, false}) {
            BOOST_TEST_CONTEXT("write " << failing << (replies ? ", reply" : ", end"))
            {
                exchange_fixture fixture;
                fixture.stream.takes = {4, 3};
                fixture.stream.failing_write = failing;
                BOOST_TEST(!fixture.start());
                for (std::size_t done = 0; done != failing; ++done) {
                    fixture.exchange.on_writable();
                }
                BOOST_TEST(fixture.exchange.is_active());
                BOOST_TEST(!fixture.exchange.wants_writable());
                if (replies) {
                    check_replied(fixture.receive(accepted), false, false);
                    continue;
                }
                auto const outcome = fixture.exchange.on_receive_error(boost::asio::error::connection_reset);
                check_failed(outcome, errc::write_failed, false);
                BOOST_TEST(std::get<failure>(outcome).detail == "broken pipe");
            }
        }
    }
}

BOOST_FIXTURE_TEST_CASE(a_failure_is_reported_also_where_its_text_finds_no_memory, exchange_fixture)
{
    stream.takes = {4};
    stream.failing_write = 1;
    BOOST_TEST(!start());
    exchange.on_writable();
    stream.has_no_memory = true;
    failure const failed = exchange.fail_with(errc::cancelled_in_flight, "cancelled");
    BOOST_TEST((failed.error == errc::write_failed));
    BOOST_TEST(!failed.written);
    BOOST_TEST(failed.detail == "cancelled");
    BOOST_TEST(!exchange.is_active());
}

BOOST_FIXTURE_TEST_CASE(a_reply_before_the_last_byte_says_so, exchange_fixture)
{
    stream.takes = {4};
    BOOST_TEST(!start());
    check_replied(receive(accepted), false, false);
}

// ---------------------------------------------------------------------------------------------------------------------
// A request is written only on a connection that is known to be silent

BOOST_AUTO_TEST_CASE(what_came_before_a_request_is_not_its_reply)
{
    for (peer_state const peer : {peer_state::talking, peer_state::ended}) {
        exchange_fixture fixture;
        fixture.stream.peer = peer;
        auto const failed = fixture.start();
        BOOST_REQUIRE(failed.has_value());
        BOOST_TEST(failed->not_started);
        BOOST_TEST(!failed->written);
        BOOST_TEST((failed->error == errc::write_failed));
        BOOST_TEST(fixture.stream.writes == 0U);
        // A first request says nothing about how the service ends connections after a reply.
        BOOST_TEST(!fixture.traits.ends_unannounced());
    }
}

BOOST_FIXTURE_TEST_CASE(a_connection_is_looked_at_where_it_may_not_be_silent, exchange_fixture)
{
    // Always before the first and the second request.
    exchange_once();
    exchange_once();
    BOOST_TEST(stream.looks == 2U);
    // Then only for a reason: none,
    exchange_once();
    BOOST_TEST(stream.looks == 2U);
    // a receive that filled its buffer, or a record that has begun,
    stream.silent = false;
    exchange_once();
    BOOST_TEST(stream.looks == 3U);
    stream.silent = true;
    // a pause,
    BOOST_TEST(!start(true));
    BOOST_TEST(std::holds_alternative<reply>(receive(accepted)));
    BOOST_TEST(stream.looks == 4U);
    // a service that ends connections without saying so.
    traits.note_unannounced_end();
    exchange_once();
    BOOST_TEST(stream.looks == 5U);
}

BOOST_FIXTURE_TEST_CASE(only_requests_that_were_written_count, exchange_fixture)
{
    // The scheduler also counts exchanges that had nothing to send.
    number = 2;
    exchange_once();
    BOOST_TEST(stream.looks == 1U);
    number = 7;
    exchange_once();
    BOOST_TEST(stream.looks == 2U);
    exchange_once();
    BOOST_TEST(stream.looks == 2U);
}

BOOST_AUTO_TEST_CASE(an_end_in_place_of_the_first_request_or_reply_is_not_remembered)
{
    for (bool const looks : {true, false}) {
        exchange_fixture fixture;
        // Earlier exchanges had nothing to send.
        fixture.number = 2;
        if (looks) {
            fixture.stream.peer = peer_state::ended;
            BOOST_TEST(fixture.start().has_value());
        } else {
            BOOST_TEST(!fixture.start());
            check_failed(fixture.exchange.on_receive_error(boost::asio::error::eof), errc::connection_lost, true);
        }
        BOOST_TEST(!fixture.traits.ends_unannounced());
    }
}

BOOST_AUTO_TEST_CASE(only_an_end_right_after_a_reply_is_remembered)
{
    struct row {
        peer_state peer;
        bool after_idling;
        bool remembered;
    };
    for (row const& entry : {row{peer_state::ended, false, true}, row{peer_state::ended, true, false},
                             row{peer_state::talking, false, false}}) {
        exchange_fixture fixture;
        fixture.exchange_once();
        fixture.stream.peer = entry.peer;
        BOOST_TEST(fixture.start(entry.after_idling).has_value());
        BOOST_TEST(fixture.traits.ends_unannounced() == entry.remembered);
    }
    // The end in place of a reply.
    exchange_fixture fixture;
    fixture.exchange_once();
    BOOST_TEST(!fixture.start());
    check_failed(fixture.exchange.on_receive_error(boost::asio::error::eof), errc::connection_lost, true);
    BOOST_TEST(fixture.traits.ends_unannounced());
}

BOOST_AUTO_TEST_CASE(bytes_after_a_reply_end_the_connection)
{
    exchange_fixture plain;
    BOOST_TEST(!plain.start());
    check_replied(plain.receive(std::string{accepted} + "H"), true, false);
    exchange_fixture encrypted;
    encrypted.stream.only_tickets = false;
    BOOST_TEST(!encrypted.start());
    check_replied(encrypted.receive(accepted), true, false);
}

// ---------------------------------------------------------------------------------------------------------------------
// Time

BOOST_AUTO_TEST_CASE(what_lies_in_the_socket_came_in_time)
{
    for (bool const expires : {false, true}) {
        for (std::size_t const size : {1U, 7U, 1000U}) {
            exchange_fixture fixture;
            BOOST_TEST(!fixture.start());
            for (std::size_t at = 0; at < accepted.size(); at += size) {
                fixture.stream.arrived.emplace_back(accepted.substr(at, size));
            }
            auto const outcome = expires ? fixture.exchange.expire() : fixture.exchange.on_timeout(time_point::max());
            check_replied(outcome, true, !expires);
        }
    }
}

BOOST_FIXTURE_TEST_CASE(a_part_of_a_reply_is_late, exchange_fixture)
{
    BOOST_TEST(!start());
    stream.arrived = {std::string{accepted.substr(0, accepted.size() - 1)}};
    check_failed(exchange.on_timeout(time_point::max()), errc::timed_out_in_flight, true);
}

BOOST_FIXTURE_TEST_CASE(an_end_that_lies_in_the_socket_is_read_too, exchange_fixture)
{
    BOOST_TEST(!start());
    stream.arrived = {"HTTP/1.0 200 OK\r\n\r\n{}"};
    stream.end = boost::asio::error::eof;
    check_replied(exchange.on_timeout(time_point::max()), true, false);
}

BOOST_FIXTURE_TEST_CASE(a_socket_that_was_writable_all_the_time_has_not_stalled, exchange_fixture)
{
    stream.takes = {4};
    BOOST_TEST(!start());
    BOOST_TEST((exchange.on_timeout(start_time + 6s).index() == 0));
    BOOST_TEST(exchange.is_written());
    BOOST_TEST((exchange.deadline() == start_time + 8s));
    check_replied(receive(accepted), true, true);
}

BOOST_FIXTURE_TEST_CASE(nothing_is_written_after_a_call_has_run_out_of_time, exchange_fixture)
{
    stream.takes = {4};
    BOOST_TEST(!start());
    check_failed(exchange.expire(), errc::write_failed, false);
    BOOST_TEST(stream.sent == "POST");
}

// ---------------------------------------------------------------------------------------------------------------------
// The end of the stream

BOOST_AUTO_TEST_CASE(only_an_end_that_can_be_trusted_delimits_a_reply)
{
    for (bool const encrypted : {false, true}) {
        exchange_fixture fixture;
        fixture.stream.encrypted = encrypted;
        BOOST_TEST(!fixture.start());
        BOOST_TEST((fixture.receive("HTTP/1.1 200 OK\r\n\r\n{}").index() == 0));
        auto const outcome = fixture.exchange.on_receive_error(boost::asio::error::eof);
        if (encrypted) {
            check_failed(outcome, errc::connection_lost, true);
        } else {
            check_replied(outcome, true, false);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

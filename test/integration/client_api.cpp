// SPDX-License-Identifier: BSL-1.0

// Every endpoint other than those for sending: its replies and its refusals.

#include "outcome_fixture.hpp"

#include <boost/json.hpp>

BOOST_AUTO_TEST_SUITE(client_api, *boost::unit_test::timeout(300))

using namespace outcome_test;
using postmark::api_errc;
using postmark::errc;
using postmark::outcome;
namespace json = boost::json;

namespace {

struct api_fixture : fixture {
    /// Sends mail that bounces: one hard bounce, two soft ones.
    void bounce()
    {
        auto msg = mail("news", "HardBounce@bounce-testing.postmarkapp.com");
        hard_message_id = send(msg).receipt.message_id;
        msg.to = "soft_bounce@bounce-testing.postmarkapp.com";
        send(msg);
        msg.tag = "other";
        send(msg);
    }

    std::int64_t id_of(std::string const& type)
    {
        postmark::get_bounces query;
        query.type = type;
        auto const page = call(query);
        BOOST_TEST_REQUIRE(!page.reply.bounces.empty());
        return page.reply.bounces.front().id;
    }

    std::string hard_message_id;
};

template <class Reply>
void check_refusal(call_result<Reply> const& result, api_errc code, unsigned status)
{
    BOOST_TEST((result.error == code));
    BOOST_TEST((result.error == postmark::condition::rejected));
    BOOST_TEST(result.reply.api_code == static_cast<int>(code));
    BOOST_TEST(result.reply.http_status == status);
    BOOST_TEST(!result.reply.detail.empty());
}

template <class Reply>
void check_success(call_result<Reply> const& result)
{
    BOOST_TEST(!result.error, result.error << ": " << result.reply.detail);
    BOOST_TEST(result.reply.api_code == 0);
    BOOST_TEST(result.reply.http_status == 200U);
}

/// A request that is not part of the library.
struct search_reply : postmark::api_reply {
    search_reply() = default;
    bool read(std::string_view text)
    {
        boost::system::error_code error;
        auto const value = json::parse({text.data(), text.size()}, error);
        auto const* object = error ? nullptr : value.if_object();
        auto const* total = object ? object->if_contains("TotalCount") : nullptr;
        if (!total || !total->is_int64()) {
            return false;
        }
        total_count = total->as_int64();
        return true;
    }
    std::int64_t total_count = -1;
};

struct search {
    using reply_type = search_reply;
    search() = default;
    [[nodiscard]] postmark::api_request prepare() const
    {
        return {postmark::http_method::get,
                "/messages/outbound?count=10&offset=0&tag=" + postmark::percent_encode(tag)};
    }
    std::string tag;
};

/// A reply that accepts any text.
struct raw_reply : postmark::api_reply {
    raw_reply() = default;
    bool read(std::string_view text)
    {
        body = text;
        return true;
    }
    std::string body;
};

struct raw_call {
    using reply_type = raw_reply;
    explicit raw_call(postmark::api_request value)
        : request{std::move(value)}
    {
    }
    [[nodiscard]] postmark::api_request prepare() const { return request; }
    postmark::api_request request;
};

/// A reply whose `read` throws.
template <class Thrown>
struct throwing_reply : postmark::api_reply {
    throwing_reply() = default;
    bool read(std::string_view text)
    {
        body = text;
        throw Thrown{};
    }
    std::string body;
};

struct exception : std::exception {
    [[nodiscard]] char const* what() const noexcept override { return "not to my liking"; }
};

template <class Thrown>
struct throwing_call {
    using reply_type = throwing_reply<Thrown>;
    throwing_call() = default;
    [[nodiscard]] postmark::api_request prepare() const { return {postmark::http_method::get, "/deliverystats"}; }
};

/// A reply that appends to its earlier content, and accepts only the last part.
struct growing_reply : postmark::api_reply {
    growing_reply() = default;
    bool read(std::string_view text)
    {
        parts.emplace_back(text);
        return text.find("last") != std::string_view::npos;
    }
    std::vector<std::string> parts;
};

struct growing_call {
    using reply_type = growing_reply;
    growing_call() = default;
    [[nodiscard]] postmark::api_request prepare() const { return {postmark::http_method::get, "/deliverystats"}; }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(lists_bounces, api_fixture)
{
    bounce();
    auto const page = call(postmark::get_bounces{10});
    check_success(page);
    BOOST_TEST(page.reply.total_count >= 3);
    auto const listed = [&](auto change) {
        postmark::get_bounces query;
        change(query);
        auto const result = call(query);
        check_success(result);
        BOOST_TEST(static_cast<std::size_t>(result.reply.total_count) == result.reply.bounces.size());
        return result.reply.bounces;
    };
    auto const hard = listed([&](auto& query) { query.message_id = hard_message_id; });
    BOOST_TEST_REQUIRE(hard.size() == 1U);
    BOOST_TEST(hard[0].type == "HardBounce");
    BOOST_TEST(hard[0].type_code == 1);
    BOOST_TEST(hard[0].email == "hardbounce@bounce-testing.postmarkapp.com");
    BOOST_TEST(hard[0].from == "shop@example.com");
    BOOST_TEST(hard[0].subject == "Hello");
    BOOST_TEST(hard[0].tag == "news");
    BOOST_TEST(hard[0].inactive);
    BOOST_TEST(hard[0].can_activate);
    BOOST_TEST(hard[0].dump_available);
    BOOST_TEST(hard[0].message_stream == "outbound");
    BOOST_TEST((hard[0].bounced_at > std::chrono::system_clock::now() - 1h));
    BOOST_TEST(listed([](auto& query) { query.tag = "news"; }).size() == 2U);
    BOOST_TEST(listed([](auto& query) {
                   query.type = "SoftBounce";
                   query.tag = "other";
               }).size() == 1U);
    BOOST_TEST(listed([](auto& query) { query.email_filter = "hardbounce@"; }).size() == 1U);
    BOOST_TEST(listed([](auto& query) { query.tag = "no such tag & more"; }).empty());
    auto const first = call(postmark::get_bounces{1});
    BOOST_TEST(first.reply.bounces.size() == 1U);
    BOOST_TEST(first.reply.total_count == page.reply.total_count);
    auto const second = call(postmark::get_bounces{1, 1});
    BOOST_TEST(second.reply.bounces.front().id != first.reply.bounces.front().id);
    auto const too_long = call(postmark::get_bounces{501});
    BOOST_TEST((too_long.error == errc::invalid_message));
    BOOST_TEST(too_long.reply.detail == "count: expected 1 to 500");
}

BOOST_FIXTURE_TEST_CASE(shows_and_activates_a_bounce, api_fixture)
{
    bounce();
    auto const id = id_of("HardBounce");
    auto const shown = call(postmark::get_bounce{id});
    check_success(shown);
    BOOST_TEST(shown.reply.bounce.id == id);
    BOOST_TEST(shown.reply.bounce.message_id == hard_message_id);
    auto const dump = call(postmark::get_bounce_dump{id});
    check_success(dump);
    BOOST_TEST(dump.reply.body.find("Undelivered") != std::string::npos);

    auto const again = mail("again", "HardBounce@bounce-testing.postmarkapp.com");
    BOOST_TEST((send(again).error == api_errc::inactive_recipient));
    auto const activated = call(postmark::activate_bounce{id});
    check_success(activated);
    BOOST_TEST(!activated.reply.message.empty());
    BOOST_TEST(activated.reply.bounce.id == id);
    BOOST_TEST(!activated.reply.bounce.inactive);
    BOOST_TEST(!send(again).error);

    check_refusal(call(postmark::get_bounce{9'223'372'036'854'775'807}), api_errc::bounce_not_found, 422);
    check_refusal(call(postmark::get_bounce_dump{std::int64_t{1} << 40}), api_errc::bounce_not_found, 422);
    check_refusal(call(postmark::activate_bounce{1}), api_errc::bounce_not_found, 422);
}

BOOST_FIXTURE_TEST_CASE(some_bounces_cannot_be_activated, api_fixture)
{
    // The sandbox starts with bounces of every kind; some of them cannot be activated.
    auto const page = call(postmark::get_bounces{500});
    bool seen = false;
    for (auto const& entry : page.reply.bounces) {
        if (entry.can_activate) {
            continue;
        }
        seen = true;
        check_refusal(call(postmark::activate_bounce{entry.id}), api_errc::bounce_not_activatable, 422);
        break;
    }
    if (!seen) {
        play(R"("status","status":422,"body":{"ErrorCode":1003,"Message":"Not this one."})");
        check_refusal(call(postmark::activate_bounce{1}), api_errc::bounce_not_activatable, 422);
    }
}

BOOST_FIXTURE_TEST_CASE(counts_bounces_and_lists_tags, api_fixture)
{
    bounce();
    auto const tags = call(postmark::get_bounce_tags{});
    check_success(tags);
    BOOST_TEST((std::find(tags.reply.tags.begin(), tags.reply.tags.end(), "news") != tags.reply.tags.end()));
    auto const stats = call(postmark::get_delivery_stats{});
    check_success(stats);
    BOOST_TEST(stats.reply.inactive_mails >= 1);
    bool hard = false;
    for (auto const& entry : stats.reply.bounces) {
        hard = hard || (entry.type == "HardBounce" && entry.count >= 1 && !entry.name.empty());
    }
    BOOST_TEST(hard);
}

BOOST_FIXTURE_TEST_CASE(shows_the_events_of_a_message, api_fixture)
{
    auto msg = mail("detailed");
    msg.to = {postmark::mailbox{"ann@example.org", "Ann"}, "bob@example.org"};
    msg.cc = "cc@example.org";
    msg.metadata = {{"order", "17"}};
    msg.attach_bytes("x", "a.txt");
    auto const id = send(msg).receipt.message_id;
    auto const details = call(postmark::get_outbound_message_details{id});
    check_success(details);
    BOOST_TEST(details.reply.message_id == id);
    BOOST_TEST(details.reply.subject == "Hello");
    BOOST_TEST(details.reply.tag == "detailed");
    BOOST_TEST(details.reply.to.size() == 2U);
    BOOST_TEST(details.reply.cc.size() == 1U);
    BOOST_TEST(details.reply.recipients.size() == 3U);
    BOOST_TEST((details.reply.metadata == msg.metadata));
    BOOST_TEST((details.reply.attachments == std::vector<std::string>{"a.txt"}));
    BOOST_TEST(details.reply.text == "Hi there.");
    for (std::string const unknown : {"00000000-0000-0000-0000-000000000000", "a/b?c=d&e#f", "ü", "../email"}) {
        auto const missing = call(postmark::get_outbound_message_details{unknown});
        check_refusal(missing, api_errc::message_not_found, 422);
    }
    auto const requests = server.stats().requests;
    for (std::string const impossible : {"", ".", ".."}) {
        auto const refused = call(postmark::get_outbound_message_details{impossible});
        BOOST_TEST((refused.error == errc::invalid_message));
        BOOST_TEST(refused.reply.detail.starts_with("message_id: "), refused.reply.detail);
    }
    BOOST_TEST(server.stats().requests == requests);
}

BOOST_FIXTURE_TEST_CASE(the_named_functions_are_the_same_calls, api_fixture)
{
    bounce();
    auto const id = id_of("HardBounce");
    int completions = 0;
    auto const expect = [&](unsigned status) {
        return [&completions, status](postmark::error_code error, auto reply) {
            ++completions;
            BOOST_TEST(error.failed() == (status != 200));
            BOOST_TEST(reply.http_status == status);
        };
    };
    postmark::call_options options;
    options.headers = {{"X-Trace", "1"}};
    client->async_get_bounces(postmark::get_bounces{5}, expect(200));
    client->async_get_bounce(id, options, expect(200));
    client->async_get_bounce_dump(id, expect(200));
    client->async_get_bounce_tags(expect(200));
    client->async_get_delivery_stats(options, expect(200));
    client->async_get_outbound_message_details(hard_message_id, expect(200));
    client->async_get_outbound_message_details("none", expect(422));
    client->async_activate_bounce(id, expect(200));
    run(io);
    BOOST_TEST(completions == 8);
}

BOOST_FIXTURE_TEST_CASE(throws_call_error, api_fixture)
{
    connect();
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
            bool thrown = false;
            try {
                co_await client->async_get_outbound_message_details("none");
            } catch (postmark::call_error const& error) {
                thrown = true;
                BOOST_TEST((error.code() == api_errc::message_not_found));
                BOOST_TEST(error.api_code() == 701);
                BOOST_TEST(!error.detail().empty());
            }
            BOOST_TEST(thrown);
            auto const stats = co_await client->async_get_delivery_stats();
            BOOST_TEST(stats.http_status == 200U);
        },
        [](std::exception_ptr error) {
            if (error) {
                std::rethrow_exception(error);
            }
        });
    run(io);
}

BOOST_FIXTURE_TEST_CASE(fills_the_reply_on_every_failure, api_fixture)
{
    struct failure_row {
        std::string action;
        postmark::error_code error;
        unsigned status;
        int code;
    };
    std::vector<failure_row> const table{
        {R"("status","status":404)", errc::http_refused, 404, 0},
        {R"("status","status":404,"body":{"ErrorCode":12,"Message":"No."})", api_errc::bulk_request_not_found, 404, 12},
        {R"("status","status":401,"body":{"ErrorCode":10,"Message":"No."})", api_errc::bad_token, 401, 10},
        {R"("status","status":500,"body":{"ErrorCode":101,"Message":"No."})", errc::server_error, 500, 101},
        {R"("status","status":503,"body":{"ErrorCode":100,"Message":"No."})", api_errc::maintenance, 503, 100},
        {R"("status","status":429)", api_errc::rate_limit_exceeded, 429, 0},
        {R"("status","status":200,"body":{"ErrorCode":701,"Message":"No."})", api_errc::message_not_found, 200, 701},
        {R"("status","status":204)", errc::server_error, 204, 0},
        {R"("status","status":302)", errc::server_error, 302, 0},
        {R"("garbage_json")", errc::malformed_reply, 200, 0},
        {R"("not_object")", errc::malformed_reply, 200, 0},
        {R"("not_object","body":"[]")", errc::malformed_reply, 200, 0},
        {R"("status","status":200,"body":"")", errc::malformed_reply, 200, 0},
        {R"("truncate_reply")", errc::connection_lost, 0, 0},
        {R"("reset_after_request")", errc::connection_lost, 0, 0},
        {R"("close_after_request")", errc::connection_lost, 0, 0},
        {R"("raw","body":"x\n\n")", errc::malformed_reply, 0, 0},
        {R"("big_reply","bytes":17000000)", errc::reply_too_large, 0, 0},
    };
    for (auto const& row : table) {
        for (bool const kept : {false, true}) {
            BOOST_TEST_CONTEXT(row.action << (kept ? ", kept" : ", fresh"))
            {
                server.set_faults("");
                connect();
                if (kept) {
                    check_success(call(postmark::get_delivery_stats{}));
                }
                play(row.action);
                auto const result = call(postmark::get_delivery_stats{});
                BOOST_TEST(result.error == row.error, result.error << ": " << result.reply.detail);
                BOOST_TEST(result.reply.http_status == row.status);
                BOOST_TEST(result.reply.api_code == row.code);
                BOOST_TEST(!result.reply.detail.empty());
            }
        }
    }
}

BOOST_FIXTURE_TEST_CASE(ignores_unknown_members_and_values, api_fixture)
{
    connect();
    play(R"("status","status":200,"body":{"New":{"Deep":[1,{"ErrorCode":5}]},"InactiveMails":7,"Bounces":[
        {"Name":"All","Count":3,"Newer":null},{"Type":"HardBounce","Count":2},{}]})");
    auto const stats = call(postmark::get_delivery_stats{});
    BOOST_TEST(stats.reply.inactive_mails == 7);
    // A large reply within the limit is read.
    play(R"("big_reply","bytes":15000000)");
    check_success(call(postmark::get_delivery_stats{}));
    play(R"("status","status":200,"body":{})");
    check_success(call(postmark::get_delivery_stats{}));
}

BOOST_FIXTURE_TEST_CASE(names_the_field_that_is_wrong, api_fixture)
{
    config.retry.attempts = 1;
    connect();
    play(R"("status","status":200,"body":{"TotalCount":4,"Bounces":[{},{},{},{"TypeCode":[]}]})");
    auto const wrong = call(postmark::get_bounces{10});
    BOOST_TEST((wrong.error == errc::malformed_reply));
    BOOST_TEST(wrong.reply.detail == "Bounces[3].TypeCode: expected a number");
    BOOST_TEST(wrong.reply.http_status == 200U);
    BOOST_TEST(wrong.reply.bounces.empty());
    auto const longer = call(postmark::get_bounces{3});
    BOOST_TEST((longer.error == errc::malformed_reply));
    BOOST_TEST(longer.reply.detail == "Bounces: expected at most 3 elements");
}

BOOST_FIXTURE_TEST_CASE(keeps_the_body_of_a_reply_on_request, api_fixture)
{
    connect();
    postmark::call_options options;
    options.keep_raw = true;
    auto const raw_of = [&](auto request) {
        std::string raw;
        client->async_call(std::move(request), options, [&](postmark::error_code, auto reply) { raw = reply.raw; });
        run(io);
        return raw;
    };
    BOOST_TEST((json::parse(raw_of(postmark::get_delivery_stats{})).as_object().contains("InactiveMails")));
    BOOST_TEST(raw_of(postmark::get_bounce{1}).find("ErrorCode") != std::string::npos);
    BOOST_TEST(raw_of(search{}).find("TotalCount") != std::string::npos);
    play(R"("status","status":200,"body":"<html>")");
    BOOST_TEST(raw_of(postmark::get_delivery_stats{}) == "<html>");
    server.set_faults("");
    BOOST_TEST(call(postmark::get_delivery_stats{}).reply.raw == "");
}

BOOST_FIXTURE_TEST_CASE(sends_user_defined_requests, api_fixture)
{
    send(mail("a & b"));
    send(mail("c"));
    search query;
    query.tag = "a & b";
    auto const found = call(query);
    check_success(found);
    BOOST_TEST(found.reply.total_count == 1);
    // A reply type may refuse the body.
    play(R"("status","status":200,"body":{"Total":1})");
    BOOST_TEST((call(query).error == errc::malformed_reply));
    server.set_faults("");

    // A mail as a user-defined request; a POST without a body; a call with the account token.
    json::object const by_hand{{"From", "shop@example.com"}, {"To", "x@example.org"}, {"TextBody", "x"}};
    postmark::api_request post{postmark::http_method::post, "/email", json::serialize(by_hand)};
    post.repeatable = false;
    auto const posted = call(raw_call{post});
    check_success(posted);
    BOOST_TEST(posted.reply.body.find("MessageID") != std::string::npos);
    auto const lost = call(raw_call{postmark::api_request{postmark::http_method::get, "/no/such/path"}});
    BOOST_TEST((lost.error == errc::http_refused));
    BOOST_TEST(lost.reply.http_status == 404U);
    auto const wrong = call(raw_call{postmark::api_request{postmark::http_method::delete_, "/email"}});
    BOOST_TEST(wrong.reply.http_status == 405U);

    postmark::api_request account{postmark::http_method::put, "/email"};
    account.token = postmark::token_kind::account;
    auto const no_key = call(raw_call{account});
    BOOST_TEST((no_key.error == errc::invalid_configuration));
    BOOST_TEST(no_key.reply.detail.find("account_key") != std::string::npos);
    config.account_key = "account-token";
    connect();
    server.clear();
    for (auto const method : {postmark::http_method::put, postmark::http_method::post, postmark::http_method::patch}) {
        account.method = method;
        call(raw_call{account});
    }
    auto const requests = server.requests();
    BOOST_TEST_REQUIRE(requests.size() == 3U);
    std::string seen;
    for (auto const& request : requests) {
        seen += request.method + ": ";
        for (auto const& line : request.headers) {
            if (line.name == "X-Postmark-Account-Token" || line.name == "X-Postmark-Server-Token" ||
                line.name == "Content-Length") {
                seen += line.name + '=' + line.value + ' ';
            }
        }
    }
    BOOST_TEST(seen == "PUT: X-Postmark-Account-Token=account-token Content-Length=0 "
                       "POST: X-Postmark-Account-Token=account-token Content-Length=0 "
                       "PATCH: X-Postmark-Account-Token=account-token Content-Length=0 ");
}

BOOST_FIXTURE_TEST_CASE(a_reply_type_that_throws_fails_its_call, api_fixture)
{
    auto const thrown = call(throwing_call<exception>{});
    BOOST_TEST((thrown.error == errc::malformed_reply));
    BOOST_TEST(thrown.reply.detail.find("not to my liking") != std::string::npos, thrown.reply.detail);
    BOOST_TEST(thrown.reply.body.empty());
    // An exception need not be derived from `std::exception`.
    auto const odd = call(throwing_call<int>{});
    BOOST_TEST((odd.error == errc::malformed_reply));
    BOOST_TEST(!odd.reply.detail.empty());
    check_success(call(postmark::get_delivery_stats{}));
    BOOST_TEST((send(mail()).receipt.outcome == outcome::accepted));
}

BOOST_FIXTURE_TEST_CASE(a_reply_is_read_as_if_new, api_fixture)
{
    config.retry.attempts = 2;
    connect();
    server.set_faults(R"({"faults":[
        {"do":"status","status":200,"body":"first","when":{"nth":1}},
        {"do":"status","status":200,"body":"last","when":{"nth":2}}]})");
    auto const repeated = call(growing_call{});
    check_success(repeated);
    BOOST_TEST(repeated.reply.parts == std::vector<std::string>{"last"}, boost::test_tools::per_element());
    BOOST_TEST(server.stats().requests == 2U);

    // A partly read body is discarded; the members that every reply has are still filled.
    play(R"("status","status":200,"body":"first")");
    auto const failed = call(growing_call{});
    BOOST_TEST((failed.error == errc::malformed_reply));
    BOOST_TEST(failed.reply.parts.empty());
    BOOST_TEST(failed.reply.http_status == 200U);
}

BOOST_FIXTURE_TEST_CASE(refuses_invalid_targets, api_fixture)
{
    for (std::string const target : {"", "email", "/a b", "/a\r\nX: y", "/a#b", "/\xc3\xbc", "http://example.org/",
                                     "/messages/outbound/../details", "/bounces/%2E%2e?count=1", "/./email"}) {
        auto const result = call(raw_call{postmark::api_request{postmark::http_method::get, target}});
        BOOST_TEST((result.error == errc::invalid_message), target);
    }
    BOOST_TEST(server.stats().connections == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

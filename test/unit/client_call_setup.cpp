// SPDX-License-Identifier: BSL-1.0

#include "client/call_setup.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(client_call_setup)

using namespace postmark::detail;
using namespace std::chrono_literals;
using postmark::call_options;
using postmark::config;
using postmark::errc;
using postmark::http_method;
using postmark::message;
using postmark::secret;
using postmark::token_kind;
using postmark::scheduler::time_point;

namespace {

class fake_operation final : public operation {
public:
    std::string_view prepare(postmark::protocol::request_bytes&) override { return {}; }
    postmark::scheduler::reply_status interpret(postmark::transport::reply const&) override { return {}; }
    void fail(errc, std::string const&) override {}
    postmark::error_code result() const noexcept override { return {}; }
    void complete(std::unique_ptr<operation>) override {}
};

config with_token()
{
    config settings;
    settings.api_key = secret{"own-token"};
    return settings;
}

struct setup_fixture {
    [[nodiscard]] std::uint64_t token_id(call_options const& options, token_kind kind = token_kind::server) const
    {
        fake_operation op;
        setup.prepare(op, call_kind::single_send, options, kind, now);
        return op.policy.token_id;
    }

    [[nodiscard]] std::string head(call_options const& options) const
    {
        std::string storage;
        return std::string{setup.head_of(send_endpoint::plain, options, storage)};
    }

    /// Checks that the options are refused, and that the reason begins like this.
    void check_refused(call_options const& options, errc error, std::string_view reason) const
    {
        input_error const found = setup.check(options, token_kind::server);
        BOOST_TEST((found.error == error));
        BOOST_TEST(found.text.starts_with(reason), found.text);
    }

    config settings = with_token();
    call_setup setup{settings};
    time_point const now = time_point{} + 1h;
};

bool contains(std::string_view text, std::string_view part)
{
    return text.find(part) != std::string_view::npos;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_timeout_ends_between_now_and_a_year)
{
    time_point const now = time_point{} + 1h;
    BOOST_TEST((deadline_after(5s, now) == now + 5s));
    BOOST_TEST((deadline_after(-5s, now) == now));
    BOOST_TEST((deadline_after(std::chrono::milliseconds::max(), now) == now + std::chrono::hours{24 * 365}));
    BOOST_TEST((deadline_after(std::chrono::milliseconds::min(), now) == now));
}

BOOST_AUTO_TEST_CASE(a_message_is_small_up_to_four_kibibytes)
{
    message msg;
    msg.text = "short";
    BOOST_TEST(is_small(msg));
    msg.html.assign(5000, 'x');
    BOOST_TEST(!is_small(msg));
    message with_file;
    with_file.attach_bytes("x", "a.txt");
    BOOST_TEST(!is_small(with_file));
}

BOOST_FIXTURE_TEST_CASE(options_without_fault_are_accepted, setup_fixture)
{
    BOOST_TEST(!setup.check({}, token_kind::server));
    call_options options;
    options.api_key = secret{"other"};
    options.headers = {{"X-Trace", "17"}};
    options.retry = postmark::retry_settings{};
    BOOST_TEST(!setup.check(options, token_kind::server));
}

BOOST_FIXTURE_TEST_CASE(options_that_cannot_be_sent_are_refused, setup_fixture)
{
    call_options options;
    options.api_key = secret{""};
    check_refused(options, errc::invalid_configuration, "api_key: ");
    options.api_key = secret{"a\nb"};
    check_refused(options, errc::invalid_configuration, "api_key: ");
    options = {};
    options.headers = {{"X-Trace", "a\r\nb"}};
    check_refused(options, errc::invalid_message, "the value of the header");
    options.headers = {{"Host", "example.org"}};
    check_refused(options, errc::invalid_message, "the header \"Host\"");
    options = {};
    options.retry = postmark::retry_settings{};
    options.retry->attempts = 0;
    check_refused(options, errc::invalid_configuration, "retry.attempts: ");
    options.retry->attempts = 1;
    options.retry->first_delay = -1ms;
    check_refused(options, errc::invalid_configuration, "retry: ");
    options.retry->first_delay = 1ms;
    options.retry->max_delay = std::chrono::hours{24 * 366};
    check_refused(options, errc::invalid_configuration, "retry: ");
    BOOST_TEST((setup.check({}, token_kind::account).error == errc::invalid_configuration));
}

BOOST_AUTO_TEST_CASE(without_a_token_no_call_works_but_one_that_brings_its_own)
{
    config const settings;
    call_setup const setup{settings};
    BOOST_TEST((setup.check({}, token_kind::server).error == errc::invalid_configuration));
    call_options own;
    own.api_key = secret{"own"};
    BOOST_TEST(!setup.check(own, token_kind::server));
    call_options test;
    test.test_api = true;
    BOOST_TEST(!setup.check(test, token_kind::server));
}

BOOST_FIXTURE_TEST_CASE(calls_with_another_token_are_paused_apart, setup_fixture)
{
    BOOST_TEST(token_id({}) == 0U);
    call_options same;
    same.api_key = secret{"own-token"};
    BOOST_TEST(token_id(same) == 0U);
    call_options other;
    other.api_key = secret{"other"};
    BOOST_TEST(token_id(other) != 0U);
    BOOST_TEST(token_id(other) == token_id(other));
    call_options test;
    test.test_api = true;
    BOOST_TEST(token_id(test) != 0U);
    BOOST_TEST(token_id({}, token_kind::account) != 0U);
}

BOOST_FIXTURE_TEST_CASE(the_kind_of_a_call_sets_its_limits, setup_fixture)
{
    call_limits const single = setup.limits_of(call_kind::single_send);
    BOOST_TEST((single.call_timeout == settings.timeouts.call));
    BOOST_TEST((single.reply_timeout == settings.timeouts.reply));
    BOOST_TEST(single.reply_bytes == settings.limits.reply_bytes);
    call_limits const chunk = setup.limits_of(call_kind::batch_chunk);
    BOOST_TEST((chunk.call_timeout == settings.timeouts.batch_call));
    BOOST_TEST((chunk.reply_timeout == settings.timeouts.batch_reply));
    BOOST_TEST(chunk.reply_bytes == settings.limits.large_reply_bytes);
    call_limits const api_call = setup.limits_of(call_kind::api_call);
    BOOST_TEST((api_call.call_timeout == settings.timeouts.call));
    BOOST_TEST(api_call.reply_bytes == settings.limits.large_reply_bytes);
}

BOOST_FIXTURE_TEST_CASE(options_take_precedence_over_the_configuration, setup_fixture)
{
    fake_operation op;
    setup.prepare(op, call_kind::single_send, {}, token_kind::server, now);
    BOOST_TEST((op.policy.deadline == now + settings.timeouts.call));
    BOOST_TEST(op.policy.retry.attempts == settings.retry.attempts);
    BOOST_TEST(op.reply_limit == settings.limits.reply_bytes);
    BOOST_TEST((op.reply_timeout == settings.timeouts.reply));
    call_options options;
    options.timeout = 3s;
    options.retry = postmark::retry_settings{};
    options.retry->attempts = 9;
    setup.prepare(op, call_kind::single_send, options, token_kind::server, now);
    BOOST_TEST((op.policy.deadline == now + 3s));
    BOOST_TEST(op.policy.retry.attempts == 9U);
}

BOOST_FIXTURE_TEST_CASE(calls_without_options_share_a_head, setup_fixture)
{
    std::string storage;
    std::string_view const shared = setup.head_of(send_endpoint::plain, {}, storage);
    BOOST_TEST(storage.empty());
    BOOST_TEST((shared.data() == setup.head_of(send_endpoint::plain).data()));
    BOOST_TEST(shared.starts_with("POST /email HTTP/1.1\r\n"));
    BOOST_TEST(contains(shared, "X-Postmark-Server-Token: own-token\r\n"));
    BOOST_TEST(setup.head_of(send_endpoint::template_batch).starts_with("POST /email/batchWithTemplates HTTP/1.1\r\n"));
    // A timeout is no part of the request.
    call_options later;
    later.timeout = 3s;
    BOOST_TEST((setup.head_of(send_endpoint::plain, later, storage).data() == shared.data()));
}

BOOST_FIXTURE_TEST_CASE(options_change_the_head_of_their_call, setup_fixture)
{
    call_options options;
    options.api_key = secret{"other"};
    options.headers = {{"X-Trace", "17"}};
    std::string const changed = head(options);
    BOOST_TEST(contains(changed, "X-Postmark-Server-Token: other\r\n"));
    BOOST_TEST(!contains(changed, "own-token"));
    BOOST_TEST(contains(changed, "X-Trace: 17\r\n"));
    call_options test;
    test.test_api = true;
    BOOST_TEST(contains(head(test), "X-Postmark-Server-Token: POSTMARK_API_TEST\r\n"));
    std::string const account = setup.make_head(http_method::get, "/servers", {}, token_kind::account, false);
    BOOST_TEST(contains(account, "X-Postmark-Account-Token: "));
    BOOST_TEST(!contains(account, "Content-Type"));
}

BOOST_AUTO_TEST_CASE(only_calls_without_options_are_coalesced)
{
    config settings = with_token();
    settings.coalescing.enabled = true;
    call_setup const setup{settings};
    BOOST_TEST(setup.may_coalesce({}));
    call_options options;
    options.timeout = 3s;
    BOOST_TEST(setup.may_coalesce(options));
    options.retry = postmark::retry_settings{};
    BOOST_TEST(!setup.may_coalesce(options));
    options = {};
    options.headers = {{"X-Trace", "17"}};
    BOOST_TEST(!setup.may_coalesce(options));
    settings.coalescing.enabled = false;
    BOOST_TEST(!setup.may_coalesce({}));
}

BOOST_AUTO_TEST_CASE(stamps_are_unique)
{
    config settings = with_token();
    settings.stamp_messages = true;
    call_setup setup{settings};
    std::string const first = setup.make_stamp({});
    std::string const second = setup.make_stamp({});
    BOOST_TEST(first.size() == 33U);
    BOOST_TEST(first != second);
    BOOST_TEST(first.substr(0, 17) == second.substr(0, 17));
    setup.renew_stamps();
    BOOST_TEST(setup.make_stamp({}).substr(0, 17) != first.substr(0, 17));
    settings.stamp_messages = false;
    BOOST_TEST(setup.make_stamp({}) == "");
}

BOOST_AUTO_TEST_CASE(a_message_that_would_inject_a_header_is_refused_in_any_case)
{
    for (bool const verify : {false, true}) {
        config settings = with_token();
        settings.verify_messages = verify;
        settings.default_sender = "shop@example.com";
        call_setup const setup{settings};
        message msg;
        msg.to = "ann@example.org";
        msg.subject = "Subject";
        msg.text = "Text";
        BOOST_TEST(!setup.check(msg));
        msg.subject = "Subject\r\nBcc: bob@example.org";
        BOOST_TEST((setup.check(msg).error == errc::invalid_message));
        // Only verification finds that no recipient is left.
        message nobody;
        nobody.text = "Text";
        BOOST_TEST(static_cast<bool>(setup.check(nobody)) == verify);
    }
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: BSL-1.0

#include "model/errc_table.hpp"

#include <postmark/error.hpp>
#include <postmark/secret.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <sstream>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(model_errors)

namespace {

using postmark::api_errc;
using postmark::condition;
using postmark::errc;

template <class T>
std::string printed(T const& value)
{
    std::ostringstream stream;
    stream << value;
    return stream.str();
}

struct expectation {
    postmark::error_code error;
    postmark::outcome outcome;
    bool retryable = false;
    bool unauthorized = false;
};

using postmark::outcome;

std::vector<expectation> const expectations = {
    {errc::invalid_message, outcome::not_sent},
    {errc::invalid_configuration, outcome::not_sent},
    {errc::no_trust_anchors, outcome::not_sent},
    {errc::queue_full, outcome::not_sent, true},
    {errc::resolve_failed, outcome::not_sent, true},
    {errc::connect_failed, outcome::not_sent, true},
    {errc::proxy_refused, outcome::not_sent, false},
    {errc::handshake_failed, outcome::not_sent, true},
    {errc::certificate_refused, outcome::not_sent},
    {errc::write_failed, outcome::not_sent, true},
    {errc::timed_out_before_sent, outcome::not_sent, true},
    {errc::cancelled_before_sent, outcome::not_sent},
    {errc::client_closed, outcome::not_sent},
    {errc::connection_lost, outcome::unknown},
    {errc::timed_out_in_flight, outcome::unknown},
    {errc::cancelled_in_flight, outcome::unknown},
    {errc::malformed_reply, outcome::unknown},
    {errc::reply_too_large, outcome::unknown},
    {errc::item_count_mismatch, outcome::unknown},
    {errc::server_error, outcome::unknown},
    {errc::http_refused, outcome::rejected},
    {api_errc::bad_token, outcome::rejected, false, true},
    {api_errc::inactive_recipient, outcome::rejected},
    {api_errc::invalid_email_request, outcome::rejected},
    {api_errc::rate_limit_exceeded, outcome::rejected, true},
    {api_errc::maintenance, outcome::rejected, true},
    {static_cast<api_errc>(987654), outcome::rejected},
};

} // namespace

BOOST_AUTO_TEST_CASE(every_error_belongs_to_exactly_one_outcome)
{
    for (auto const& [error, outcome, retryable, unauthorized] : expectations) {
        BOOST_TEST_CONTEXT(error.to_string() << ' ' << error.message())
        {
            BOOST_TEST((error == condition::rejected) == (outcome == postmark::outcome::rejected));
            BOOST_TEST((error == condition::not_sent) == (outcome == postmark::outcome::not_sent));
            BOOST_TEST((error == condition::outcome_unknown) == (outcome == postmark::outcome::unknown));
            BOOST_TEST((error == condition::retryable) == retryable);
            BOOST_TEST((error == condition::unauthorized) == unauthorized);
            BOOST_TEST(error.failed());
        }
    }
}

/// Whether a number is an enumerator of `errc`. The compiler warns if one is missing here.
bool is_errc(int value)
{
    switch (static_cast<errc>(value)) {
    case errc::invalid_message:
    case errc::invalid_configuration:
    case errc::no_trust_anchors:
    case errc::queue_full:
    case errc::resolve_failed:
    case errc::connect_failed:
    case errc::proxy_refused:
    case errc::handshake_failed:
    case errc::certificate_refused:
    case errc::write_failed:
    case errc::timed_out_before_sent:
    case errc::cancelled_before_sent:
    case errc::client_closed:
    case errc::connection_lost:
    case errc::timed_out_in_flight:
    case errc::cancelled_in_flight:
    case errc::malformed_reply:
    case errc::reply_too_large:
    case errc::item_count_mismatch:
    case errc::server_error:
    case errc::http_refused:
        return true;
    }
    return false;
}

BOOST_AUTO_TEST_CASE(every_number_that_is_an_error_has_one_outcome_and_a_text)
{
    std::size_t rows = 0;
    for (int value = -10; value < 1000; ++value) {
        auto const* const row = postmark::model::find_errc(value);
        postmark::error_code const error = static_cast<errc>(value);
        int const outcomes =
            (error == condition::rejected) + (error == condition::not_sent) + (error == condition::outcome_unknown);
        BOOST_TEST((row != nullptr) == is_errc(value), value);
        BOOST_TEST(outcomes == (is_errc(value) ? 1 : 0), value);
        BOOST_TEST((error.message() == "Postmark error " + std::to_string(value)) == (!is_errc(value) && value != 0));
        if (row != nullptr) {
            ++rows;
            BOOST_TEST((postmark::model::outcome_of(row->error) == row->outcome));
            BOOST_TEST((error == condition::retryable) == row->retryable);
            // An error after which the client repeats a call is retryable for the program as well.
            BOOST_TEST((!row->passing || (row->retryable && row->outcome == outcome::not_sent)));
        }
    }
    // Every enumerator is among the expectations above.
    BOOST_TEST(rows == static_cast<std::size_t>(std::ranges::count_if(expectations, [](expectation const& item) {
                   return item.error.category() == postmark::error_category();
               })));
    BOOST_TEST((postmark::model::outcome_of(static_cast<errc>(99)) == outcome::unknown));
    BOOST_TEST(!postmark::model::is_passing(static_cast<errc>(99)));
}

BOOST_AUTO_TEST_CASE(success_and_foreign_errors_meet_no_condition)
{
    std::array const conditions{condition::rejected, condition::not_sent, condition::outcome_unknown,
                                condition::unauthorized, condition::retryable};
    for (auto const wanted : conditions) {
        BOOST_TEST((postmark::error_code{} != wanted));
        BOOST_TEST((postmark::error_code{api_errc::ok} != wanted));
        BOOST_TEST((postmark::error_code{10, boost::system::generic_category()} != wanted));
        BOOST_TEST((postmark::error_code{1, boost::system::system_category()} != wanted));
    }
    BOOST_TEST(!postmark::error_code{api_errc::ok}.failed());
}

BOOST_AUTO_TEST_CASE(categories_have_names_and_texts)
{
    BOOST_TEST(postmark::error_category().name() == "postmark");
    BOOST_TEST(postmark::api_category().name() == "postmark.api");
    BOOST_TEST(postmark::condition_category().name() == "postmark.condition");

    for (auto const& item : expectations) {
        if (item.error.value() != 987654) {
            BOOST_TEST(item.error.message().find("Postmark error") == std::string::npos);
        }
    }
    BOOST_TEST(make_error_code(static_cast<api_errc>(987654)).message() == "Postmark error 987654");
    BOOST_TEST(make_error_code(static_cast<errc>(99)).message() == "Postmark error 99");

    std::array<char, 64> buffer{};
    BOOST_TEST(postmark::api_category().message(987654, buffer.data(), buffer.size()) == "Postmark error 987654");
    BOOST_TEST(postmark::api_category().message(10, buffer.data(), 0) ==
               make_error_code(api_errc::bad_token).message());
}

BOOST_AUTO_TEST_CASE(what_contains_neither_addresses_nor_texts_of_the_service)
{
    postmark::receipt receipt;
    receipt.outcome = outcome::rejected;
    receipt.error = api_errc::inactive_recipient;
    receipt.api_code = 406;
    receipt.to = "ann@example.org";
    receipt.detail = "Found inactive addresses: ann@example.org.";

    postmark::send_error const error{receipt};
    BOOST_TEST(error.code() == receipt.error);
    BOOST_TEST(error.api_code() == 406);
    BOOST_TEST(error.detail() == receipt.detail);
    BOOST_TEST(error.receipt().to == receipt.to);
    BOOST_TEST(std::string{error.what()}.find("ann@") == std::string::npos);
    BOOST_TEST(std::string{error.what()}.find("Found") == std::string::npos);
    BOOST_TEST(std::string{error.what()}.find("every recipient is suppressed") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_names_the_fault_of_a_configuration)
{
    // Without the text of the problem the message would not name the setting; these texts are the library's own.
    for (auto const code : {errc::invalid_configuration, errc::no_trust_anchors}) {
        postmark::receipt receipt;
        receipt.outcome = outcome::not_sent;
        receipt.error = code;
        receipt.detail = "timeouts.reply: must be positive";
        std::string const begin = receipt.detail + ": " + receipt.error.message();
        BOOST_TEST(std::string{postmark::send_error{receipt}.what()}.starts_with(begin));
        postmark::call_error const of_call{code, 0, receipt.detail};
        BOOST_TEST(std::string{of_call.what()}.starts_with(begin));
        postmark::batch_error const of_batch{code, {receipt}};
        BOOST_TEST(std::string{of_batch.what()}.starts_with(begin));
    }
    // The other exceptions contain the text of the code only.
    postmark::call_error const other{errc::connection_lost, 0, "connection reset by peer"};
    BOOST_TEST(other.what() == boost::system::system_error{errc::connection_lost}.what());
    BOOST_TEST(std::string{other.what()}.starts_with(postmark::error_code{errc::connection_lost}.message()));
}

BOOST_AUTO_TEST_CASE(batch_error_describes_the_first_receipt_with_its_error)
{
    std::vector<postmark::receipt> receipts(3);
    receipts[0].error = api_errc::invalid_email_request;
    receipts[0].api_code = 300;
    receipts[1].error = errc::server_error;
    receipts[1].api_code = 101;
    receipts[1].detail = "first";
    receipts[2].error = errc::server_error;
    receipts[2].detail = "second";

    postmark::batch_error const error{errc::server_error, receipts};
    BOOST_TEST(error.api_code() == 101);
    BOOST_TEST(error.detail() == "first");
    BOOST_TEST(error.receipts().size() == 3u);
    BOOST_TEST(std::string{error.what()}.find("first") == std::string::npos);

    postmark::batch_error const without{errc::queue_full, {}};
    BOOST_TEST(without.api_code() == 0);
    BOOST_TEST(without.detail() == "");
}

BOOST_AUTO_TEST_CASE(printing)
{
    BOOST_TEST(printed(outcome::accepted) == "accepted");
    BOOST_TEST(printed(outcome::rejected) == "rejected");
    BOOST_TEST(printed(outcome::not_sent) == "not_sent");
    BOOST_TEST(printed(outcome::unknown) == "unknown");
    BOOST_TEST(printed(postmark::secret{"token"}) == "***");
    BOOST_TEST(printed(postmark::secret{}) == "***");
}

BOOST_AUTO_TEST_SUITE_END()

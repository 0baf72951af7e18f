// SPDX-License-Identifier: BSL-1.0

#include "protocol_reply_fixture.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

using namespace postmark;
using namespace postmark::protocol;
using namespace postmark::protocol::test;

BOOST_AUTO_TEST_SUITE(protocol_read_batch_reply)

BOOST_AUTO_TEST_CASE(batch_items)
{
    batch sent{9};
    std::string const body =
        "[" + std::string{accepted_body} +
        R"(,{"ErrorCode":406,"Message":"Found inactive addresses: a@x.example. Inactive recipients"})"
        R"(,null,{},{"ErrorCode":0,"Message":"OK"},{"MessageID":"late"},[{"MessageID":"id"}],"id",)"
        R"({"ErrorCode":1.5,"MessageID":"id","To":"x"}])";
    BOOST_TEST((sent.read(200, body) == reply_class::accepted));
    auto const& receipts = sent.receipts;
    BOOST_TEST(receipts[0].outcome == outcome::accepted);
    BOOST_TEST(receipts[0].message_id == accepted_id);
    BOOST_TEST(receipts[0].detail == "OK");
    BOOST_TEST((receipts[0].submitted_at != std::chrono::system_clock::time_point{}));
    BOOST_TEST(receipts[1].outcome == outcome::rejected);
    BOOST_TEST((receipts[1].error == api_errc::inactive_recipient));
    BOOST_TEST(receipts[1].api_code == 406);
    BOOST_TEST((receipts[1].suppressed == addresses{"a@x.example"}));
    BOOST_TEST(receipts[5].outcome == outcome::accepted);
    BOOST_TEST(receipts[5].message_id == "late");
    for (std::size_t const index : {2u, 3u, 4u, 6u, 7u, 8u}) {
        BOOST_TEST_CONTEXT("item " << index)
        {
            BOOST_TEST(receipts[index].outcome == outcome::unknown);
            BOOST_TEST((receipts[index].error == errc::malformed_reply));
            BOOST_TEST(receipts[index].to.empty());
        }
    }
}

BOOST_AUTO_TEST_CASE(batch_items_of_every_wrong_type)
{
    for (std::string_view const item : {"null", "true", "false", "1", "-1", "18446744073709551615", "1.5", "\"\"", "[]",
                                        "[[]]", "[{\"MessageID\":\"x\"}]", "{}"}) {
        batch sent{3};
        std::string const body = R"([{"MessageID":"first"},)" + std::string{item} + R"(,{"MessageID":"third"}])";
        BOOST_TEST((sent.read(200, body) == reply_class::accepted));
        BOOST_TEST(sent.receipts[0].message_id == "first");
        BOOST_TEST((sent.receipts[1].error == errc::malformed_reply), item);
        BOOST_TEST(sent.receipts[2].message_id == "third");
    }
}

BOOST_AUTO_TEST_CASE(batch_items_are_independent)
{
    batch sent{3};
    BOOST_TEST((sent.read(200, R"([{"MessageID":"id","To":"a","ErrorCode":300,"Message":"m"},{},{"ErrorCode":0}])") ==
                reply_class::accepted));
    BOOST_TEST(sent.receipts[1].to.empty());
    BOOST_TEST(sent.receipts[1].api_code == 0);
    BOOST_TEST((sent.receipts[2].error == errc::malformed_reply));
}

BOOST_AUTO_TEST_CASE(batch_replies_with_a_wrong_count)
{
    for (std::string_view const body : {
             R"([])",
             R"([{"MessageID":"1"}])",
             R"([{"MessageID":"1"},{"MessageID":"2"},{"MessageID":"3"}])",
             R"([{"MessageID":"1"},{"ErrorCode":300},null,null])",
         }) {
        batch sent{2};
        BOOST_TEST((sent.read(200, body) == reply_class::unknown));
        for (auto const& result : sent.receipts) {
            BOOST_TEST((result.error == errc::item_count_mismatch), body);
            BOOST_TEST(result.message_id.empty());
            BOOST_TEST(result.api_code == 0);
        }
    }
}

BOOST_AUTO_TEST_CASE(batch_replies_that_are_not_arrays)
{
    for (std::string_view const body : {
             "",
             "{}",
             "null",
             "[",
             "]",
             "OK",
             R"({"ErrorCode":300,"Message":"no"})",
             R"({"MessageID":"id","x":[{"MessageID":"1"},{"MessageID":"2"}]})",
             R"({"x":{"MessageID":"1"},"y":{"MessageID":"2"}})",
             R"([{"MessageID":"1"},{"MessageID":"2"}] x)",
             R"([{"MessageID":"1"},{"MessageID":"2"})",
             R"([{"MessageID":"1"},{"MessageID":"2"},])",
         }) {
        batch sent{2};
        BOOST_TEST((sent.read(200, body) == reply_class::unknown));
        for (auto const& result : sent.receipts) {
            BOOST_TEST((result.error == errc::malformed_reply), body);
        }
    }
}

BOOST_AUTO_TEST_CASE(batches_with_one_reply_for_all_messages)
{
    struct whole {
        unsigned status;
        std::string_view body;
        reply_class found;
        postmark::error_code error;
        int code;
    };
    for (whole const& expected : {
             whole{422, R"({"ErrorCode":410,"Message":"many"})", reply_class::split, api_errc::too_many_batch_messages,
                   410},
             whole{401, R"({"ErrorCode":10,"Message":"token"})", reply_class::refused, api_errc::bad_token, 10},
             whole{413, "<html>", reply_class::split, errc::http_refused, 0},
             whole{422, R"({"ErrorCode":412,"Message":"pending"})", reply_class::refused, api_errc::account_pending,
                   412},
             whole{422, R"([{"MessageID":"1"},{"MessageID":"2"}])", reply_class::split, errc::http_refused, 0},
             whole{429, "", reply_class::retry_later, api_errc::rate_limit_exceeded, 0},
             whole{503, R"({"ErrorCode":100})", reply_class::retry_later, api_errc::maintenance, 100},
             whole{503, "", reply_class::unknown, errc::server_error, 0},
             whole{500, R"({"ErrorCode":101})", reply_class::unknown, errc::server_error, 101},
             whole{202, R"([{"MessageID":"1"},{"MessageID":"2"}])", reply_class::unknown, errc::server_error, 0},
             whole{302, "", reply_class::unknown, errc::server_error, 0},
         }) {
        BOOST_TEST_CONTEXT(expected.status << ' ' << expected.body)
        {
            batch sent{2};
            BOOST_TEST((sent.read(expected.status, expected.body) == expected.found));
            for (auto const& result : sent.receipts) {
                BOOST_TEST(result.error == expected.error);
                BOOST_TEST(result.api_code == expected.code);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(which_batches_are_split)
{
    for (int const code : {0, 300, 402, 403, 406, 410, 1101, 1235}) {
        BOOST_TEST(worth_splitting(422, code));
        BOOST_TEST(worth_splitting(413, code));
        BOOST_TEST(!worth_splitting(401, code));
        BOOST_TEST(!worth_splitting(200, code));
        BOOST_TEST(!worth_splitting(500, code));
    }
    for (int const code : {412, 413, 422, 1480}) {
        BOOST_TEST(!worth_splitting(422, code));
        BOOST_TEST(!worth_splitting(413, code));
    }
}

BOOST_AUTO_TEST_SUITE_END()

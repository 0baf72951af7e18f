// SPDX-License-Identifier: BSL-1.0

#include "protocol/timestamp.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

using namespace postmark::protocol;
using namespace std::chrono;

namespace {

system_clock::time_point at(int y, unsigned m, unsigned d, int hour, int minute, int second, nanoseconds fraction = {})
{
    return sys_days{year{y} / month{m} / day{d}} + hours{hour} + minutes{minute} + seconds{second} +
           duration_cast<system_clock::duration>(fraction);
}

void check(std::string_view text, system_clock::time_point expected)
{
    system_clock::time_point time;
    BOOST_TEST(parse_timestamp(text, time), text);
    BOOST_TEST((time == expected), text);
}

} // namespace

BOOST_AUTO_TEST_SUITE(protocol_timestamp)

BOOST_AUTO_TEST_CASE(timestamp_formats_of_the_service)
{
    check("2016-10-06T04:24:31.2196962-04:00", at(2016, 10, 6, 8, 24, 31, nanoseconds{219696200}));
    check("2016-10-06T10:05:30.570118-04:00", at(2016, 10, 6, 14, 5, 30, nanoseconds{570118000}));
    check("2017-02-25T13:59:44.0000000-05:00", at(2017, 2, 25, 18, 59, 44));
    check("2026-09-30T16:03:52.7892753Z", at(2026, 9, 30, 16, 3, 52, nanoseconds{789275300}));
    check("2020-07-01T00:00:00-04:00", at(2020, 7, 1, 4, 0, 0));
    check("2020-08-30T12:30:00.00-04:00", at(2020, 8, 30, 16, 30, 0));
    check("2014-01-15T16:09:19Z", at(2014, 1, 15, 16, 9, 19));
    check("2011-07-13T14:45:39.31Z", at(2011, 7, 13, 14, 45, 39, nanoseconds{310000000}));
    check("2017-01-30", at(2017, 1, 30, 0, 0, 0));
    check("2020-01-01T00:30:00+05:45", at(2019, 12, 31, 18, 45, 0));
    check("2020-02-29T23:59:60Z", at(2020, 3, 1, 0, 0, 0));
    check("1969-12-31T23:59:59.5Z", at(1969, 12, 31, 23, 59, 59, nanoseconds{500000000}));
    check("2020-01-01T00:00:00.1234567891234567891234567890Z", at(2020, 1, 1, 0, 0, 0, nanoseconds{123456789}));
}

BOOST_AUTO_TEST_CASE(texts_that_are_not_timestamps)
{
    auto const before = at(2000, 1, 1, 0, 0, 0);
    for (std::string_view const text : {"",
                                        "2",
                                        "2020",
                                        "2020-1-1",
                                        "2020-13-01",
                                        "2020-00-01",
                                        "2020-02-30",
                                        "2021-02-29",
                                        "2020-01-00",
                                        "2020-01-01T",
                                        "2020-01-01Z",
                                        "2020-01-01 00:00:00Z",
                                        "2020-01-01T00:00:00",
                                        "2020-01-01T24:00:00Z",
                                        "2020-01-01T00:60:00Z",
                                        "2020-01-01T00:00:61Z",
                                        "2020-01-01T00:00:00.Z",
                                        "2020-01-01T00:00:00.1",
                                        "2020-01-01T00:00:00+0400",
                                        "2020-01-01T00:00:00+24:00",
                                        "2020-01-01T00:00:00+01:60",
                                        "2020-01-01T00:00:00Zx",
                                        "2020-01-01T00:00Z",
                                        "-2020-01-01",
                                        "+020-01-01",
                                        "2020-01-01T-1:00:00Z",
                                        "Thu, 5 Nov 2026 16:33:54 -0500",
                                        "0001-01-01T00:00:00Z",
                                        "9999-12-31T23:59:59.9999999Z",
                                        "2262-12-01",
                                        "1677-01-01"}) {
        auto time = before;
        BOOST_TEST(!parse_timestamp(text, time), text);
        BOOST_TEST((time == before), text);
    }
}

BOOST_AUTO_TEST_CASE(retry_after_in_seconds)
{
    auto const now = at(2026, 1, 1, 0, 0, 0);
    auto const parsed = [&](std::string_view value) { return parse_retry_after(value, now); };
    BOOST_TEST((parsed("0") == seconds{0}));
    BOOST_TEST((parsed("120") == seconds{120}));
    BOOST_TEST((parsed(" \t007 ") == seconds{7}));
    BOOST_TEST((parsed("-5") == seconds{0}));
    BOOST_TEST((parsed("31536000") == max_retry_after));
    BOOST_TEST((parsed("99999999999999999999999999999999") == max_retry_after));
    for (std::string_view const garbage : {"", " ", "-", "+5", "1.5", "5s", "soon", "1 2", "--1", "0x10", "\xff"}) {
        BOOST_TEST(!parsed(garbage).has_value(), garbage);
    }
}

BOOST_AUTO_TEST_CASE(retry_after_as_a_date)
{
    auto const now = at(1994, 11, 6, 8, 49, 0) + milliseconds{500};
    auto const parsed = [&](std::string_view value) { return parse_retry_after(value, now); };
    BOOST_TEST((parsed("Sun, 06 Nov 1994 08:49:37 GMT") == seconds{37}));
    BOOST_TEST((parsed("Sunday, 06-Nov-94 08:49:37 GMT") == seconds{37}));
    BOOST_TEST((parsed("Sun Nov  6 08:49:37 1994") == seconds{37}));
    BOOST_TEST((parsed("Wed Nov 16 08:49:00 1994") == days{10}));
    BOOST_TEST((parsed("Sun, 06 Nov 1994 08:48:59 GMT") == seconds{0}));
    BOOST_TEST((parsed("Mon, 01 Jan 0001 00:00:00 GMT") == seconds{0}));
    BOOST_TEST((parsed("Fri, 31 Dec 9999 23:59:59 GMT") == max_retry_after));
    // Two digits of a year: 44 is 50 years ahead, 45 would be 51.
    BOOST_TEST((parsed("Sunday, 06-Nov-44 08:49:37 GMT") == max_retry_after));
    BOOST_TEST((parsed("Sunday, 06-Nov-45 08:49:37 GMT") == seconds{0}));
    for (std::string_view const garbage :
         {"Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 31 Feb 1994 08:49:37 GMT",
          "Sun, 06 Nov 1994 25:49:37 GMT", "06 Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT",
          "Sun, 06 Nov 1994 08:49:37 GMT x", "Sunday, 06 Nov 1994 08:49:37 GMT", "Sun Nov 6 08:49:37 1994"}) {
        BOOST_TEST(!parsed(garbage).has_value(), garbage);
    }
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: BSL-1.0

#include "protocol/request_rules.hpp"
#include "protocol/schema.hpp"

#include <postmark/api/bounces.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

using namespace postmark;
using protocol::endpoint;
using protocol::field;
using protocol::member;
using protocol::place;

namespace {

/// A request with a query in the other spelling of the service, and a rule of its own.
struct list_things {
    list_things() = default;
    static schema const& describe()
    {
        using type = list_things;
        static constexpr endpoint target{.path = "/things", .check = [](void const* request) {
                                             protocol::request_check check;
                                             check.is_set("name", static_cast<type const*>(request)->name);
                                             return check.take();
                                         }};
        static constexpr field fields[]{
            member<type, &type::count>("Count", place::query),
            member<type, &type::offset>("Offset", place::query),
            member<type, &type::name>("Name", place::query),
        };
        static constexpr schema description = protocol::describe_request("list_things", fields, target);
        return description;
    }

    int count = 500;
    int offset = 0;
    std::string name = "n";
};

std::string problem_of_page(int count, int offset)
{
    return protocol::prepare(get_bounces{count, offset}).problem;
}

std::string problem_of_range(std::string_view from, std::string_view to)
{
    get_bounces request;
    request.from_date = from;
    request.to_date = to;
    return protocol::prepare(request).problem;
}

} // namespace

BOOST_AUTO_TEST_SUITE(protocol_request_rules)

BOOST_AUTO_TEST_CASE(a_page_has_1_to_500_elements)
{
    BOOST_TEST(problem_of_page(1, 0) == "");
    BOOST_TEST(problem_of_page(500, 0) == "");
    for (int const count : {0, -1, 501, -2147483647, 2147483647}) {
        BOOST_TEST(problem_of_page(count, 0) == "count: expected 1 to 500");
    }
    list_things other;
    other.count = 0;
    BOOST_TEST(protocol::prepare(other).problem == "count: expected 1 to 500");
}

BOOST_AUTO_TEST_CASE(an_offset_is_not_negative)
{
    BOOST_TEST(problem_of_page(1, -1) == "offset: is negative");
    list_things other;
    other.offset = -1;
    BOOST_TEST(protocol::prepare(other).problem == "offset: is negative");
}

BOOST_AUTO_TEST_CASE(some_listings_end_at_10000_elements)
{
    BOOST_TEST(problem_of_page(500, 9500) == "");
    BOOST_TEST(problem_of_page(1, 9999) == "");
    BOOST_TEST(problem_of_page(500, 9501) == "offset: together with count it is more than 10000");
    BOOST_TEST(problem_of_page(1, 2147483647) == "offset: together with count it is more than 10000");
    list_things other;
    other.offset = 2147483647;
    BOOST_TEST(protocol::prepare(other).problem == "");
}

BOOST_AUTO_TEST_CASE(dates_are_in_order)
{
    constexpr std::string_view wrong = "to_date: is before from_date";
    BOOST_TEST(problem_of_range("2026-01-02", "2026-01-02") == "");
    BOOST_TEST(problem_of_range("2026-01-02", "2026-01-03") == "");
    BOOST_TEST(problem_of_range("2026-01-02", "2026-01-01") == wrong);
    BOOST_TEST(problem_of_range("2026-01-02T03:04:05", "2026-01-02T03:04:04") == wrong);
    BOOST_TEST(problem_of_range("2026-01-02T03:04:05", "2026-01-02T03:04:05") == "");
    BOOST_TEST(problem_of_range("2026-01-02T03:04:05", "2026-01-02T03:04") == "");
    BOOST_TEST(problem_of_range("2026-01-02T03:04", "2026-01-02T03:03:59") == wrong);
    BOOST_TEST(problem_of_range("2026-10-02", "2026-09-30T23:59:59") == wrong);
    // The last day is meant as a whole.
    BOOST_TEST(problem_of_range("2026-01-02T03:04:05", "2026-01-02") == "");
    // An open range has no order.
    BOOST_TEST(problem_of_range("", "2026-01-02") == "");
    BOOST_TEST(problem_of_range("2026-01-02", "") == "");
    // What the service makes of another form is not known here.
    for (std::string_view const to : {"2026-1-1", "01/01/2026", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00-05:00",
                                      "2026-01-01 00:00", "2026-01-0x", "1"}) {
        BOOST_TEST(problem_of_range("2026-01-02", to) == "", to);
        BOOST_TEST(problem_of_range(to, "2020-01-01") == "", to);
    }
}

BOOST_AUTO_TEST_CASE(an_endpoint_has_rules_of_its_own)
{
    BOOST_TEST(protocol::prepare(list_things{}).problem == "");
    list_things other;
    other.name.clear();
    BOOST_TEST(protocol::prepare(other).problem == "name: is empty");
}

BOOST_AUTO_TEST_CASE(an_element_of_a_list_is_named_by_its_index)
{
    BOOST_TEST(protocol::element_problem("messages", 12, "to: is empty") == "messages[12].to: is empty");
}

BOOST_AUTO_TEST_CASE(the_first_problem_stays)
{
    protocol::request_check none;
    none.is_set("a", "x");
    none.is_set("b", 7);
    none.has_size("c", 50, 50);
    none.is_json_object("d", "");
    none.is_json_object("d", R"({"a":[1]})");
    none.add("");
    BOOST_TEST(none.take() == "");

    auto const problem_of = [](auto check) {
        protocol::request_check request;
        check(request);
        request.add("another problem");
        return request.take();
    };
    BOOST_TEST(problem_of([](auto& check) { check.is_set("a", ""); }) == "a: is empty");
    BOOST_TEST(problem_of([](auto& check) { check.is_set("a", 0); }) == "a: is not set");
    BOOST_TEST(problem_of([](auto& check) { check.has_size("a", 0, 50); }) == "a: is empty");
    BOOST_TEST(problem_of([](auto& check) { check.has_size("a", 51, 50); }) == "a: expected at most 50 elements");
    for (std::string_view const json : {"[]", "{", "{} {}", "x", "{\"a\":1e999}"}) {
        BOOST_TEST(problem_of([&](auto& check) { check.is_json_object("a", json); }) ==
                   "a: expected the text of a JSON object");
    }
}

BOOST_AUTO_TEST_SUITE_END()

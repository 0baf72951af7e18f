// SPDX-License-Identifier: BSL-1.0

#include "protocol/schema.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

using namespace postmark;
using protocol::describe_type;
using protocol::field;
using protocol::member;
using protocol::place;

namespace {

struct options {
    options() = default;
    static schema const& describe()
    {
        static constexpr field fields[]{
            member<options, &options::mode>("Mode"),
            member<options, &options::level>("Level"),
        };
        static constexpr schema description = describe_type<options>("options", fields);
        return description;
    }

    std::string mode;
    std::optional<int> level;
};

struct thing {
    thing() = default;
    static schema const& describe()
    {
        static constexpr field fields[]{
            member<thing, &thing::id>("ID"),
            member<thing, &thing::url>("Url", place::body, &protocol::url_codec),
            member<thing, &thing::options>("Options"),
        };
        static constexpr schema description = describe_type<thing>("thing", fields);
        return description;
    }

    std::int64_t id = 0;
    std::string url;
    ::options options;
};

struct thing_reply : api_reply, thing {
    thing_reply() = default;
    static schema const& describe()
    {
        static constexpr field fields[]{protocol::whole<thing_reply, thing>()};
        static constexpr schema description = describe_type<thing_reply>("thing_reply", fields);
        return description;
    }
};

struct counts_reply : api_reply {
    counts_reply() = default;
    static schema const& describe()
    {
        static constexpr field fields[]{
            member<counts_reply, &counts_reply::date>("Date"),
            member<counts_reply, &counts_reply::counts>(""),
        };
        static constexpr schema description = describe_type<counts_reply>("counts_reply", fields);
        return description;
    }

    std::string date;
    std::map<std::string, std::int64_t> counts;
};

template <class T>
std::string printed(T const& value)
{
    std::ostringstream stream;
    stream << value;
    return stream.str();
}

template <class T>
T read_good(std::string_view json)
{
    T value;
    std::string problem;
    BOOST_TEST(protocol::read(json, value, problem), problem);
    return value;
}

std::string written(thing const& value)
{
    protocol::byte_buffer out;
    protocol::write(out, thing::describe(), &value);
    return std::string{out.view()};
}

std::string printed_url(std::string_view url)
{
    thing value;
    value.url = url;
    return printed(value);
}

} // namespace

BOOST_AUTO_TEST_SUITE(protocol_schema_forms)

BOOST_AUTO_TEST_CASE(keys_of_a_reply_are_matched_without_regard_to_case)
{
    for (std::string_view const key : {"ID", "Id", "id", "iD"}) {
        BOOST_TEST(read_good<thing>("{\"" + std::string{key} + "\":7}").id == 7);
    }
    BOOST_TEST(read_good<thing>(R"({"IDs":7,"I":8})").id == 0);
    // A strict reader is for documents whose keys are exact.
    thing strict;
    std::string problem;
    protocol::read_state state;
    state.strict = true;
    BOOST_TEST(protocol::read(thing::describe(), std::string_view{R"({"Id":7})"}, &strict, problem, state));
    BOOST_TEST(strict.id == 0);
    // The keys of an open map are data: a mail client may be named `date`.
    auto const counts = read_good<counts_reply>(R"({"Date":"2026-01-02","date":3})");
    BOOST_TEST(counts.date == "2026-01-02");
    BOOST_TEST((counts.counts == std::map<std::string, std::int64_t>{{"date", 3}}));
}

BOOST_AUTO_TEST_CASE(an_object_without_members_is_left_out)
{
    thing value;
    value.id = 1;
    BOOST_TEST(written(value) == R"({"ID":1})");
    BOOST_TEST(printed(value) == "thing{ID: 1}");
    value.options.level = 0;
    BOOST_TEST(written(value) == R"({"ID":1,"Options":{"Level":0}})");
    BOOST_TEST(printed(value) == "thing{ID: 1, Options: {Level: 0}}");
}

BOOST_AUTO_TEST_CASE(a_reply_may_be_the_members_of_its_base)
{
    auto const reply = read_good<thing_reply>(R"({"ID":7,"Url":"u","Options":{"Mode":"m"}})");
    BOOST_TEST(reply.id == 7);
    BOOST_TEST(reply.options.mode == "m");
    BOOST_TEST(printed(reply) == R"(thing_reply{http_status: 0, {ID: 7, Url: "u", Options: {Mode: "m"}}})");
    thing_reply other = reply;
    BOOST_TEST((other == reply));
    other.id = 8;
    BOOST_TEST((other != reply));
    other = reply;
    other.http_status = 200;
    BOOST_TEST((other != reply));
    std::string problem;
    BOOST_TEST(!protocol::read(std::string_view{R"({"Options":[]})"}, other, problem));
    BOOST_TEST(problem == "Options: expected an object");
}

BOOST_AUTO_TEST_CASE(a_url_is_printed_without_its_password)
{
    BOOST_TEST(printed_url("https://example.com/a?b=c@d") == R"(thing{ID: 0, Url: "https://example.com/a?b=c@d"})");
    BOOST_TEST(printed_url("https://ann:hush@example.com/a") == R"(thing{ID: 0, Url: "https://***@example.com/a"})");
    BOOST_TEST(printed_url("https://ann:hu@sh@example.com") == R"(thing{ID: 0, Url: "https://***@example.com"})");
    BOOST_TEST(printed_url("ann:hush@example.com/a") == R"(thing{ID: 0, Url: "***@example.com/a"})");
    BOOST_TEST(printed_url("https://example.com/#a@b") == R"(thing{ID: 0, Url: "https://example.com/#a@b"})");
    BOOST_TEST(printed_url("a\x1b") == R"(thing{ID: 0, Url: "a\u001b"})");
    // Only printing hides it.
    thing value;
    value.url = "https://ann:hush@example.com/a";
    BOOST_TEST(written(value) == R"({"ID":0,"Url":"https://ann:hush@example.com/a"})");
}

BOOST_AUTO_TEST_SUITE_END()

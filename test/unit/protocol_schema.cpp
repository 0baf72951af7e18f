// SPDX-License-Identifier: BSL-1.0

#include "protocol/schema.hpp"

#include <postmark/api/bounces.hpp>
#include <postmark/api/messages.hpp>
#include <postmark/json.hpp>

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <limits>
#include <sstream>

using namespace postmark;
using protocol::describe_request;
using protocol::describe_type;
using protocol::endpoint;
using protocol::field;
using protocol::member;
using protocol::place;

namespace {

struct part {
    part() = default;
    static schema const& describe()
    {
        static constexpr field fields[]{
            member<part, &part::name>("Name", place::required),
            member<part, &part::count>("Count"),
        };
        static constexpr schema description = describe_type<part>("part", fields);
        return description;
    }

    std::string name;
    std::optional<int> count;
};

/// A request with a member of every kind.
struct edit_thing {
    edit_thing() = default;
    static schema const& describe()
    {
        using type = edit_thing;
        static constexpr endpoint target{http_method::put, "/things/{id}/parts/{key}"};
        static constexpr field fields[]{
            member<type, &type::id>("id", place::path),
            member<type, &type::key>("key", place::path),
            member<type, &type::verify>("verify", place::query),
            member<type, &type::since>("since", place::query),
            member<type, &type::name>("Name"),
            member<type, &type::layout>("LayoutTemplate"),
            member<type, &type::active>("Active"),
            member<type, &type::threshold>("Threshold"),
            member<type, &type::rate>("Rate"),
            member<type, &type::password>("Password"),
            member<type, &type::parts>("Parts"),
            member<type, &type::tags>("Tags"),
            member<type, &type::metadata>("Metadata"),
            member<type, &type::model>("Model", place::body, &protocol::json_object_codec),
            member<type, &type::content>("Content", place::body, &protocol::base64_codec),
            member<type, &type::from>("From"),
            member<type, &type::to>("To"),
            member<type, &type::at>("At"),
        };
        static constexpr schema description = describe_request("edit_thing", fields, target);
        return description;
    }

    std::int64_t id = 0;
    std::string key;
    std::optional<bool> verify;
    std::string since;
    std::string name;
    std::optional<std::string> layout;
    std::optional<bool> active;
    std::optional<std::int64_t> threshold;
    std::optional<double> rate;
    secret password;
    std::vector<part> parts;
    std::vector<std::string> tags;
    std::map<std::string, std::string> metadata;
    std::string model;
    std::string content;
    std::optional<mailbox> from;
    mailbox_list to;
    std::chrono::system_clock::time_point at;
};

/// A reply with open maps.
struct day {
    day() = default;
    static schema const& describe()
    {
        static constexpr field fields[]{
            member<day, &day::date>("Date"),
            member<day, &day::counts>(""),
        };
        static constexpr schema description = describe_type<day>("day", fields);
        return description;
    }

    std::string date;
    std::map<std::string, std::int64_t> counts;
};

struct clients_reply : api_reply {
    clients_reply() = default;
    static schema const& describe()
    {
        using type = clients_reply;
        static constexpr field fields[]{
            member<type, &type::days>("Days"),
            member<type, &type::by_trigger>("ByTrigger"),
            member<type, &type::tokens>("ApiTokens"),
            member<type, &type::rate>("Rate"),
            member<type, &type::limit>("Limit"),
            member<type, &type::model>("Model", place::body, &protocol::json_object_codec),
            member<type, &type::counts>(""),
        };
        static constexpr schema description = describe_type<type>("clients_reply", fields);
        return description;
    }

    std::vector<day> days;
    std::map<std::string, day> by_trigger;
    std::vector<secret> tokens;
    double rate = 0;
    int limit = 0;
    std::string model;
    std::map<std::string, std::int64_t> counts;
};

edit_thing full_request()
{
    edit_thing request;
    request.id = 7;
    request.key = "a/b c";
    request.verify = false;
    request.since = "2026-01-02T03:04";
    request.name = "N\"1";
    request.layout = "";
    request.active = true;
    request.threshold = -5;
    request.rate = 19.9;
    request.password = "hush";
    request.parts.resize(2);
    request.parts[1].name = "second";
    request.parts[1].count = 3;
    request.tags = {"x", "y"};
    request.metadata = {{"k", "v"}};
    request.model = R"({"price":19.9})";
    request.content = "abc";
    request.from = mailbox{"ann@example.org", "Ann"};
    request.to = {mailbox{"bob@example.org", "Bob"}, "carl@example.org"};
    request.at = std::chrono::system_clock::time_point{std::chrono::milliseconds{1389802159250}};
    return request;
}

constexpr std::string_view full_body =
    R"({"Name":"N\"1","LayoutTemplate":"","Active":true,"Threshold":-5,"Rate":19.9,"Password":"hush",)"
    R"("Parts":[{"Name":""},{"Name":"second","Count":3}],"Tags":["x","y"],"Metadata":{"k":"v"},)"
    R"("Model":{"price":19.9},"Content":"YWJj","From":"Ann <ann@example.org>",)"
    R"("To":"Bob <bob@example.org>, carl@example.org","At":"2014-01-15T16:09:19.2500000Z"})";

template <class T>
std::string printed(T const& value)
{
    std::ostringstream stream;
    stream << value;
    return stream.str();
}

template <class T>
std::string problem_of(std::string_view json)
{
    T value;
    std::string problem;
    bool const readable = protocol::read(json, value, problem);
    BOOST_TEST(readable == problem.empty());
    return problem;
}

} // namespace

BOOST_AUTO_TEST_SUITE(protocol_schema)

BOOST_AUTO_TEST_CASE(a_request_is_written_from_its_fields)
{
    api_request const prepared = protocol::prepare(full_request());
    BOOST_TEST((prepared.method == http_method::put));
    BOOST_TEST(prepared.target == "/things/7/parts/a%2Fb%20c?verify=false&since=2026-01-02T03%3A04");
    BOOST_TEST(prepared.body == full_body);
    BOOST_TEST(prepared.problem == "");
    BOOST_TEST(prepared.repeatable);
}

BOOST_AUTO_TEST_CASE(empty_members_are_omitted)
{
    edit_thing request;
    request.id = 7;
    request.key = "k";
    api_request const prepared = protocol::prepare(request);
    BOOST_TEST(prepared.target == "/things/7/parts/k");
    BOOST_TEST(prepared.body == "{}");
    request.key.clear();
    BOOST_TEST(protocol::prepare(request).problem == "key: is empty");
    // No object of the service has the id 0.
    request.key = "k";
    request.id = 0;
    BOOST_TEST(protocol::prepare(request).problem == "id: must be positive");
    request.id = -1;
    BOOST_TEST(protocol::prepare(request).problem == "id: must be positive");
}

BOOST_AUTO_TEST_CASE(written_values_can_be_read)
{
    edit_thing copy;
    std::string problem;
    BOOST_TEST(protocol::read(full_body, copy, problem), problem);
    // The members of path and query are not part of the body.
    copy.id = 7;
    copy.key = "a/b c";
    copy.verify = false;
    copy.since = "2026-01-02T03:04";
    BOOST_TEST((copy == full_request()));
}

BOOST_AUTO_TEST_CASE(every_member_counts_in_a_comparison)
{
    edit_thing const original = full_request();
    BOOST_TEST((original == full_request()));
    auto const differs = [&](auto change) {
        edit_thing other = original;
        change(other);
        BOOST_TEST((other != original));
    };
    differs([](auto& value) { value.id = 8; });
    differs([](auto& value) { value.verify.reset(); });
    differs([](auto& value) { value.verify = true; });
    differs([](auto& value) { value.layout.reset(); });
    differs([](auto& value) { value.rate = 19.8; });
    differs([](auto& value) { value.password = "other"; });
    differs([](auto& value) { value.parts[0].name = "x"; });
    differs([](auto& value) { value.parts.pop_back(); });
    differs([](auto& value) { value.metadata["k"] = "w"; });
    differs([](auto& value) { value.metadata = {{"l", "v"}}; });
    differs([](auto& value) { value.from->name.clear(); });
    differs([](auto& value) { value.at += std::chrono::seconds{1}; });
    // The members that every reply has are compared as well.
    bounces_reply first;
    bounces_reply second;
    BOOST_TEST((first == second));
    second.http_status = 200;
    BOOST_TEST((first != second));
}

BOOST_AUTO_TEST_CASE(printing_hides_secrets_and_escapes_control_characters)
{
    edit_thing request = full_request();
    request.name = "a\x1b[31m\n";
    BOOST_TEST(printed(request) ==
               R"(edit_thing{id: 7, key: "a/b c", verify: false, since: "2026-01-02T03:04", Name: "a\u001b[31m\n", )"
               R"(LayoutTemplate: "", Active: true, Threshold: -5, Rate: 19.9, Password: ***, )"
               R"(Parts: [{}, {Name: "second", Count: 3}], Tags: ["x", "y"], Metadata: {"k": "v"}, )"
               R"(Model: {"price":19.9}, Content: 3 bytes, From: "Ann <ann@example.org>", )"
               R"(To: "Bob <bob@example.org>, carl@example.org", At: "2014-01-15T16:09:19.2500000Z"})");
    BOOST_TEST(printed(get_bounces{}) == "get_bounces{count: 500, offset: 0}");
    clients_reply reply;
    reply.tokens = {"token-1", "token-2"};
    reply.http_status = 200;
    reply.detail = "OK";
    reply.raw = "token-1";
    BOOST_TEST(printed(reply) ==
               R"(clients_reply{http_status: 200, detail: "OK", ApiTokens: [***, ***], Rate: 0, Limit: 0})");
}

BOOST_AUTO_TEST_CASE(printing_escapes_the_control_characters_that_json_allows)
{
    part value;
    value.name = "a\x7f"
                 "b\xc2\x80"
                 "c\xc2\x9b"
                 "31md\xc2\xa0\xc3\x9b\xe2\x82\xac\xf0\x9f\x93\xae";
    BOOST_TEST(printed(value) ==
               "part{Name: \"a\\u007fb\\u0080c\\u009b31md\xc2\xa0\xc3\x9b\xe2\x82\xac\xf0\x9f\x93\xae\"}");
    // What is not UTF-8 is replaced: no byte of it is left that a terminal could take for a control.
    value.name = "\x9b"
                 "31m";
    BOOST_TEST(printed(value) == "part{Name: \"\xef\xbf\xbd"
                                 "31m\"}");
    // The JSON of a program is printed as it is, in one line; its controls become blanks.
    edit_thing request;
    request.model = "{\x1b\n}";
    BOOST_TEST(printed(request).find("Model: {  }") != std::string::npos, printed(request));
}

BOOST_AUTO_TEST_CASE(unknown_keys_are_kept_in_an_open_map)
{
    clients_reply reply;
    std::string problem;
    BOOST_REQUIRE(protocol::read(R"({"Days":[{"Date":"2026-01-02","Apple Mail":3,"Gmail":"4"},{"Date":null}],"Gmail":7,
        "New":{"a":1},"Text":"x","None":null,"Rate":"0.5","Limit":"12","ByTrigger":{"Open":{"Date":"d"}},
        "ApiTokens":["t"],"Model":{"a":1.5,"b":[1e30,-0.001,true,null,"\u00e4"]}})",
                                 reply, problem));
    BOOST_REQUIRE(reply.days.size() == 2u);
    BOOST_TEST(reply.days[0].date == "2026-01-02");
    BOOST_TEST((reply.days[0].counts == std::map<std::string, std::int64_t>{{"Apple Mail", 3}, {"Gmail", 4}}));
    BOOST_TEST(reply.days[1].date == "");
    BOOST_TEST((reply.counts == std::map<std::string, std::int64_t>{{"Gmail", 7}}));
    BOOST_TEST(reply.rate == 0.5);
    BOOST_TEST(reply.limit == 12);
    BOOST_TEST(reply.by_trigger.at("Open").date == "d");
    BOOST_TEST(reply.tokens.at(0).reveal() == "t");
    BOOST_TEST(reply.model == "{\"a\":1.5,\"b\":[1e+30,-0.001,true,null,\"\xc3\xa4\"]}");
}

BOOST_AUTO_TEST_CASE(a_wrong_value_is_named_by_its_path)
{
    BOOST_TEST(problem_of<bounces_reply>(R"({"Bounces":[{},{},{},{"TypeCode":{}}]})") ==
               "Bounces[3].TypeCode: expected a number");
    BOOST_TEST(problem_of<bounces_reply>(R"({"Bounces":[{"TypeCode":1.5}]})") ==
               "Bounces[0].TypeCode: expected an integer");
    BOOST_TEST(problem_of<bounces_reply>(R"({"Bounces":[null]})") == "Bounces[0]: expected an object");
    BOOST_TEST(problem_of<bounces_reply>(R"({"Bounces":{}})") == "Bounces: expected an array of objects");
    BOOST_TEST(problem_of<bounce_tags_reply>(R"(["a",{}])") == "[1]: expected a string");
    BOOST_TEST(problem_of<bounce_tags_reply>("{}") == "expected an array");
    BOOST_TEST(problem_of<bounce_reply>(R"({"Inactive":1})") == "Inactive: expected true or false");
    BOOST_TEST(problem_of<bounce_reply>(R"({"BouncedAt":1})") == "BouncedAt: expected a time");
    BOOST_TEST(problem_of<activate_bounce_reply>(R"({"Bounce":{"ID":[]}})") == "Bounce.ID: expected a number");
    BOOST_TEST(problem_of<clients_reply>(R"({"ByTrigger":{"Open":{"Date":[]}}})") ==
               "ByTrigger.Open.Date: expected a string");
    BOOST_TEST(problem_of<clients_reply>(R"({"Limit":2147483648})") == "Limit: expected a smaller number");
    BOOST_TEST(problem_of<clients_reply>(R"({"Rate":"x"})") == "Rate: expected a number");
    BOOST_TEST(problem_of<clients_reply>(R"({"Model":[]})") == "Model: expected an object");
    BOOST_TEST(problem_of<outbound_message_details_reply>(R"({"To":[{"Email":"a"},{"Email":[]}]})") ==
               "To[1].Email: expected a string");
    BOOST_TEST(problem_of<outbound_message_details_reply>(R"({"Attachments":[{"Name":[]}]})") != "");
    // A key sent by the peer cannot put control characters into a diagnostic text.
    BOOST_TEST(problem_of<clients_reply>(R"({"ByTrigger":{"\u001b[31m":7}})") == "ByTrigger.?: expected an object");
}

BOOST_AUTO_TEST_CASE(the_limit_of_elements_is_that_of_the_request)
{
    auto const limit_of = [](auto const& request) {
        return protocol::max_elements(std::remove_cvref_t<decltype(request)>::describe(), &request);
    };
    BOOST_TEST(limit_of(get_bounces{}) == 500u);
    BOOST_TEST(limit_of(get_bounces{7}) == 7u);
    BOOST_TEST(limit_of(get_bounces{0}) == 0u);
    BOOST_TEST(limit_of(get_bounces{501}) == 500u);
    BOOST_TEST(limit_of(get_bounces{-1}) == 0u);
    BOOST_TEST(limit_of(get_delivery_stats{}) == 10'000u);
    BOOST_TEST(limit_of(find_stamped{"s"}) == 10u);

    // Nested arrays are not pages.
    protocol::read_state state;
    state.max_elements = 1;
    std::string problem;
    clients_reply reply;
    BOOST_TEST(
        !protocol::read(clients_reply::describe(), std::string_view{R"({"Days":[{},{}]})"}, &reply, problem, state));
    BOOST_TEST(problem == "Days: expected at most 1 elements");
    std::string text = R"({"Details":{},"MessageEvents":[)";
    for (std::size_t index = 0; index <= protocol::default_max_elements; ++index) {
        text += "{},";
    }
    text.back() = ']';
    BOOST_TEST(problem_of<outbound_message_details_reply>(text + '}') ==
               "MessageEvents: expected at most 10000 elements");
}

BOOST_AUTO_TEST_CASE(numbers_are_written_in_short_decimal_form)
{
    auto const text_of = [](double value) { return to_json_text(boost::json::value(value)); };
    BOOST_TEST(text_of(19.9) == "19.9");
    BOOST_TEST(text_of(-19.9) == "-19.9");
    BOOST_TEST(text_of(100000) == "100000");
    BOOST_TEST(text_of(1e20) == "100000000000000000000");
    BOOST_TEST(text_of(1e21) == "1e+21");
    BOOST_TEST(text_of(0.1 + 0.2) == "0.30000000000000004");
    BOOST_TEST(text_of(0.000001) == "0.000001");
    BOOST_TEST(text_of(0.0000001) == "1e-07");
    BOOST_TEST(text_of(0.0) == "0");
    BOOST_TEST(text_of(-0.0) == "0");
    BOOST_TEST(text_of(123456789.125) == "123456789.125");
    BOOST_TEST(text_of(1.7976931348623157e308) == "1.7976931348623157e+308");
    BOOST_TEST(text_of(5e-324) == "5e-324");
    BOOST_TEST(text_of(-1.2345678901234567e-6) == "-0.0000012345678901234567");
}

BOOST_AUTO_TEST_CASE(a_model_from_a_value)
{
    message msg;
    set_template_model(msg, {{"price", 19.9}, {"list", {1, true, nullptr, "a\"b"}}, {"none", boost::json::object{}}});
    BOOST_TEST(msg.template_model == R"({"price":19.9,"list":[1,true,null,"a\"b"],"none":{}})");
    BOOST_TEST((boost::json::parse(msg.template_model).is_object()));

    msg.to = "ann@example.org";
    msg.from = mailbox{"shop@example.com"};
    msg.template_alias = "welcome";
    error_code error;
    msg.verify(error);
    BOOST_TEST(!error);
    for (double const number : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
                                -std::numeric_limits<double>::infinity()}) {
        set_template_model(msg, {{"price", number}});
        msg.verify(error);
        BOOST_TEST((error == errc::invalid_message), msg.template_model);
    }
}

BOOST_AUTO_TEST_CASE(messages_and_configurations_from_a_value)
{
    message const msg = message_from_json(boost::json::value{{"Subject", "Hi"}, {"TemplateModel", {{"n", 1}}}});
    BOOST_TEST(msg.subject == "Hi");
    BOOST_TEST(msg.template_model == R"({"n":1})");
    BOOST_TEST(config_from_json({{"PYSTMARK_API_KEY", "k"}, {"PYSTMARK_TEST_API", true}}).test_api);
}

BOOST_AUTO_TEST_SUITE_END()

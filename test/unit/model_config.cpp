// SPDX-License-Identifier: BSL-1.0

#include <postmark/config.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/system/system_error.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(model_config)

namespace {

using postmark::config;
using variables = std::map<std::string, std::string>;

/// Sets these variables, and removes all others that the library reads.
config read(variables const& values)
{
    for (auto const* const name :
         {"PYSTMARK_API_KEY", "PYSTMARK_ACCOUNT_KEY", "PYSTMARK_HTTPS", "PYSTMARK_TEST_API", "PYSTMARK_VERIFY_MESSAGES",
          "PYSTMARK_DEFAULT_SENDER", "PYSTMARK_DEFAULT_REPLY_TO", "PYSTMARK_DEFAULT_HEADERS", "PYSTMARK_HOST",
          "PYSTMARK_CA_FILE", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"}) {
        ::unsetenv(name);
    }
    for (auto const& [name, value] : values) {
        ::setenv(name.c_str(), value.c_str(), 1);
    }
    return config::from_environment();
}

/// The text of the error, from the environment or from JSON.
std::string error_of(std::function<config()> const& make)
{
    try {
        static_cast<void>(make());
    } catch (boost::system::system_error const& error) {
        BOOST_TEST((error.code() == postmark::errc::invalid_configuration));
        return error.what();
    }
    return "no error";
}

config usable()
{
    config result;
    result.api_key = "token";
    return result;
}

} // namespace

BOOST_AUTO_TEST_CASE(empty_environment_gives_the_defaults)
{
    for (auto const& result : {read({}),
                               read({{"PYSTMARK_HTTPS", ""},
                                     {"PYSTMARK_ACCOUNT_KEY", ""},
                                     {"PYSTMARK_DEFAULT_SENDER", ""},
                                     {"PYSTMARK_DEFAULT_REPLY_TO", ""},
                                     {"PYSTMARK_DEFAULT_HEADERS", ""},
                                     {"PYSTMARK_CA_FILE", ""},
                                     {"HTTPS_PROXY", ""},
                                     {"NO_PROXY", ""}}),
                               config::from_json("{}"), config::from_json(R"({"other": 1, "PYSTMARK_HTTPS": null})")}) {
        BOOST_TEST(result.api_key.empty());
        BOOST_TEST(result.https);
        BOOST_TEST(!result.test_api);
        BOOST_TEST(!result.default_sender.has_value());
        BOOST_TEST(result.default_reply_to.empty());
        BOOST_TEST(result.default_headers.empty());
        BOOST_TEST(!result.verify_messages);
        BOOST_TEST(result.account_key.empty());
        BOOST_TEST(result.host == "api.postmarkapp.com");
        BOOST_TEST(result.port == 0);
        BOOST_TEST(result.effective_port() == 443);
        BOOST_TEST(result.tls.ca_file == "");
        BOOST_TEST(result.proxy == "");
        BOOST_TEST(result.no_proxy == "");
    }
}

BOOST_AUTO_TEST_CASE(every_variable_is_read)
{
    auto const headers = R"([{"Name": "X-A", "Value": "1"}, {"Name": "X-B", "Value": ""}])";
    auto const environment = read({{"PYSTMARK_API_KEY", "key"},
                                   {"PYSTMARK_HTTPS", "False"},
                                   {"PYSTMARK_TEST_API", "1"},
                                   {"PYSTMARK_DEFAULT_SENDER", "\"Lee, Ann\" <ann@x.org>"},
                                   {"PYSTMARK_DEFAULT_REPLY_TO", "a@x.org, Bob <b@x.org>"},
                                   {"PYSTMARK_DEFAULT_HEADERS", headers},
                                   {"PYSTMARK_VERIFY_MESSAGES", "YES"},
                                   {"PYSTMARK_ACCOUNT_KEY", "account"},
                                   {"PYSTMARK_HOST", "[::1]:8025"},
                                   {"PYSTMARK_CA_FILE", "ca/extra.pem"},
                                   {"HTTPS_PROXY", "http://ann:pw@proxy:3128"},
                                   {"NO_PROXY", "example.org"}});
    auto const json = config::from_json(std::string{R"({
        "PYSTMARK_API_KEY": "key", "PYSTMARK_HTTPS": false, "PYSTMARK_TEST_API": 1,
        "PYSTMARK_DEFAULT_SENDER": "\"Lee, Ann\" <ann@x.org>",
        "PYSTMARK_DEFAULT_REPLY_TO": "a@x.org, Bob <b@x.org>",
        "PYSTMARK_VERIFY_MESSAGES": "on", "PYSTMARK_ACCOUNT_KEY": "account", "PYSTMARK_HOST": "[::1]:8025",
        "PYSTMARK_CA_FILE": "ca/extra.pem", "HTTPS_PROXY": "http://ignored", "PYSTMARK_DEFAULT_HEADERS": )"} +
                                        headers + "}");
    for (auto const& result : {environment, json}) {
        BOOST_TEST(result.api_key.reveal() == "key");
        BOOST_TEST(!result.https);
        BOOST_TEST(result.test_api);
        BOOST_TEST((result.default_sender == postmark::mailbox{"ann@x.org", "Lee, Ann"}));
        BOOST_TEST(to_string(result.default_reply_to) == "a@x.org, Bob <b@x.org>");
        BOOST_TEST((result.default_headers == std::vector<postmark::mail_header>{{"X-A", "1"}, {"X-B", ""}}));
        BOOST_TEST(result.verify_messages);
        BOOST_TEST(result.account_key.reveal() == "account");
        BOOST_TEST(result.host == "::1");
        BOOST_TEST(result.port == 8025);
        BOOST_TEST(result.tls.ca_file == "ca/extra.pem");
        BOOST_TEST(result.problem() == "");
    }
    BOOST_TEST(environment.proxy == "http://ann:pw@proxy:3128");
    BOOST_TEST(environment.no_proxy == "example.org");
    BOOST_TEST(json.proxy == "");

    auto const lower = read({{"https_proxy", "http://lower:1"}, {"no_proxy", "lower"}, {"HTTPS_PROXY", ""}});
    BOOST_TEST(lower.proxy == "http://lower:1");
    BOOST_TEST(lower.no_proxy == "lower");
    auto const both = read({{"https_proxy", "http://lower:1"}, {"HTTPS_PROXY", "http://upper:1"}});
    BOOST_TEST(both.proxy == "http://upper:1");
}

BOOST_AUTO_TEST_CASE(flags)
{
    for (auto const* const yes : {"true", "TRUE", "True", "1", "yes", "on", "On", " true", "1\n"}) {
        BOOST_TEST(read({{"PYSTMARK_TEST_API", yes}}).test_api, yes);
    }
    for (auto const* const no : {"false", "FALSE", "0", "no", "off", "oFF"}) {
        BOOST_TEST(!read({{"PYSTMARK_HTTPS", no}}).https, no);
    }
    for (auto const* const bad : {"2", "maybe", "tru e", "tru", "-1"}) {
        BOOST_TEST(error_of([&] {
                       return read({{"PYSTMARK_HTTPS", bad}});
                   }).starts_with("PYSTMARK_HTTPS: expected true or false"));
    }
}

BOOST_AUTO_TEST_CASE(blanks_at_the_ends_of_values_are_dropped)
{
    for (std::string const before : {"", " ", "\t", "\n", "\r\n"}) {
        for (std::string const after : {"", " ", "\t", "\n", "\r\n", "\n\n"}) {
            auto const padded = [&](std::string const& value) { return before + value + after; };
            auto const environment = read({{"PYSTMARK_API_KEY", padded("key")},
                                           {"PYSTMARK_ACCOUNT_KEY", padded("account")},
                                           {"PYSTMARK_HOST", padded("example.org:8025")},
                                           {"PYSTMARK_DEFAULT_SENDER", padded("Ann <ann@x.org>")},
                                           {"PYSTMARK_CA_FILE", padded("ca.pem")},
                                           {"HTTPS_PROXY", padded("http://proxy:1")},
                                           {"NO_PROXY", padded("example.net")}});
            BOOST_TEST(environment.proxy == "http://proxy:1");
            BOOST_TEST(environment.no_proxy == "example.net");
            boost::json::object const text{{"PYSTMARK_API_KEY", padded("key")},
                                           {"PYSTMARK_ACCOUNT_KEY", padded("account")},
                                           {"PYSTMARK_HOST", padded("example.org:8025")},
                                           {"PYSTMARK_DEFAULT_SENDER", padded("Ann <ann@x.org>")},
                                           {"PYSTMARK_CA_FILE", padded("ca.pem")}};
            for (auto const& result : {environment, config::from_json(boost::json::serialize(text))}) {
                BOOST_TEST(result.api_key.reveal() == "key");
                BOOST_TEST(result.account_key.reveal() == "account");
                BOOST_TEST(result.host == "example.org");
                BOOST_TEST((result.default_sender == postmark::mailbox{"ann@x.org", "Ann"}));
                BOOST_TEST(result.tls.ca_file == "ca.pem");
                BOOST_TEST(result.problem() == "");
            }
        }
    }
    BOOST_TEST(read({{"PYSTMARK_ACCOUNT_KEY", " \n"}}).account_key.empty());
}

BOOST_AUTO_TEST_CASE(key_in_quotes_is_refused_with_a_sentence)
{
    for (auto const* const key : {"\"s3cret\"", "'s3cret'", "\"s3cret", "s3cret'"}) {
        auto const text = error_of([&] { return read({{"PYSTMARK_API_KEY", key}}); });
        BOOST_TEST(text.starts_with("PYSTMARK_API_KEY: expected the token alone, without quotes round it"), text);
        auto direct = usable();
        direct.api_key = key;
        BOOST_TEST(direct.problem() == "api_key: expected the token alone, without quotes round it");
    }
}

BOOST_AUTO_TEST_CASE(unusable_proxy_is_an_error_only_where_it_would_be_used)
{
    std::string const url = "socks5://ann:s3cret@proxy:1";
    for (auto const& [name, value] :
         std::vector<std::pair<std::string, std::string>>{{"NO_PROXY", "api.postmarkapp.com"},
                                                          {"no_proxy", "other.example, .postmarkapp.com"},
                                                          {"NO_PROXY", "*"},
                                                          {"PYSTMARK_HOST", "127.0.0.1:8025"},
                                                          {"PYSTMARK_HTTPS", "false"}}) {
        auto result = read({{"PYSTMARK_API_KEY", "key"}, {"HTTPS_PROXY", url}, {name, value}});
        BOOST_TEST(result.problem() == "", name << '=' << value);
    }

    auto result = read(
        {{"PYSTMARK_API_KEY", "key"}, {"HTTPS_PROXY", url}, {"PYSTMARK_HOST", "10.0.0.1"}, {"NO_PROXY", "10.0.0.0/8"}});
    BOOST_TEST(result.problem() == "");
    result.host = "api.postmarkapp.com";
    BOOST_TEST(result.problem() == "proxy: expected the URL of an HTTP proxy, http://host:port");
}

BOOST_AUTO_TEST_CASE(bad_variables_are_named_and_not_repeated)
{
    std::vector<std::pair<std::string, std::string>> const bad = {
        {"PYSTMARK_API_KEY", ""},
        {"PYSTMARK_API_KEY", "s3cret\r\nX: y"},
        {"PYSTMARK_API_KEY", " \r\n"},
        {"PYSTMARK_API_KEY", "s3 cret"},
        {"PYSTMARK_API_KEY", "\"s3cret\""},
        {"PYSTMARK_API_KEY", " 's3cret'\n"},
        {"PYSTMARK_ACCOUNT_KEY", "\"s3cret"},
        {"PYSTMARK_ACCOUNT_KEY", "s3cret\xc3\xa9"},
        {"PYSTMARK_DEFAULT_SENDER", "s3cret"},
        {"PYSTMARK_DEFAULT_SENDER", "s3cret@x.org, b@x.org"},
        {"PYSTMARK_DEFAULT_SENDER", "s3cret\n <a@x.org>"},
        {"PYSTMARK_DEFAULT_REPLY_TO", "a@x.org, s3cret"},
        {"PYSTMARK_DEFAULT_HEADERS", "s3cret"},
        {"PYSTMARK_DEFAULT_HEADERS", "{}"},
        {"PYSTMARK_DEFAULT_HEADERS", "\"[]\""},
        {"PYSTMARK_DEFAULT_HEADERS", "[1]"},
        {"PYSTMARK_DEFAULT_HEADERS", R"([{"Name": "s3cret"}])"},
        {"PYSTMARK_DEFAULT_HEADERS", R"([{"Name": 1, "Value": "s3cret"}])"},
        {"PYSTMARK_DEFAULT_HEADERS", R"([{"Name": "a b", "Value": "s3cret"}])"},
        {"PYSTMARK_DEFAULT_HEADERS", R"([{"Name": "X", "Value": "s3cret\r\n"}])"},
        {"PYSTMARK_HOST", ""},
        {"PYSTMARK_HOST", "http://s3cret"},
        {"PYSTMARK_HOST", "s3cret:0"},
        {"HTTPS_PROXY", "socks5://ann:s3cret@proxy:1"},
        {"https_proxy", "http://ann:s3cret@proxy:x"},
    };
    for (auto const& [name, value] : bad) {
        auto const text = error_of([&, n = name, v = value] { return read({{n, v}}); });
        BOOST_TEST(text.starts_with(name + ": expected "), name << ": " << text);
        BOOST_TEST(text.find("s3cret") == std::string::npos, text);
    }
}

BOOST_AUTO_TEST_CASE(bad_json_is_named_and_not_repeated)
{
    std::vector<std::pair<std::string, std::string>> const bad = {
        {"", "configuration: expected a JSON object"},
        {"[]", "configuration: expected a JSON object"},
        {"{\"PYSTMARK_API_KEY\": \"s3cret\"", "configuration: expected a JSON object"},
        {R"({"PYSTMARK_API_KEY": 1})", "PYSTMARK_API_KEY: expected"},
        {R"({"PYSTMARK_API_KEY": ""})", "PYSTMARK_API_KEY: expected"},
        {R"({"PYSTMARK_HTTPS": 2})", "PYSTMARK_HTTPS: expected true or false"},
        {R"({"PYSTMARK_HTTPS": []})", "PYSTMARK_HTTPS: expected true or false"},
        {R"({"PYSTMARK_DEFAULT_SENDER": {}})", "PYSTMARK_DEFAULT_SENDER: expected"},
        {R"({"PYSTMARK_DEFAULT_REPLY_TO": 1})", "PYSTMARK_DEFAULT_REPLY_TO: expected"},
        {R"({"PYSTMARK_DEFAULT_HEADERS": {"X": "s3cret"}})", "PYSTMARK_DEFAULT_HEADERS: expected"},
        {R"({"PYSTMARK_HOST": 80})", "PYSTMARK_HOST: expected"},
        {R"({"PYSTMARK_HOST": "a\u0000b"})", "PYSTMARK_HOST: expected"},
        {R"({"PYSTMARK_CA_FILE": "a\u0000b"})", "PYSTMARK_CA_FILE: expected"},
        {R"({"PYSTMARK_HTPS": true})", "PYSTMARK_HTPS: no such setting"},
    };
    for (auto const& [json, expected] : bad) {
        auto const text = error_of([&, j = json] { return config::from_json(j); });
        BOOST_TEST(text.starts_with(expected), json << ": " << text);
        BOOST_TEST(text.find("s3cret") == std::string::npos, text);
    }
}

BOOST_AUTO_TEST_CASE(ports)
{
    auto result = usable();
    BOOST_TEST(result.effective_port() == 443);
    result.https = false;
    BOOST_TEST(result.effective_port() == 80);
    result.port = 8025;
    BOOST_TEST(result.effective_port() == 8025);
}

BOOST_AUTO_TEST_CASE(problems)
{
    using std::chrono::milliseconds;
    struct {
        std::string field;
        std::function<void(config&)> change;
    } const examples[] = {
        {"", [](config&) {}},
        {"api_key: missing", [](config& c) { c.api_key = ""; }},
        {"",
         [](config& c) {
             c.api_key = "";
             c.test_api = true;
         }},
        {"api_key: ", [](config& c) { c.api_key = "s3cret\n"; }},
        {"api_key: ",
         [](config& c) {
             c.api_key = "s3cret\x7f";
             c.test_api = true;
         }},
        {"api_key: ", [](config& c) { c.api_key = std::string("s3\0cret", 7); }},
        {"account_key: ", [](config& c) { c.account_key = "s3cret\r"; }},
        {"account_key: ", [](config& c) { c.account_key = "é"; }},
        {"host: ", [](config& c) { c.host = ""; }},
        {"host: ", [](config& c) { c.host = "a\r\nb"; }},
        {"host: ", [](config& c) { c.host = "a b"; }},
        {"host: ", [](config& c) { c.host = "a/b"; }},
        {"host: ", [](config& c) { c.host = "a:80"; }},
        {"host: ", [](config& c) { c.host = "[::1]"; }},
        {"", [](config& c) { c.host = "::1"; }},
        {"", [](config& c) { c.host = "127.0.0.1"; }},
        {"", [](config& c) { c.proxy = "http://a:s3cret@proxy:1"; }},
        {"proxy: ", [](config& c) { c.proxy = "https://a:s3cret@proxy:1"; }},
        {"default_sender: ", [](config& c) { c.default_sender = "a@x.org\n"; }},
        {"default_sender: expected one", [](config& c) { c.default_sender = postmark::mailbox("a@x, b@y", ""); }},
        {"default_reply_to: expected one", [](config& c) { c.default_reply_to = postmark::mailbox("a@x, b@y"); }},
        {"default_reply_to: ", [](config& c) { c.default_reply_to = postmark::mailbox("a@x.org", "a\nb"); }},
        {"default_headers: ", [](config& c) { c.default_headers.emplace_back("X", "\r"); }},
        {"default_headers: ", [](config& c) { c.default_headers.emplace_back("X\n", ""); }},
        {"pool.max_connections: ", [](config& c) { c.pool.max_connections = 0; }},
        {"pool.max_handshakes: ", [](config& c) { c.pool.max_handshakes = 0; }},
        {"retry.attempts: ", [](config& c) { c.retry.attempts = 0; }},
        {"limits.queued_requests: ", [](config& c) { c.limits.queued_requests = 0; }},
        {"limits.queued_bytes: ", [](config& c) { c.limits.queued_bytes = 0; }},
        {"limits.reply_bytes: ", [](config& c) { c.limits.reply_bytes = 0; }},
        {"limits.large_reply_bytes: ", [](config& c) { c.limits.large_reply_bytes = 0; }},
        {"timeouts.resolve: ", [](config& c) { c.timeouts.resolve = {}; }},
        {"timeouts.connect: ", [](config& c) { c.timeouts.connect = {}; }},
        {"timeouts.handshake: ", [](config& c) { c.timeouts.handshake = {}; }},
        {"timeouts.write_stall: ", [](config& c) { c.timeouts.write_stall = {}; }},
        {"timeouts.reply: ", [](config& c) { c.timeouts.reply = milliseconds(-1); }},
        {"timeouts.batch_reply: ", [](config& c) { c.timeouts.batch_reply = {}; }},
        {"timeouts.call: ", [](config& c) { c.timeouts.call = milliseconds::max(); }},
        {"timeouts.batch_call: ", [](config& c) { c.timeouts.batch_call = {}; }},
        {"", [](config& c) { c.pool.idle_limit = {}; }},
        {"pool.idle_limit: ", [](config& c) { c.pool.idle_limit = milliseconds(-1); }},
        {"pool.age_limit: ", [](config& c) { c.pool.age_limit = milliseconds(-1); }},
        {"retry.first_delay: ", [](config& c) { c.retry.first_delay = milliseconds(-1); }},
        {"retry.max_delay: ", [](config& c) { c.retry.max_delay = milliseconds(-1); }},
    };
    for (auto const& [field, change] : examples) {
        auto result = usable();
        change(result);
        auto const problem = result.problem();
        BOOST_TEST(problem.starts_with(field), problem);
        BOOST_TEST(problem.empty() == field.empty(), problem);
        BOOST_TEST(problem.find("s3") == std::string::npos, problem);
    }
}

BOOST_AUTO_TEST_SUITE_END()

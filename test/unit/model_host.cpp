// SPDX-License-Identifier: BSL-1.0

#include "model/host.hpp"

#include <boost/test/unit_test.hpp>

#include <random>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(model_host)

namespace {

using postmark::model::bypasses_proxy;
using postmark::model::parse_host;
using postmark::model::parse_ipv4;
using postmark::model::parse_ipv6;
using postmark::model::parse_proxy_url;

} // namespace

BOOST_AUTO_TEST_CASE(ipv4)
{
    for (auto const* const good : {"0.0.0.0", "1.2.3.4", "255.255.255.255"}) {
        BOOST_TEST(parse_ipv4(good).has_value(), good);
    }
    for (auto const* const bad : {"", "1", "1.2.3", "1.2.3.", "1.2.3.4.", "1.2.3.4.5", "256.1.1.1", "01.2.3.4",
                                  "1.2.3.x", "1..3.4", "-1.2.3.4"}) {
        BOOST_TEST(!parse_ipv4(bad).has_value(), bad);
    }
}

BOOST_AUTO_TEST_CASE(ipv6)
{
    for (auto const* const good : {"::", "::1", "1::", "1:2:3:4:5:6:7:8", "2001:DB8::ff", "1:2:3:4:5:6:7::",
                                   "::2:3:4:5:6:7:8", "::ffff:1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "fe80::1:2"}) {
        BOOST_TEST(parse_ipv6(good).has_value(), good);
    }
    for (auto const* const bad : {"", ":", ":::", "1", "1:", ":1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
                                  "1:2:3:4:5:6:7:8::", "1::2::3", "12345::", "g::", "::1.2.3", "1.2.3.4",
                                  "1:2:3:4:5:6:7:1.2.3.4", "fe80::1%eth0", "::1:", "1.2.3.4::", "[::1]"}) {
        BOOST_TEST(!parse_ipv6(bad).has_value(), bad);
    }
    BOOST_TEST((parse_ipv6("::1") == parse_ipv6("0:0:0:0:0:0:0:1")));
    BOOST_TEST((parse_ipv6("1::2:3") == parse_ipv6("1:0:0:0:0:0:2:3")));
    BOOST_TEST((parse_ipv6("::ffff:1.2.3.4") == parse_ipv6("::ffff:102:304")));
}

BOOST_AUTO_TEST_CASE(host_and_port)
{
    struct {
        std::string text;
        std::string host;
        int port;
    } const good[] = {
        {"api.postmarkapp.com", "api.postmarkapp.com", 0},
        {"localhost:8025", "localhost", 8025},
        {"with_underscore-dash", "with_underscore-dash", 0},
        {"1.2.3.4", "1.2.3.4", 0},
        {"1.2.3.4:1", "1.2.3.4", 1},
        {"[::1]", "::1", 0},
        {"[::1]:65535", "::1", 65535},
        {"2001:db8::1", "2001:db8::1", 0},
    };
    for (auto const& item : good) {
        auto const parsed = parse_host(item.text);
        BOOST_TEST(parsed.problem == "", item.text);
        BOOST_TEST(parsed.host == item.host);
        BOOST_TEST(parsed.port.value_or(0) == item.port);
    }
    for (std::string const& bad : {std::string{},
                                   std::string{" "},
                                   std::string{"a b"},
                                   std::string{"a\r\nb"},
                                   std::string("a\0b", 3),
                                   std::string{"http://a"},
                                   std::string{"https://a:443/"},
                                   std::string{"a/b"},
                                   std::string{"user@a"},
                                   std::string{"a:"},
                                   std::string{"a:0"},
                                   std::string{"a:65536"},
                                   std::string{"a:-1"},
                                   std::string{"a:+1"},
                                   std::string{"a:1x"},
                                   std::string{":80"},
                                   std::string{"[::1"},
                                   std::string{"[::1]80"},
                                   std::string{"[::1]:"},
                                   std::string{"[]"},
                                   std::string{"[a]"},
                                   std::string{"[1.2.3.4]"},
                                   std::string{"::1]"},
                                   std::string{"a..b"},
                                   std::string{".a"},
                                   std::string{"a."},
                                   std::string{"-a"},
                                   std::string{"a-"},
                                   std::string{"a*b"},
                                   std::string{"bücher.example"},
                                   std::string{"127.1"},
                                   std::string{"1.2.3.256"},
                                   std::string{"010.0.0.1"},
                                   std::string{"fe80::1%eth0"},
                                   std::string(64, 'a'),
                                   std::string(254, 'a')}) {
        auto const parsed = parse_host(bad);
        BOOST_TEST(parsed.problem != "", bad);
        BOOST_TEST(parsed.host == "");
    }
}

BOOST_AUTO_TEST_CASE(proxy_url)
{
    struct {
        std::string text;
        std::string host;
        int port;
        std::string user;
        std::string password;
    } const good[] = {
        {"http://proxy.example.org:3128", "proxy.example.org", 3128, "", ""},
        {"HTTP://proxy.example.org:3128/", "proxy.example.org", 3128, "", ""},
        {"proxy.example.org:3128", "proxy.example.org", 3128, "", ""},
        {"http://proxy.example.org", "proxy.example.org", 80, "", ""},
        {"http://[::1]:3128", "::1", 3128, "", ""},
        {"http://ann@proxy:1", "proxy", 1, "ann", ""},
        {"http://ann:secret@proxy:1", "proxy", 1, "ann", "secret"},
        {"http://ann:a:b%40%3a%2F@proxy:1", "proxy", 1, "ann", "a:b@:/"},
        {"http://ann:a@b@proxy:1", "proxy", 1, "ann", "a@b"},
        {"http://:@proxy", "proxy", 80, "", ""},
    };
    for (auto const& item : good) {
        auto const parsed = parse_proxy_url(item.text);
        BOOST_TEST(parsed.problem == "", item.text);
        BOOST_TEST(parsed.host == item.host);
        BOOST_TEST(parsed.port == item.port);
        BOOST_TEST(parsed.user == item.user);
        BOOST_TEST(parsed.password == item.password);
    }
    for (auto const* const bad :
         {"", "http://", "http:///", "https://proxy:1", "socks5://proxy:1", "http://proxy:0", "http://proxy:x",
          "http://proxy:1/path", "http://proxy:1?q", "http://a:s3cret%@proxy", "http://a:s3cret%4@proxy",
          "http://a:s3cret%zz@proxy", "http://a:s3cret%0d%0a@proxy", "http://a%3ab:s3cret@proxy", "http://s3cret@",
          "http://inner/s3cret@outer", "http://a b:1"}) {
        auto const parsed = parse_proxy_url(bad);
        BOOST_TEST(parsed.problem != "", bad);
        BOOST_TEST(parsed.problem.find("s3cret") == std::string_view::npos);
    }
}

BOOST_AUTO_TEST_CASE(hosts_that_bypass_the_proxy)
{
    struct {
        char const* host;
        char const* list;
        bool bypasses;
    } const cases[] = {
        {"localhost", "", true},
        {"LOCALHOST", "", true},
        {"api.localhost", "", true},
        {"127.0.0.1", "", true},
        {"127.9.9.9", "", true},
        {"::1", "", true},
        {"[::1]", "", true},
        {"0:0:0:0:0:0:0:1", "", true},
        {"::ffff:127.0.0.1", "", true},
        {"notlocalhost", "", false},
        {"127.example.org", "", false},
        {"api.postmarkapp.com", "", false},
        {"api.postmarkapp.com", "*", true},
        {"api.postmarkapp.com", "api.postmarkapp.com", true},
        {"api.postmarkapp.com", "API.PostmarkApp.com", true},
        {"api.postmarkapp.com", "postmarkapp.com", true},
        {"api.postmarkapp.com", ".postmarkapp.com", true},
        {"api.postmarkapp.com", "*.postmarkapp.com", true},
        {"postmarkapp.com", ".postmarkapp.com", true},
        {"api.postmarkapp.com", "markapp.com", false},
        {"api.postmarkapp.com", "x.api.postmarkapp.com", false},
        {"api.postmarkapp.com", "api.postmarkapp.com:443", true},
        {"api.postmarkapp.com", "a.example.org, ,api.postmarkapp.com", true},
        {"api.postmarkapp.com", "a.example.org b.example.org", false},
        {"api.postmarkapp.com", " ,, .:*. , . , : , [ , []", false},
        {"10.1.2.3", "10.1.2.3", true},
        {"10.1.2.3", "10.1.2.3:80", true},
        {"10.1.2.3", "2.3", false},
        {"2001:db8::1", "2001:DB8:0::1", true},
        {"2001:db8::1", "[2001:db8::1]:80", true},
        {"2001:db8::1", "2001:db8::2", false},
        {"10.1.2.3", "10.0.0.0/8", true},
        {"11.1.2.3", "10.0.0.0/8", false},
        {"10.1.2.3", "10.1.2.2/31", true},
        {"10.1.2.4", "10.1.2.2/31", false},
        {"10.1.2.3", "10.1.2.3/32", true},
        {"10.1.2.3", "172.16.0.0/12, 10.255.255.255/8", true},
        {"172.31.0.1", "172.16.0.0/12", true},
        {"172.32.0.1", "172.16.0.0/12", false},
        {"8.8.8.8", "0.0.0.0/0", true},
        {"::ffff:10.1.2.3", "10.0.0.0/8", true},
        {"10.1.2.3", "10.0.0.0/33", false},
        {"10.1.2.3", "10.0.0.0/", false},
        {"10.1.2.3", "10.0.0.0/x", false},
        {"10.1.2.3", "10.0.0.0/-1", false},
        {"10.1.2.3", "10.0.0/8", false},
        {"10.1.2.3", "::/0", false},
        {"fd00::1", "fd00::/8", true},
        {"[fdff:1::1]", "fd00::/8", true},
        {"fe00::1", "fd00::/8", false},
        {"2001:db8:8000::1", "2001:db8::/33", false},
        {"2001:db8:7fff::1", "2001:db8::/33", true},
        {"fd00::1", "fd00::1/128", true},
        {"fd00::1", "fd00::1/129", false},
        {"fd00::1", "0.0.0.0/0", false},
        {"api.postmarkapp.com", "10.0.0.0/8", false},
        {"api.postmarkapp.com", "postmarkapp.com/8", false},
    };
    for (auto const& item : cases) {
        BOOST_TEST(bypasses_proxy(item.host, item.list) == item.bypasses, item.host << " with '" << item.list << '\'');
    }
}

BOOST_AUTO_TEST_CASE(random_text_is_handled_safely)
{
    std::minstd_rand random{1};
    constexpr std::string_view alphabet = "a1f:.[]@%/*, -\0\r";
    for (int round = 0; round < 50'000; ++round) {
        std::string text;
        for (auto length = random() % 16; length != 0; --length) {
            text += alphabet[random() % alphabet.size()];
        }
        auto const host = parse_host(text);
        BOOST_REQUIRE(host.host.empty() == !host.problem.empty());
        auto const proxy = parse_proxy_url("http://" + text);
        BOOST_REQUIRE(proxy.host.empty() == !proxy.problem.empty());
        static_cast<void>(bypasses_proxy(text, text));
    }
}

BOOST_AUTO_TEST_SUITE_END()

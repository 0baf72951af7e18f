// SPDX-License-Identifier: BSL-1.0

#include "protocol/byte_buffer.hpp"
#include "protocol/head.hpp"
#include "protocol/request_bytes.hpp"

#include <boost/test/unit_test.hpp>

#include <cstring>
#include <string>
#include <string_view>
#include <utility>

using namespace postmark;
using namespace postmark::protocol;

namespace {

constexpr std::string_view prefix = "POST /email HTTP/1.1\r\nHost: h\r\n";

request_bytes make_request(std::string_view body, std::size_t head_room)
{
    request_bytes request;
    request.begin(head_room, body.size());
    request.body().append(body);
    return request;
}

} // namespace

BOOST_AUTO_TEST_SUITE(protocol_bytes)

BOOST_AUTO_TEST_CASE(a_buffer_grows_and_keeps_its_content)
{
    byte_buffer buffer;
    BOOST_TEST(buffer.view().empty());
    std::string expected;
    for (int i = 0; i < 5000; ++i) {
        auto const byte = static_cast<char>('a' + i % 26);
        buffer.push_back(byte);
        expected += byte;
        if (i % 7 == 0) {
            buffer.append("0123456789");
            expected += "0123456789";
        }
    }
    BOOST_TEST(buffer.view() == expected);
    BOOST_TEST(buffer.capacity() >= buffer.size());
    BOOST_TEST(buffer.capacity() <= buffer.size() * 2);
}

BOOST_AUTO_TEST_CASE(a_buffer_reserves_exactly_and_releases)
{
    byte_buffer buffer;
    buffer.reserve(1000);
    BOOST_TEST(buffer.capacity() == 1000u);
    char* const space = buffer.prepare(1000);
    std::memset(space, 'x', 10);
    buffer.commit(10);
    BOOST_TEST(buffer.capacity() == 1000u);
    BOOST_TEST(buffer.view() == "xxxxxxxxxx");
    buffer.truncate(20);
    BOOST_TEST(buffer.size() == 10u);
    buffer.truncate(4);
    BOOST_TEST(buffer.view() == "xxxx");
    buffer.clear();
    BOOST_TEST(buffer.empty());
    buffer.append("again");
    BOOST_TEST(buffer.view() == "again");
}

BOOST_AUTO_TEST_CASE(a_moved_buffer_is_empty)
{
    byte_buffer first;
    first.append("bytes");
    byte_buffer second{std::move(first)};
    BOOST_TEST(second.view() == "bytes");
    first = byte_buffer{};
    BOOST_TEST(first.empty());
    first.append("other");
    second = std::move(first);
    BOOST_TEST(second.view() == "other");
}

BOOST_AUTO_TEST_CASE(a_buffer_refuses_sizes_beyond_memory)
{
    byte_buffer buffer;
    buffer.append("x");
    BOOST_CHECK_THROW(static_cast<void>(buffer.prepare(static_cast<std::size_t>(-1))), std::bad_alloc);
    BOOST_TEST(buffer.view() == "x");
}

BOOST_AUTO_TEST_CASE(head_and_body_are_contiguous)
{
    request_bytes request = make_request("{\"a\":1}", prefix.size() + request_bytes::length_reserve);
    std::size_t const memory = request.memory();
    request.finish(prefix);
    BOOST_TEST(request.view() == std::string{prefix} + "Content-Length: 7\r\n\r\n{\"a\":1}");
    BOOST_TEST(request.body_view() == "{\"a\":1}");
    BOOST_TEST(request.memory() == memory);
}

BOOST_AUTO_TEST_CASE(a_request_can_be_finished_again)
{
    request_bytes request = make_request("body", prefix.size() + request_bytes::length_reserve);
    request.finish(prefix);
    request.finish("X\r\n");
    BOOST_TEST(request.view() == "X\r\nContent-Length: 4\r\n\r\nbody");
    std::string const long_prefix(1000, 'p');
    request.finish(long_prefix);
    BOOST_TEST(request.view() == long_prefix + "Content-Length: 4\r\n\r\nbody");
    BOOST_TEST(request.body_view() == "body");
    request.finish(prefix);
    BOOST_TEST(request.view() == std::string{prefix} + "Content-Length: 4\r\n\r\nbody");
}

BOOST_AUTO_TEST_CASE(a_request_without_space_for_the_head_moves_its_body)
{
    for (std::size_t const space : {0u, 1u, 30u}) {
        request_bytes request = make_request("some body", space);
        request.finish(prefix);
        BOOST_TEST(request.view() == std::string{prefix} + "Content-Length: 9\r\n\r\nsome body");
    }
}

BOOST_AUTO_TEST_CASE(a_request_without_a_body)
{
    request_bytes request = make_request("", prefix.size() + request_bytes::length_reserve);
    request.finish(prefix);
    BOOST_TEST(request.view() == std::string{prefix} + "Content-Length: 0\r\n\r\n");
    request.finish_without_length(prefix);
    BOOST_TEST(request.view() == std::string{prefix} + "\r\n");
    request.release();
    BOOST_TEST(request.memory() == 0u);
    BOOST_TEST(request.view().empty());
    request.begin(2, 0);
    request.finish_without_length("");
    BOOST_TEST(request.view() == "\r\n");
}

BOOST_AUTO_TEST_CASE(heads_contain_every_field)
{
    std::string extra;
    append_header_line(extra, "X-Trace", "17");
    std::string const head =
        make_head_prefix(http_method::post, "/email", "api.postmarkapp.com", server_token_header, "token", true, extra);
    BOOST_TEST(head.starts_with("POST /email HTTP/1.1\r\nHost: api.postmarkapp.com\r\n"));
    BOOST_TEST(head.ends_with("\r\n"));
    for (std::string_view const line :
         {"\r\nAccept: application/json\r\n", "\r\nContent-Type: application/json\r\n",
          "\r\nX-Postmark-Server-Token: token\r\n", "\r\nX-Trace: 17\r\n", "\r\nUser-Agent: postmark-cpp/"}) {
        BOOST_TEST(head.find(line) != std::string::npos, line);
    }
    BOOST_TEST(head.find("\r\n\r\n") == std::string::npos);
    BOOST_TEST(head.find("Content-Length") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(heads_omit_fields_that_do_not_apply)
{
    std::string const get = make_head_prefix(http_method::get, "/bounces", "h", account_token_header, "t", false);
    BOOST_TEST(get.starts_with("GET /bounces HTTP/1.1\r\n"));
    BOOST_TEST(get.find("Content-Type") == std::string::npos);
    BOOST_TEST(get.find("X-Postmark-Account-Token: t\r\n") != std::string::npos);
    BOOST_TEST(make_head_prefix(http_method::put, "/", "h", "", "", false).find("Token") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(heads_begin_with_the_method)
{
    auto const line_of = [](http_method method) {
        std::string const head = make_head_prefix(method, "/x", "h", "", "", false);
        return head.substr(0, head.find("\r\n"));
    };
    BOOST_TEST(line_of(http_method::get) == "GET /x HTTP/1.1");
    BOOST_TEST(line_of(http_method::post) == "POST /x HTTP/1.1");
    BOOST_TEST(line_of(http_method::put) == "PUT /x HTTP/1.1");
    BOOST_TEST(line_of(http_method::delete_) == "DELETE /x HTTP/1.1");
    BOOST_TEST(line_of(http_method::patch) == "PATCH /x HTTP/1.1");
}

BOOST_AUTO_TEST_CASE(only_a_get_without_a_body_has_no_content_length)
{
    BOOST_TEST(!has_content_length(http_method::get, false));
    BOOST_TEST(has_content_length(http_method::get, true));
    for (auto const method : {http_method::post, http_method::put, http_method::delete_, http_method::patch}) {
        BOOST_TEST(has_content_length(method, false));
        BOOST_TEST(has_content_length(method, true));
    }
}

BOOST_AUTO_TEST_CASE(a_program_may_set_its_user_agent)
{
    std::string const head =
        make_head_prefix(http_method::get, "/", "h", "", "", false, "A: b\r\nuser-agent: mine\r\n");
    BOOST_TEST(head.find("postmark-cpp") == std::string::npos);
    BOOST_TEST(head.find("user-agent: mine\r\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(host_headers)
{
    BOOST_TEST(host_header("api.postmarkapp.com", 443, true) == "api.postmarkapp.com");
    BOOST_TEST(host_header("api.postmarkapp.com", 8443, true) == "api.postmarkapp.com:8443");
    BOOST_TEST(host_header("h", 80, false) == "h");
    BOOST_TEST(host_header("h", 443, false) == "h:443");
    BOOST_TEST(host_header("::1", 443, true) == "[::1]");
    BOOST_TEST(host_header("[::1]", 65535, true) == "[::1]:65535");
    BOOST_TEST(host_header("fe80::1%eth0", 80, false) == "[fe80::1]");
}

BOOST_AUTO_TEST_CASE(headers_of_a_call_are_checked)
{
    BOOST_TEST(header_problem("X-Order", "17") == "");
    BOOST_TEST(header_problem("x_y", "tab\tand \xc3\xa4") == "");
    BOOST_TEST(header_problem("User-Agent", "mine") == "");
    BOOST_TEST(header_problem("Hostess", "") == "");

    for (std::string_view const name :
         {"Host", "host", "CONNECTION", "Accept", "accept-encoding", "Content-Length", "transfer-encoding",
          "Content-Type", "x-postmark-server-token", "X-Postmark-Account-Token", "Keep-Alive", "TE", "Trailer",
          "Upgrade", "Expect", "Proxy-Authorization", "proxy-anything"}) {
        std::string const problem = header_problem(name, "v");
        BOOST_TEST(problem.find(name) != std::string::npos, name);
    }
    for (std::string_view const name :
         {std::string_view{""}, std::string_view{"a b"}, std::string_view{"a:"}, std::string_view{"a\r\nb"},
          std::string_view{"\xc3\xa4"}, std::string_view{"a\0b", 3}, std::string_view{"(a)"}}) {
        std::string const problem = header_problem(name, "v");
        BOOST_TEST(!problem.empty());
        BOOST_TEST(is_header_value(problem));
    }
    for (std::string_view const value :
         {std::string_view{"a\r\nHost: evil"}, std::string_view{"a\n"}, std::string_view{"a\rb"},
          std::string_view{"se\0cret", 7}, std::string_view{"\x1b"}, std::string_view{"\x7f"}}) {
        std::string const problem = header_problem("X-Name", value);
        BOOST_TEST(problem.find("X-Name") != std::string::npos);
        BOOST_TEST(problem.find(value) == std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(targets_are_checked)
{
    BOOST_TEST(target_problem("/bounces?count=1&tag=a%20b") == "");
    for (std::string_view const target :
         {std::string_view{""}, std::string_view{"bounces"}, std::string_view{"/a b"}, std::string_view{"/a\r\nX: y"},
          std::string_view{"/a\0", 3}, std::string_view{"/a#b"}, std::string_view{"/\xc3\xa4"}}) {
        BOOST_TEST(target_problem(target) != "");
    }
}

BOOST_AUTO_TEST_SUITE_END()

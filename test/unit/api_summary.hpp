// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_API_SUMMARY_HPP
#define POSTMARK_TEST_API_SUMMARY_HPP

#include "protocol/schema.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>

/// Requests, replies and their errors as texts, so that a test compares all of them at once.
namespace api_test {

/// The HTTP request that a request makes, `PUT /servers/7 account repeatable {"Name":"x"}`; or why it makes none.
template <class Request>
std::string summary(Request const& request)
{
    postmark::api_request const prepared = postmark::protocol::prepare(request);
    if (!prepared.problem.empty()) {
        return prepared.problem;
    }
    std::string text;
    switch (prepared.method) {
    case postmark::http_method::get:
        text = "GET ";
        break;
    case postmark::http_method::post:
        text = "POST ";
        break;
    case postmark::http_method::put:
        text = "PUT ";
        break;
    case postmark::http_method::delete_:
        text = "DELETE ";
        break;
    case postmark::http_method::patch:
        text = "PATCH ";
        break;
    }
    text += prepared.target;
    text += prepared.token == postmark::token_kind::server ? " server" : " account";
    text += prepared.repeatable ? " repeatable" : " once";
    return prepared.body.empty() ? text : text + ' ' + prepared.body;
}

/// Reads a reply that must be readable.
template <class Reply>
Reply read_good(std::string_view json)
{
    Reply reply;
    std::string problem;
    BOOST_TEST(postmark::protocol::read(json, reply, problem), problem);
    return reply;
}

/// The reason why a reply cannot be read; empty if it can.
template <class Reply>
std::string problem_of(std::string_view json)
{
    Reply reply;
    std::string problem;
    bool const readable = postmark::protocol::read(json, reply, problem);
    BOOST_TEST(readable == problem.empty());
    return problem;
}

template <class T>
std::string printed(T const& value)
{
    std::ostringstream stream;
    stream << value;
    return stream.str();
}

/// Checks that a reply keeps its default values where the service says nothing, and that it must be an object.
template <class Reply>
void check_empty_replies()
{
    BOOST_TEST((read_good<Reply>("{}") == Reply{}));
    BOOST_TEST((read_good<Reply>(R"({"New":{"a":[1]},"Other":null})") == Reply{}));
    for (std::string_view const json : {"", "null", "1", "\"\"", "[]", "{", "{} x", "<html>"}) {
        BOOST_TEST(problem_of<Reply>(json) != "", json);
    }
}

inline std::int64_t seconds(std::chrono::system_clock::time_point time)
{
    return std::chrono::system_clock::to_time_t(time);
}

} // namespace api_test

#endif

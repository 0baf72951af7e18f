// SPDX-License-Identifier: BSL-1.0

// api_tool: what the library writes and reads for each endpoint, for tests in other languages. It takes one JSON object
// per line and writes one for each:
//
//   {"do": "list"}
//       all request types, with the fields of request and reply
//   {"do": "request", "name": N, "values": {key: value}}
//       the HTTP request that the client would send, and the request as it prints
//   {"do": "read", "name": N, "reply": TEXT, "status": HTTP status, "messages": number that was sent}
//       what is read from a reply, as JSON and as it prints, or why the call fails
//   {"do": "compare", "name": N, "replies": [TEXT, TEXT]}
//       whether the replies are equal

#include "api_types.hpp"
#include "json_form.hpp"
#include "send_types.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <exception>
#include <iostream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>

namespace {

namespace json = boost::json;
using postmark::http_method;
using postmark::schema;
using postmark::token_kind;
using postmark::test::api_type;

std::string_view name_of(http_method method)
{
    switch (method) {
    case http_method::get:
        return "GET";
    case http_method::post:
        return "POST";
    case http_method::put:
        return "PUT";
    case http_method::delete_:
        return "DELETE";
    case http_method::patch:
        return "PATCH";
    }
    throw std::logic_error{"unknown method"};
}

std::string_view name_of(token_kind kind)
{
    return kind == token_kind::account ? "account" : "server";
}

api_type const& type_of(std::string_view name)
{
    auto const* type = postmark::test::find_api_type(name);
    if (type == nullptr) {
        throw std::invalid_argument{"no such request type: " + std::string{name}};
    }
    return *type;
}

json::object describe(api_type const& type)
{
    schema const& request = type.request();
    auto const& target = *request.endpoint;
    // Fixed parameters of the query are no part of the path.
    std::string_view const path = target.path.substr(0, target.path.find('?'));
    return {{"name", request.name},
            {"method", name_of(target.method)},
            {"path", path},
            {"token", name_of(target.token)},
            {"repeatable", target.repeatable},
            {"fields", postmark::test::describe_fields(request)},
            {"interprets", type.interpret != nullptr},
            {"reply",
             json::object{{"name", type.reply().name}, {"fields", postmark::test::describe_fields(type.reply())}}}};
}

json::object list()
{
    json::array types;
    postmark::test::describe_sends(types);
    for (api_type const& type : postmark::test::api_types()) {
        types.push_back(describe(type));
    }
    return {{"types", std::move(types)}};
}

std::string printed(schema const& description, void const* object)
{
    std::ostringstream stream;
    postmark::protocol::print(stream, description, object);
    return stream.str();
}

json::object request(std::string_view name, json::object const& values)
{
    if (postmark::test::is_send(name)) {
        return postmark::test::send_request(name, values);
    }
    api_type const& type = type_of(name);
    auto const object = type.make_request();
    if (std::string problem = postmark::test::set_members(type.request(), object.get(), values); !problem.empty()) {
        throw std::invalid_argument{problem};
    }
    postmark::api_request const made = postmark::protocol::prepare(type.request(), object.get());
    return {{"method", name_of(made.method)},
            {"target", made.target},
            {"body", made.body},
            {"token", name_of(made.token)},
            {"repeatable", made.repeatable},
            {"problem", made.problem},
            {"printed", printed(type.request(), object.get())}};
}

json::object read(std::string_view name, std::string_view text, json::object const& command)
{
    auto const number = [&](std::string_view key, std::size_t otherwise) {
        json::value const* const value = command.if_contains(key);
        return value == nullptr ? otherwise : value->to_number<std::size_t>();
    };
    auto const status = static_cast<unsigned>(number("status", 200));
    if (postmark::test::is_send(name)) {
        return postmark::test::send_reply(name, status, text, number("messages", 1));
    }
    api_type const& type = type_of(name);
    auto const request_object = type.make_request();
    auto const object = type.make_reply(request_object.get());
    postmark::api_reply& common = type.common(object.get());
    std::size_t const max_elements = postmark::protocol::max_elements(type.request(), request_object.get());
    if (postmark::error_code const error = type.receive(status, text, object.get(), max_elements)) {
        return {{"failure", error.message()}, {"detail", common.detail}, {"code", common.api_code}};
    }
    return {{"reply", postmark::test::to_json(type.reply(), object.get())},
            {"detail", common.detail},
            {"code", common.api_code},
            {"printed", printed(type.reply(), object.get())}};
}

json::object compare(std::string_view name, json::array const& texts)
{
    api_type const& type = type_of(name);
    auto const request_object = type.make_request();
    auto const read_one = [&](json::value const& text) {
        auto object = type.make_reply(request_object.get());
        std::string problem;
        if (!type.read(object.get(), text.as_string(), postmark::protocol::default_max_elements, problem)) {
            throw std::invalid_argument{problem};
        }
        return object;
    };
    auto const first = read_one(texts.at(0));
    auto const second = read_one(texts.at(1));
    return {{"equal", postmark::protocol::equal(type.reply(), first.get(), second.get())}};
}

json::object carry_out(json::object const& command)
{
    json::string const& what = command.at("do").as_string();
    if (what == "list") {
        return list();
    }
    json::string const& name = command.at("name").as_string();
    if (what == "request") {
        return request(name, command.at("values").as_object());
    }
    if (what == "read") {
        return read(name, command.at("reply").as_string(), command);
    }
    if (what == "compare") {
        return compare(name, command.at("replies").as_array());
    }
    throw std::invalid_argument{"unknown command"};
}

} // namespace

int main()
{
    std::string line;
    while (std::getline(std::cin, line)) {
        json::object result;
        try {
            result = carry_out(json::parse(line).as_object());
        } catch (std::exception const& error) {
            result = {{"error", error.what()}};
        }
        std::cout << json::serialize(result) << std::endl;
    }
}

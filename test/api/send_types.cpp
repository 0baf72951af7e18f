// SPDX-License-Identifier: BSL-1.0

#include "send_types.hpp"

#include "client/batch_body.hpp"
#include "client/call_setup.hpp"
#include "json_form.hpp"
#include "protocol/message_schema.hpp"
#include "protocol/message_writer.hpp"
#include "protocol/read_reply.hpp"

#include <postmark/config.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

namespace postmark::test {

namespace {

namespace json = boost::json;
using detail::send_endpoint;

struct send_type {
    std::string_view name;
    send_endpoint endpoint;
    bool is_batch;
};

constexpr send_type types[]{
    {"send", send_endpoint::plain, false},
    {"send_with_template", send_endpoint::templated, false},
    {"send_batch", send_endpoint::plain_batch, true},
    {"send_batch_with_templates", send_endpoint::template_batch, true},
};

send_type const& type_of(std::string_view name)
{
    auto const found = std::ranges::find(types, name, &send_type::name);
    if (found == std::end(types)) {
        throw std::invalid_argument{"no such send"};
    }
    return *found;
}

detail::call_setup const& setup()
{
    static detail::call_setup const made{config{}};
    return made;
}

/// The path in the first line of the request that the client makes.
std::string path_of(send_endpoint endpoint)
{
    std::string const head{setup().head_of(endpoint)};
    std::size_t const begin = head.find(' ') + 1;
    return head.substr(begin, head.find(' ', begin) - begin);
}

json::object reply_field(std::string_view key, std::string_view type)
{
    return {{"key", key}, {"place", "body"}, {"type", json::object{{"type", type}}}};
}

/// What `read_send_reply` reads of one message.
json::array reply_fields()
{
    return {reply_field("To", "string"), reply_field("SubmittedAt", "time"), reply_field("MessageID", "string"),
            reply_field("ErrorCode", "integer"), reply_field("Message", "string")};
}

/// The JSON of a time, as the description of a reply writes it.
json::value time_json(std::chrono::system_clock::time_point time)
{
    if (time == std::chrono::system_clock::time_point{}) {
        return {};
    }
    protocol::byte_buffer text;
    protocol::time_codec.write(protocol::time_codec, text, &time);
    return json::string_view{text.view().substr(1, text.size() - 2)};
}

json::object receipt_json(receipt const& result)
{
    return {{"To", result.to},
            {"SubmittedAt", time_json(result.submitted_at)},
            {"MessageID", result.message_id},
            {"ErrorCode", result.api_code},
            {"Message", result.detail},
            {"Outcome", to_string(result.outcome)}};
}

json::object failure_of(receipt const& result)
{
    return {{"failure", result.error.message()}, {"detail", result.detail}, {"code", result.api_code}};
}

} // namespace

bool is_send(std::string_view name)
{
    return std::ranges::find(types, name, &send_type::name) != std::end(types);
}

void describe_sends(json::array& out)
{
    for (send_type const& type : types) {
        out.push_back(json::object{{"name", type.name},
                                   {"send", true},
                                   {"method", "POST"},
                                   {"path", path_of(type.endpoint)},
                                   {"token", "server"},
                                   {"repeatable", false},
                                   {"fields", describe_fields(protocol::message_schema())},
                                   {"reply", json::object{{"name", "receipt"}, {"fields", reply_fields()}}}});
    }
}

json::object send_request(std::string_view name, json::object const& values)
{
    send_type const& type = type_of(name);
    protocol::request_bytes request;
    detail::batch_body batch{request, type.endpoint, {}, 0};
    std::string single;
    for (json::value const& item : values.at("Messages").as_array()) {
        message mail;
        protocol::read_state state;
        state.strict = true;
        std::string problem;
        if (!protocol::read(protocol::message_schema(), item, &mail, problem, state)) {
            return {{"problem", problem}};
        }
        protocol::byte_buffer out;
        protocol::write_message(out, mail, {}, {});
        single = out.view();
        batch.append(single);
    }
    if (type.is_batch) {
        batch.finish();
    }
    return {{"method", "POST"},
            {"target", path_of(type.endpoint)},
            {"body", type.is_batch ? json::string_view{request.body_view()} : json::string_view{single}},
            {"token", "server"},
            {"repeatable", false},
            {"problem", ""}};
}

json::object send_reply(std::string_view name, unsigned status, std::string_view body, std::size_t messages)
{
    std::vector<receipt> results(type_of(name).is_batch ? messages : 1);
    if (!type_of(name).is_batch) {
        receipt& result = results.front();
        if (protocol::read_send_reply(status, body, result) == protocol::reply_class::accepted) {
            return {{"reply", receipt_json(result)}, {"detail", result.detail}, {"code", result.api_code}};
        }
        return failure_of(result);
    }
    std::vector<receipt*> pointers;
    for (receipt& result : results) {
        pointers.push_back(&result);
    }
    if (protocol::read_batch_reply(status, body, pointers) != protocol::reply_class::accepted) {
        return failure_of(results.empty() ? receipt{} : results.front());
    }
    json::array items;
    for (receipt const& result : results) {
        items.push_back(receipt_json(result));
    }
    return {{"reply", std::move(items)}, {"detail", ""}, {"code", 0}};
}

} // namespace postmark::test

// SPDX-License-Identifier: BSL-1.0

#include "api/api_types.hpp"
#include "fuzz.hpp"
#include "protocol/json_document.hpp"
#include "protocol/message_schema.hpp"
#include "protocol/read_api_reply.hpp"
#include "protocol/schema.hpp"

#include <postmark/api/messages.hpp>

#include <algorithm>
#include <sstream>
#include <vector>

using namespace postmark;
using fuzz::require;

namespace {

constexpr std::size_t max_elements = 20;

std::string printed(schema const& description, void const* value)
{
    std::ostringstream stream;
    protocol::print(stream, description, value);
    return stream.str();
}

/// Reads a body as a reply of the type, by itself and with the members that every reply has.
void check_reply(test::api_type const& type, unsigned status, std::string_view body, bool json)
{
    schema const& description = type.reply();
    auto const request = type.make_request();
    auto const alone = type.make_reply(request.get());
    std::string problem;
    bool const readable = type.read(alone.get(), body, max_elements, problem);
    require(readable == problem.empty());
    require(json || !readable);

    auto const reply = type.make_reply(request.get());
    api_reply& common = type.common(reply.get());
    error_code const error = type.receive(status, body, reply.get(), max_elements);
    require(common.http_status == status);
    require(!error == (status == 200 && common.api_code == 0 && readable));
    require(!error || !common.detail.empty());
    require((error == condition::rejected) != (!error || error == condition::outcome_unknown));
    if (readable) {
        // The value prints without control characters, and a copy is equal to it.
        for (char const byte : printed(description, alone.get())) {
            require(static_cast<unsigned char>(byte) >= ' ');
        }
        require(protocol::equal(description, type.copy_reply(alone.get()).get(), alone.get()));
    }
    if (!error) {
        // Both ways to read give the same value, except for the members that every reply has.
        type.common(alone.get()) = common;
        require(protocol::equal(description, alone.get(), reply.get()));
    }
}

/// The reply to a search is interpreted by a function of its own.
void check_search(unsigned status, std::string_view body, bool json)
{
    reconciliation reply;
    find_stamped{"stamp"}.expect(reply);
    bool asked = false;
    bool readable = false;
    auto const error = protocol::read_api_reply(status, body, reply, [&](std::string_view text, std::string& problem) {
        asked = true;
        readable = reply.read(text, problem);
        require(readable == problem.empty());
        return readable;
    });
    require(json || !readable);
    require(reply.found == !reply.message_id.empty());
    require(asked == (status == 200 && reply.api_code == 0));
    require(!error == readable);
}

/// A body that a described type could be read from is written as JSON from which the same value is read.
void check_message(std::string_view body)
{
    message first;
    protocol::read_state state;
    state.strict = true;
    std::string problem;
    if (!protocol::read(protocol::message_schema(), body, &first, problem, state)) {
        require(!problem.empty());
        return;
    }
    protocol::byte_buffer written;
    protocol::write(written, protocol::message_schema(), &first);
    message second;
    require(protocol::read(protocol::message_schema(), written.view(), &second, problem, state));
    protocol::byte_buffer again;
    protocol::write(again, protocol::message_schema(), &second);
    require(written.view() == again.view());
}

/// One request type for each reply type that its description reads.
std::vector<test::api_type const*> reply_types()
{
    std::vector<test::api_type const*> types;
    for (test::api_type const& type : test::api_types()) {
        bool const is_first = std::ranges::none_of(
            types, [&](test::api_type const* earlier) { return &earlier->reply() == &type.reply(); });
        if (is_first && type.interpret == nullptr) {
            types.push_back(&type);
        }
    }
    return types;
}

} // namespace

// The input: the HTTP status on a line, then the body, which is read as the reply to every request type.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto body = fuzz::as_text(data, size);
    auto line = fuzz::take_line(body);
    unsigned const status = fuzz::take_status(line);
    bool const json = protocol::json_document{body}.value() != nullptr;
    static auto const types = reply_types();
    for (test::api_type const* const type : types) {
        check_reply(*type, status, body, json);
    }
    check_search(status, body, json);
    check_message(body);
    return 0;
}

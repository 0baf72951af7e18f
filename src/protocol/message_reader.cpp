// SPDX-License-Identifier: BSL-1.0

#include "model/json_scanner.hpp"
#include "model/text.hpp"
#include "protocol/json_document.hpp"
#include "protocol/message_schema.hpp"
#include "protocol/schema.hpp"

#include <postmark/message.hpp>

#include <boost/json/value.hpp>
#include <boost/system/system_error.hpp>

#include <utility>

namespace postmark {

namespace {

/// \param problem set to the key that is wrong and what was expected
message read_message(std::string_view text, std::string& problem)
{
    text = model::skip_byte_order_mark(text);
    protocol::json_document const document{text};
    if (document.value() == nullptr || !document.value()->is_object()) {
        problem = document.value() == nullptr ? document.expected() : "expected a JSON object";
        return {};
    }
    message msg;
    protocol::read_state state;
    state.strict = true;
    if (!protocol::read(protocol::message_schema(), *document.value(), &msg, problem, std::move(state))) {
        return {};
    }
    if (!msg.template_model.empty()) {
        // The source is kept, so that numbers keep their spelling.
        msg.template_model = model::find_json_member(text, "TemplateModel");
        if (!model::is_json_object(msg.template_model)) {
            problem = "TemplateModel: expected an object whose numbers a double can hold";
            return {};
        }
    }
    return msg;
}

} // namespace

message message_from_json(std::string_view text)
{
    std::string problem;
    message msg = read_message(text, problem);
    if (!problem.empty()) {
        throw boost::system::system_error{make_error_code(errc::invalid_message), problem};
    }
    return msg;
}

message message_from_json(std::string_view text, error_code& error)
{
    std::string problem;
    message msg = read_message(text, problem);
    error = problem.empty() ? error_code{} : make_error_code(errc::invalid_message);
    return msg;
}

} // namespace postmark

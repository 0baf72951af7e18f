// SPDX-License-Identifier: BSL-1.0

#include "protocol/read_api_reply.hpp"

#include "model/text.hpp"
#include "protocol/json_document.hpp"
#include "protocol/reply_rules.hpp"
#include "protocol/schema.hpp"

#include <boost/json/object.hpp>
#include <boost/json/string.hpp>

#include <algorithm>
#include <limits>
#include <optional>

namespace postmark::protocol {

namespace {

/// The `ErrorCode` of a body: 0 where it has none, or one that is no number.
int api_code_of(boost::json::object const& body)
{
    auto const* value = body.if_contains("ErrorCode");
    if (value == nullptr || value->is_null()) {
        return 0;
    }
    read_state state;
    std::int64_t code = 0;
    if (auto const* number = value->if_double()) {
        // A whole number may be written with a fraction or an exponent.
        constexpr double limit = std::numeric_limits<int>::max();
        double const clamped = std::clamp(*number, -limit, limit);
        return static_cast<double>(static_cast<int>(clamped)) == *number ? static_cast<int>(clamped) : 0;
    }
    if (!int64_codec.read(int64_codec, state, *value, &code)) {
        return 0;
    }
    return static_cast<int>(
        std::clamp<std::int64_t>(code, std::numeric_limits<int>::min(), std::numeric_limits<int>::max()));
}

/// Fills the members that every reply has.
/// \param json the parsed body; null if it is not JSON
/// \returns what the status and the ErrorCode mean; no error if the rest of the body is still to be read
error_code read_common(unsigned http_status, std::string_view body, boost::json::value const* json, api_reply& common)
{
    auto const* members = json != nullptr ? json->if_object() : nullptr;
    common.http_status = http_status;
    common.api_code = members != nullptr ? api_code_of(*members) : 0;
    common.detail.clear();
    if (members != nullptr) {
        if (auto const* message = members->if_contains("Message"); message != nullptr && message->is_string()) {
            common.detail = model::printable(message->get_string());
        }
    }
    if (http_status != 200) {
        explain(common.detail, http_status, body);
        return refusal_of(http_status, common.api_code);
    }
    if (common.api_code != 0) {
        if (common.detail.empty()) {
            common.detail = "ErrorCode " + std::to_string(common.api_code);
        }
        return static_cast<api_errc>(common.api_code);
    }
    return {};
}

error_code malformed(api_reply& common, std::string problem)
{
    common.detail = problem.empty() ? "the reply could not be read" : std::move(problem);
    return errc::malformed_reply;
}

} // namespace

error_code read_api_reply(unsigned http_status, std::string_view body, api_reply& common, body_reader const& read_body)
{
    {
        // The document is gone before the body is read, since that mostly parses it once more.
        json_document const document{body};
        if (error_code const error = read_common(http_status, body, document.value(), common)) {
            return error;
        }
    }
    std::string problem;
    return read_body(body, problem) ? error_code{} : malformed(common, std::move(problem));
}

error_code read_api_reply(unsigned http_status, std::string_view body, api_reply& common, schema const& description,
                          void* object, std::size_t max_elements)
{
    json_document const document{body};
    if (error_code const error = read_common(http_status, body, document.value(), common)) {
        return error;
    }
    if (document.value() == nullptr) {
        return malformed(common, std::string{document.expected()});
    }
    read_state state;
    state.max_elements = max_elements;
    std::string problem;
    return read(description, *document.value(), object, problem, std::move(state))
               ? error_code{}
               : malformed(common, std::move(problem));
}

} // namespace postmark::protocol

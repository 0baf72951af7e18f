// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_BULK_CHECK_HPP
#define POSTMARK_SANDBOX_BULK_CHECK_HPP

#include "sandbox/request.hpp"
#include "sandbox/template_syntax.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <vector>

namespace postmark::sandbox::detail {

struct server_state;

/// A reason to refuse a bulk request, and the member that it concerns.
struct bulk_problem {
    std::string field;
    refusal reason;
};

/// What belongs to one message of a bulk request alone.
struct bulk_message {
    /// The members of the message as it is sent.
    boost::json::object members;
    /// An object.
    boost::json::value model;
};

/// A bulk request that was checked.
struct bulk_plan {
    /// Empty: the request can be carried out.
    std::vector<bulk_problem> problems;
    /// The messages name a template; else they have the contents below.
    bool templated{false};
    std::string subject;
    parsed_template subject_content;
    parsed_template html_content;
    parsed_template text_content;
    std::vector<bulk_message> messages;
};

/// Checks a bulk request. One wrong member makes the whole request wrong. Needs the lock of the world.
[[nodiscard]] bulk_plan check_bulk(server_state const& server, boost::json::value const& body);

/// The message for its recipients; nothing when its content cannot be rendered.
[[nodiscard]] std::optional<boost::json::value> render_bulk_message(bulk_plan const& plan, bulk_message const& message);

} // namespace postmark::sandbox::detail

#endif

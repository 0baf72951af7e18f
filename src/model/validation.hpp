// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_MODEL_VALIDATION_HPP
#define POSTMARK_MODEL_VALIDATION_HPP

#include "model/input_error.hpp"
#include "model/message_defaults.hpp"

#include <postmark/message.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::model {

/// Finds the first field by which a text from outside could add headers or recipients to the mail: CR, LF or NUL in
/// anything that becomes a header, or an address that would be read as several.
///
/// Every message is checked by this before it is sent. It allocates only if it finds something.
[[nodiscard]] input_error check_injection(message const& msg);

/// Finds the first of the defaults with such a fault, which is an error of the configuration (`default_sender`,
/// `default_reply_to`, `default_headers`).
[[nodiscard]] input_error check_injection(message_defaults const& defaults);

/// Checks a message, together with the defaults that it takes over, against the limits that the service documents.
/// Includes `check_injection`.
[[nodiscard]] input_error check_message(message const& msg, message_defaults const& defaults);

// The same checks of single fields, for requests that are no messages. They return what is wrong with the field, or an
// empty text.

[[nodiscard]] std::string check_text(std::string_view field, std::string_view text);
[[nodiscard]] std::string check_address(std::string_view field, mailbox const& value);
[[nodiscard]] std::string check_addresses(std::string_view field, mailbox_list const& list);
[[nodiscard]] std::string check_headers(std::string_view field, std::vector<mail_header> const& headers);
[[nodiscard]] std::string check_metadata(std::string_view field, std::map<std::string, std::string> const& metadata);
[[nodiscard]] std::string check_attachments(std::string_view field, std::vector<attachment> const& attachments);

/// Whether a text could end a header early: it holds CR, LF or NUL.
[[nodiscard]] bool has_header_injection(std::string_view text) noexcept;

/// Whether an address in a list of addresses is read as this one address. It holds none of `, ; < > "`, no second `@`,
/// and no blank beside an `@`, outside of a quoted local part. A text without `@` is no address of anybody.
[[nodiscard]] bool is_single_address(std::string_view address) noexcept;

/// Whether the text looks like one bare address that the service takes.
[[nodiscard]] bool is_plausible_address(std::string_view text) noexcept;

/// Whether the text may be the name of a mail header.
[[nodiscard]] bool is_header_name(std::string_view text) noexcept;

/// Whether the service refuses attachments with a name like this, by its last extension. Blanks and dots at the end of
/// the name do not count: some systems drop them.
[[nodiscard]] bool has_refused_extension(std::string_view file_name) noexcept;

} // namespace postmark::model

#endif

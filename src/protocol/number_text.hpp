// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_PROTOCOL_NUMBER_TEXT_HPP
#define POSTMARK_PROTOCOL_NUMBER_TEXT_HPP

#include <string>
#include <string_view>

namespace postmark::protocol {

/// The shortest decimal text that reads back as the same number, written as a person does: `19.9`, `0.001`, `100000`.
/// An exponent appears only from 1e+21 on and below 1e-6. What is not finite becomes `NaN` or `Infinity`, which is not
/// JSON.
[[nodiscard]] std::string number_text(double value);

/// Appends a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

} // namespace postmark::protocol

#endif

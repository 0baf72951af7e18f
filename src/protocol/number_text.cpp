// SPDX-License-Identifier: BSL-1.0

#include "protocol/number_text.hpp"

#include "protocol/json_writer.hpp"

#include <charconv>
#include <cmath>

namespace postmark::protocol {

std::string number_text(double value)
{
    constexpr double first_large = 1e21;
    constexpr double first_small = 1e-6;
    if (std::isnan(value)) {
        return "NaN";
    }
    if (std::isinf(value)) {
        return value < 0 ? "-Infinity" : "Infinity";
    }
    if (value == 0) {
        return "0";
    }
    double const magnitude = std::fabs(value);
    auto const format =
        magnitude < first_large && magnitude >= first_small ? std::chars_format::fixed : std::chars_format::scientific;
    // A sign, a point, 17 significant digits, and at most 6 leading zeros or 4 trailing ones or an exponent.
    char digits[40];
    auto const [end, error] = std::to_chars(digits, digits + sizeof digits, value, format);
    return error == std::errc{} ? std::string{digits, end} : std::string{"NaN"};
}

void append_json_string(std::string& out, std::string_view text)
{
    byte_buffer buffer;
    buffer.reserve(text.size() + write_slack);
    write_string(buffer, text);
    out += buffer.view();
}

} // namespace postmark::protocol

// SPDX-License-Identifier: BSL-1.0

#include "protocol/reply_reader.hpp"

#include "model/json_scanner.hpp"
#include "model/text.hpp"
#include "protocol/timestamp.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace postmark::protocol {

namespace {

using model::json_scanner;
using model::json_string;

/// A longer text is no timestamp and no ErrorCode, whatever it holds.
constexpr std::size_t max_short_text = 64;

enum class member : unsigned char { unknown, to, submitted_at, message_id, error_code, message };

/// Takes the name of a member that the library reads, and the colon, spelled as the service spells them.
member take_usual_name(json_scanner& in) noexcept
{
    // The first letter tells nearly all of them apart.
    switch (in.peek(1)) {
    case 'T':
        return in.take_known(R"("To":)") ? member::to : member::unknown;
    case 'S':
        return in.take_known(R"("SubmittedAt":)") ? member::submitted_at : member::unknown;
    case 'E':
        return in.take_known(R"("ErrorCode":)") ? member::error_code : member::unknown;
    case 'M':
        if (in.take_known(R"("MessageID":)")) {
            return member::message_id;
        }
        return in.take_known(R"("Message":)") ? member::message : member::unknown;
    default:
        return member::unknown;
    }
}

/// Which member a name is, however it is spelled.
member find_member(json_string const& name)
{
    constexpr std::pair<std::string_view, member> names[]{
        {"To", member::to},
        {"SubmittedAt", member::submitted_at},
        {"MessageID", member::message_id},
        {"ErrorCode", member::error_code},
        {"Message", member::message},
    };
    for (auto const& [text, found] : names) {
        if (name.is(text)) {
            return found;
        }
    }
    return member::unknown;
}

/// Takes the name of a member and the colon after it.
bool take_name(json_scanner& in, member& name)
{
    name = take_usual_name(in);
    if (name != member::unknown) {
        in.skip_blanks();
        return true;
    }
    json_string other;
    if (!in.take_string(other)) {
        return false;
    }
    name = find_member(other);
    return in.take(':');
}

int limit_code(std::int64_t value) noexcept
{
    // A number that no code can be is still not 0.
    return static_cast<int>(
        std::clamp<std::int64_t>(value, std::numeric_limits<int>::min(), std::numeric_limits<int>::max()));
}

/// The value of a whole number in any spelling of JSON's grammar (`300`, `3e2`, `300.0`), limited to the range of
/// `int`.
/// \return nothing if the number is not whole
std::optional<int> to_code(std::string_view number)
{
    std::int64_t integer = 0;
    auto const [stop, problem] = std::from_chars(number.data(), number.data() + number.size(), integer);
    if (stop == number.data() + number.size() && problem == std::errc{}) {
        return limit_code(integer);
    }

    bool const is_negative = number.starts_with('-');
    std::size_t const mantissa_size = std::min(number.find_first_of("eE"), number.size());
    std::string_view const exponent_text = number.substr(std::min(mantissa_size + 1, number.size()));
    std::int64_t exponent = 0;
    for (char const digit : exponent_text) {
        constexpr std::int64_t enough = 1'000'000'000'000;
        if (model::is_digit(digit) && exponent < enough) {
            exponent = exponent * 10 + (digit - '0');
        }
    }
    if (exponent_text.starts_with('-')) {
        exponent = -exponent;
    }
    std::string digits;
    for (char const byte : number.substr(0, mantissa_size)) {
        if (byte == '.') {
            exponent -= static_cast<std::int64_t>(mantissa_size - number.find('.') - 1);
        } else if (byte != '-' && (byte != '0' || !digits.empty())) {
            digits += byte;
        }
    }
    if (digits.empty()) {
        return 0;
    }
    for (; digits.back() == '0'; ++exponent) {
        digits.pop_back();
    }
    if (exponent < 0) {
        return std::nullopt;
    }
    constexpr std::int64_t max_digits = 10;
    if (static_cast<std::int64_t>(digits.size()) + exponent > max_digits) {
        return is_negative ? std::numeric_limits<int>::min() : std::numeric_limits<int>::max();
    }
    std::int64_t whole = 0;
    for (char const digit : digits) {
        whole = whole * 10 + (digit - '0');
    }
    for (; exponent != 0; --exponent) {
        whole *= 10;
    }
    return limit_code(is_negative ? -whole : whole);
}

/// Reads the members of one object into a receipt and fields.
class object_reader {
public:
    object_reader(json_scanner& in, std::size_t depth, receipt& result, reply_fields& fields) noexcept
        : in_{in}
        , depth_{depth}
        , result_{result}
        , fields_{fields}
    {
    }

    bool read()
    {
        if (!in_.take('{')) {
            return false;
        }
        if (in_.take('}')) {
            return true;
        }
        do {
            member name{};
            if (!take_name(in_, name) || !read_member(name)) {
                return false;
            }
        } while (in_.take(','));
        return in_.take('}');
    }

private:
    bool read_member(member name)
    {
        if (name == member::unknown) {
            return in_.skip_value(depth_);
        }
        char const first = in_.peek();
        if (first == '"') {
            return read_string(name);
        }
        if (name == member::error_code && (first == '-' || model::is_digit(first))) {
            return read_code();
        }
        set_wrong(name, first == 'n');
        return in_.skip_value(depth_);
    }

    bool read_string(member name)
    {
        json_string value;
        if (!in_.take_string(value)) {
            return false;
        }
        switch (name) {
        case member::to:
            value.assign_to(result_.to);
            break;
        case member::message_id:
            value.assign_to(result_.message_id);
            fields_.bad_id = false;
            break;
        case member::message:
            value.assign_to(result_.detail);
            model::make_printable(result_.detail);
            break;
        case member::submitted_at:
            set_time(value);
            break;
        case member::error_code:
            set_code(value);
            break;
        case member::unknown:
            break;
        }
        return true;
    }

    bool read_code()
    {
        fields_.bad_code = false;
        if (in_.take_small_number(fields_.code)) {
            return true;
        }
        std::string_view number;
        if (!in_.take_number(number)) {
            return false;
        }
        std::optional<int> const code = to_code(number);
        fields_.code = code.value_or(0);
        fields_.bad_code = !code;
        return true;
    }

    void set_time(json_string const& value)
    {
        std::string storage;
        if (!parse_timestamp(short_text(value, storage), result_.submitted_at)) {
            result_.submitted_at = {};
        }
    }

    /// Some endpoints send numbers as text.
    void set_code(json_string const& value)
    {
        std::string storage;
        std::string_view const text = short_text(value, storage);
        std::int64_t number = 0;
        auto const [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
        fields_.bad_code = problem != std::errc{} || stop != text.data() + text.size();
        fields_.code = fields_.bad_code ? 0 : limit_code(number);
    }

    /// The text that a string stands for; empty if that is too long to be of interest.
    static std::string_view short_text(json_string const& value, std::string& storage)
    {
        std::string_view text = value.written;
        if (value.is_escaped) {
            value.assign_to(storage);
            text = storage;
        }
        return text.size() <= max_short_text ? text : std::string_view{};
    }

    /// The value of a member is null, or of a type that it cannot have.
    void set_wrong(member name, bool is_null)
    {
        switch (name) {
        case member::to:
            result_.to.clear();
            break;
        case member::submitted_at:
            result_.submitted_at = {};
            break;
        case member::message_id:
            result_.message_id.clear();
            fields_.bad_id = !is_null;
            break;
        case member::error_code:
            fields_.code = 0;
            fields_.bad_code = !is_null;
            break;
        case member::message:
            result_.detail.clear();
            break;
        case member::unknown:
            break;
        }
    }

    json_scanner& in_;
    std::size_t const depth_;
    receipt& result_;
    reply_fields& fields_;
};

body_kind kind_of_failure(json_scanner const& in) noexcept
{
    return in.is_cut_short() ? body_kind::incomplete : body_kind::not_json;
}

/// The kind of a body that does not begin like the expected one.
body_kind kind_of_other(json_scanner& in) noexcept
{
    if (!in.skip_value(0)) {
        return kind_of_failure(in);
    }
    return in.at_end() ? body_kind::wrong_type : body_kind::not_json;
}

} // namespace

body_kind read_object(unsigned http_status, std::string_view body, receipt& result, reply_fields& fields)
{
    reset(result, http_status);
    fields = {};
    json_scanner in{model::skip_byte_order_mark(body)};
    if (in.peek() != '{') {
        return kind_of_other(in);
    }
    bool const good = object_reader{in, 1, result, fields}.read();
    if (good && in.at_end()) {
        return body_kind::as_expected;
    }
    reset(result, http_status);
    fields = {};
    return good ? body_kind::not_json : kind_of_failure(in);
}

reply_items read_items(unsigned http_status, std::string_view body, std::span<receipt* const> receipts)
{
    reply_items items;
    json_scanner in{model::skip_byte_order_mark(body)};
    if (in.peek() != '[') {
        items.kind = kind_of_other(in);
        return items;
    }
    static_cast<void>(in.take('['));
    bool good = in.take(']');
    bool more = !good;
    while (more) {
        if (items.count >= receipts.size()) {
            good = in.skip_value(1);
        } else {
            receipt& result = *receipts[items.count];
            reset(result, http_status);
            if (in.peek() == '{') {
                reply_fields fields;
                good = object_reader{in, 2, result, fields}.read();
                classify(result, fields);
            } else {
                good = in.skip_value(1);
                set_unknown(result, errc::malformed_reply, "the item of the reply is not an object");
            }
        }
        ++items.count;
        more = good && in.take(',');
    }
    good = good && (items.count == 0 || in.take(']'));
    if (!good) {
        items.kind = kind_of_failure(in);
    } else {
        items.kind = in.at_end() ? body_kind::as_expected : body_kind::not_json;
    }
    return items;
}

} // namespace postmark::protocol

// SPDX-License-Identifier: BSL-1.0

#include "protocol/plain_reply_reader.hpp"

#include "protocol/timestamp.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

namespace postmark::protocol {

namespace {

/// Text that comes in parts, as far as it is short enough to matter.
class short_text {
public:
    void assign(std::string_view part, bool first) noexcept
    {
        if (first) {
            size_ = 0;
            too_long_ = false;
        }
        too_long_ = too_long_ || part.size() > bytes_.size() - size_;
        if (!too_long_) {
            std::ranges::copy(part, bytes_.begin() + static_cast<std::ptrdiff_t>(size_));
            size_ += part.size();
        }
    }

    [[nodiscard]] std::string_view view() const noexcept
    {
        return too_long_ ? std::string_view{} : std::string_view{bytes_.data(), size_};
    }

private:
    std::array<char, longest_timestamp> bytes_;
    std::size_t size_ = 0;
    bool too_long_ = false;
};

/// Takes the events of the parser and fills receipts: one from an object, or one from each element of an array.
///
/// A key counts only directly in such an object, and the last of its kind wins.
class answer_handler {
public:
    using error = boost::system::error_code;
    using view = boost::json::string_view;

    static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();

    /// The whole body is one object; `fields` are the caller's to judge.
    explicit answer_handler(receipt& result) noexcept
        : result_{&result}
    {
    }

    /// The body is an array of objects, each of which is judged when it ends.
    explicit answer_handler(std::span<receipt* const> receipts) noexcept
        : receipts_{receipts}
        , item_depth_{2}
    {
    }

    [[nodiscard]] bool root_as_expected() const noexcept { return root_as_expected_; }
    [[nodiscard]] std::size_t item_count() const noexcept { return item_count_; }
    [[nodiscard]] reply_fields const& fields() const noexcept { return fields_; }

    bool on_document_begin(error&) noexcept { return true; }
    bool on_document_end(error&) noexcept { return true; }

    bool on_object_begin(error&)
    {
        begin_value();
        ++depth_;
        if (depth_ == 1) {
            root_as_expected_ = item_depth_ == 1;
        }
        if (depth_ == item_depth_ && root_as_expected_) {
            in_item_ = true;
            fields_ = {};
        }
        return true;
    }

    bool on_object_end(std::size_t, error&)
    {
        if (at_field()) {
            in_item_ = false;
            if (item_depth_ == 2) {
                if (result_ != nullptr) {
                    settle(*result_, fields_);
                }
                ++item_count_;
            }
        }
        --depth_;
        return true;
    }

    bool on_array_begin(error&)
    {
        begin_value();
        ++depth_;
        if (depth_ == 1) {
            root_as_expected_ = item_depth_ == 2;
        } else if (depth_ == 2) {
            refuse_element();
        }
        return true;
    }

    bool on_array_end(std::size_t, error&) noexcept
    {
        --depth_;
        return true;
    }

    bool on_key_part(view part, std::size_t size, error&) noexcept
    {
        if (at_field()) {
            name_.assign({part.data(), part.size()}, part.size() == size);
        }
        return true;
    }

    bool on_key(view part, std::size_t size, error&) noexcept
    {
        if (at_field()) {
            if (part.size() == size) {
                key_ = find_key({part.data(), part.size()});
            } else {
                name_.assign({part.data(), part.size()}, false);
                key_ = find_key(name_.view());
            }
        }
        return true;
    }

    bool on_string_part(view part, std::size_t size, error&)
    {
        if (at_field()) {
            put_text({part.data(), part.size()}, part.size() == size);
        }
        return true;
    }

    bool on_string(view part, std::size_t size, error&)
    {
        if (at_field()) {
            put_text({part.data(), part.size()}, part.size() == size);
            end_text();
        } else {
            refuse_scalar();
        }
        return true;
    }

    bool on_number_part(view, error&) noexcept { return true; }

    bool on_int64(std::int64_t value, view, error&)
    {
        put_number(value);
        return true;
    }

    bool on_uint64(std::uint64_t value, view, error&)
    {
        put_number(value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())
                       ? static_cast<std::int64_t>(value)
                       : std::numeric_limits<std::int64_t>::max());
        return true;
    }

    bool on_double(double value, view, error&)
    {
        // Whole numbers may be spelt with a fraction or an exponent.
        constexpr double most = 2e9;
        if (std::trunc(value) == value) {
            put_number(static_cast<std::int64_t>(std::clamp(value, -most, most)));
        } else {
            begin_value();
            refuse_scalar();
        }
        return true;
    }

    bool on_bool(bool, error&)
    {
        begin_value();
        refuse_scalar();
        return true;
    }

    bool on_null(error&)
    {
        if (at_field()) {
            set_wrong(false);
        } else {
            refuse_scalar();
        }
        return true;
    }

    bool on_comment_part(view, error&) noexcept { return true; }
    bool on_comment(view, error&) noexcept { return true; }

private:
    enum class key { other, to, submitted_at, message_id, error_code, message };

    static key find_key(std::string_view name) noexcept
    {
        switch (name.size()) {
        case 2:
            return name == "To" ? key::to : key::other;
        case 7:
            return name == "Message" ? key::message : key::other;
        case 9:
            return name == "MessageID" ? key::message_id : name == "ErrorCode" ? key::error_code : key::other;
        case 11:
            return name == "SubmittedAt" ? key::submitted_at : key::other;
        default:
            return key::other;
        }
    }

    /// Whether the parser stands directly in an object that is read.
    [[nodiscard]] bool at_field() const noexcept { return in_item_ && depth_ == item_depth_; }

    /// A value begins that is not a string, a number or null: of a key that is read, that is a wrong type. As an
    /// element of the array it is an object, or is refused later.
    void begin_value()
    {
        if (at_field()) {
            set_wrong(true);
        } else if (depth_ == 1 && item_depth_ == 2) {
            result_ = item_count_ < receipts_.size() ? receipts_[item_count_] : nullptr;
        }
    }

    /// An element of the array that is not an object.
    void refuse_element()
    {
        if (root_as_expected_ && item_depth_ == 2) {
            if (item_count_ < receipts_.size()) {
                set_unknown(*receipts_[item_count_], errc::malformed_reply, "the item of the answer is not an object");
            }
            ++item_count_;
        }
    }

    void refuse_scalar()
    {
        if (depth_ == 1) {
            refuse_element();
        }
    }

    /// The value of the current key is null, or of a type that it cannot have.
    void set_wrong(bool bad)
    {
        switch (key_) {
        case key::to:
            if (result_ != nullptr) {
                result_->to.clear();
            }
            break;
        case key::submitted_at:
            if (result_ != nullptr) {
                result_->submitted_at = {};
            }
            break;
        case key::message_id:
            if (result_ != nullptr) {
                result_->message_id.clear();
            }
            fields_.bad_id = bad;
            break;
        case key::error_code:
            fields_.code = 0;
            fields_.bad_code = bad;
            break;
        case key::message:
            if (result_ != nullptr) {
                result_->detail.clear();
            }
            break;
        case key::other:
            break;
        }
    }

    void put_number(std::int64_t value)
    {
        if (!at_field()) {
            refuse_scalar();
        } else if (key_ == key::error_code) {
            set_code(value);
        } else {
            set_wrong(true);
        }
    }

    /// A number that no code can be is not 0 all the same.
    void set_code(std::int64_t value) noexcept
    {
        fields_.bad_code = false;
        fields_.code = static_cast<int>(
            std::clamp<std::int64_t>(value, std::numeric_limits<int>::min(), std::numeric_limits<int>::max()));
    }

    void put_text(std::string_view part, bool first)
    {
        if (key_ == key::error_code || key_ == key::submitted_at) {
            text_.assign(part, first);
            return;
        }
        if (result_ == nullptr) {
            return;
        }
        if (key_ == key::message_id) {
            put(result_->message_id, part, first);
        } else if (key_ == key::to) {
            put(result_->to, part, first);
        } else if (key_ == key::message) {
            put(result_->detail, part, first);
        }
    }

    static void put(std::string& member, std::string_view part, bool first)
    {
        if (first) {
            member.assign(part);
        } else {
            member.append(part);
        }
    }

    void end_text()
    {
        if (key_ == key::message_id) {
            fields_.bad_id = false;
        } else if (key_ == key::error_code) {
            std::string_view const text = text_.view();
            std::int64_t value = 0;
            auto const [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
            if (problem == std::errc{} && stop == text.data() + text.size()) {
                set_code(value);
            } else {
                set_wrong(true);
            }
        } else if (key_ == key::submitted_at && result_ != nullptr &&
                   !parse_timestamp(text_.view(), result_->submitted_at)) {
            result_->submitted_at = {};
        }
    }

    receipt* result_ = nullptr;
    std::span<receipt* const> receipts_;
    std::size_t item_count_ = 0;
    std::size_t depth_ = 0;
    std::size_t item_depth_ = 1;
    reply_fields fields_;
    key key_ = key::other;
    bool root_as_expected_ = false;
    bool in_item_ = false;
    short_text name_;
    short_text text_;
};

using answer_parser = boost::json::basic_parser<answer_handler>;

body_kind parse(answer_parser& parser, std::string_view body)
{
    boost::system::error_code error;
    std::size_t const used = parser.write_some(false, body.data(), body.size(), error);
    if (error == boost::json::error::incomplete) {
        return body_kind::incomplete;
    }
    if (error || used != body.size()) {
        return body_kind::not_json;
    }
    return parser.handler().root_as_expected() ? body_kind::as_expected : body_kind::wrong_type;
}

boost::json::parse_options answer_options() noexcept
{
    boost::json::parse_options value;
    // A broken character in an echo of the request must not hide what became of it.
    value.allow_invalid_utf8 = true;
    return value;
}

/// The value of four hexadecimal digits; none if they are not.
std::optional<unsigned> read_hex4(std::string_view text) noexcept
{
    unsigned value = 0;
    auto const [stop, problem] =
        std::from_chars(text.data(), text.data() + std::min<std::size_t>(text.size(), 4), value, 16);
    return problem == std::errc{} && stop == text.data() + 4 ? std::optional{value} : std::nullopt;
}

/// Puts U+FFFD where an escape is one half of a surrogate pair: JSON by its grammar, which the parser refuses. A text that
/// somebody cut must not hide what became of the mail.
/// \return nothing if there is no such place
std::optional<std::string> mend_escapes(std::string_view body)
{
    constexpr std::size_t escape_size = 6;
    std::optional<std::string> mended;
    for (std::size_t at = body.find('\\'); at < body.size(); at = body.find('\\', at)) {
        auto const code = body.substr(at).starts_with("\\u") ? read_hex4(body.substr(at + 2)) : std::nullopt;
        if (!code) {
            // What it escapes may be a backslash itself.
            at += 2;
            continue;
        }
        auto const is_second = [](std::optional<unsigned> unit) { return unit >= 0xdc00U && unit <= 0xdfffU; };
        bool const first = *code >= 0xd800U && *code <= 0xdbffU;
        if (first && body.substr(at + escape_size).starts_with("\\u") &&
            is_second(read_hex4(body.substr(at + escape_size + 2)))) {
            at += 2 * escape_size;
            continue;
        }
        if (first || is_second(code)) {
            if (!mended) {
                mended.emplace(body);
            }
            mended->replace(at + 2, 4, "fffd");
        }
        at += escape_size;
    }
    return mended;
}

/// \param read reads the whole of a body, over
template <class Read>
body_kind parse_mended(std::string_view body, Read read)
{
    body_kind kind = read(body);
    if (kind == body_kind::not_json) {
        if (auto const mended = mend_escapes(body)) {
            kind = read(*mended);
        }
    }
    return kind;
}

} // namespace

body_kind read_object(unsigned http_status, std::string_view body, receipt& result, reply_fields& fields)
{
    body_kind const kind = parse_mended(body, [&](std::string_view json) {
        reset(result, http_status);
        answer_parser parser{answer_options(), result};
        body_kind const found = parse(parser, json);
        fields = parser.handler().fields();
        return found;
    });
    if (kind != body_kind::as_expected) {
        reset(result, http_status);
        fields = {};
    }
    return kind;
}

reply_items read_items(unsigned http_status, std::string_view body, std::span<receipt* const> receipts)
{
    reply_items items;
    items.kind = parse_mended(body, [&](std::string_view json) {
        for (receipt* const each : receipts) {
            reset(*each, http_status);
        }
        answer_parser parser{answer_options(), receipts};
        body_kind const found = parse(parser, json);
        items.count = parser.handler().item_count();
        return found;
    });
    return items;
}

} // namespace postmark::protocol

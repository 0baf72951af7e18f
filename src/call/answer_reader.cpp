#include "call/answer_reader.hpp"

#include "call/timestamp.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <string>

namespace postmark::call {

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
    std::array<char, 64> bytes_;
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
    [[nodiscard]] answer_fields const& fields() const noexcept { return fields_; }

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

    bool on_double(double, view, error&)
    {
        begin_value();
        refuse_scalar();
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

    void set_code(std::int64_t value) noexcept
    {
        fields_.bad_code = value < std::numeric_limits<int>::min() || value > std::numeric_limits<int>::max();
        fields_.code = fields_.bad_code ? 0 : static_cast<int>(value);
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
    answer_fields fields_;
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

boost::json::parse_options options() noexcept
{
    boost::json::parse_options value;
    // A broken character in an echo of the request must not hide what became of it.
    value.allow_invalid_utf8 = true;
    return value;
}

} // namespace

body_kind read_object(std::string_view body, receipt& result, answer_fields& fields)
{
    answer_parser parser{options(), result};
    body_kind const kind = parse(parser, body);
    if (kind == body_kind::as_expected) {
        fields = parser.handler().fields();
    } else {
        reset(result, result.http_status);
    }
    return kind;
}

answer_items read_items(std::string_view body, std::span<receipt* const> receipts)
{
    answer_parser parser{options(), receipts};
    body_kind const kind = parse(parser, body);
    return {kind, parser.handler().item_count()};
}

} // namespace postmark::call

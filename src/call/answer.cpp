#include "call/answer.hpp"

#include "call/timestamp.hpp"
#include "values/text.hpp"

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <string>
#include <utility>

namespace postmark::call {

namespace {

/// What an object said beside its texts, which go straight into the receipt.
struct answer_fields {
    int code = 0;
    bool bad_code = false;
    bool bad_id = false;
};

/// What the body of an answer was.
enum class body_kind { not_json, incomplete, wrong_type, as_expected };

void forget_texts(receipt& result)
{
    result.message_id.clear();
    result.to.clear();
    result.submitted_at = {};
    result.detail.clear();
    result.suppressed.clear();
}

void reset(receipt& result, unsigned http_status)
{
    forget_texts(result);
    result.outcome = outcome::unknown;
    result.error = {};
    result.error_code = 0;
    result.http_status = http_status;
}

void set_unknown(receipt& result, errc error, std::string_view cause)
{
    forget_texts(result);
    result.outcome = outcome::unknown;
    result.error = error;
    result.detail = cause;
}

std::size_t find_ignoring_case(std::string_view text, std::string_view lower_marker) noexcept
{
    auto const found = std::search(text.begin(), text.end(), lower_marker.begin(), lower_marker.end(),
                                   [](char byte, char wanted) { return values::to_lower(byte) == wanted; });
    return found == text.end() ? std::string_view::npos : static_cast<std::size_t>(found - text.begin());
}

bool is_blank(char byte) noexcept
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

std::string_view trim(std::string_view text) noexcept
{
    while (!text.empty() && is_blank(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_blank(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

/// The text up to the dot that ends a sentence: addresses hold dots, but no blank behind them.
std::string_view sentence(std::string_view text) noexcept
{
    for (std::size_t index = 0; index < text.size(); ++index) {
        if (text[index] == '.' && (index + 1 == text.size() || is_blank(text[index + 1]))) {
            return text.substr(0, index);
        }
    }
    return text;
}

/// Appends the addresses that the text lists behind the marker.
void read_suppressed(std::string_view text, std::string_view lower_marker, std::vector<std::string>& addresses)
{
    if (text.size() <= lower_marker.size()) {
        return;
    }
    std::size_t const marker = find_ignoring_case(text, lower_marker);
    if (marker == std::string_view::npos) {
        return;
    }
    std::string_view list = text.substr(marker + lower_marker.size());
    std::size_t const explanation = find_ignoring_case(list, "inactive recipients");
    list = trim(list.substr(0, explanation));
    if (explanation != std::string_view::npos && list.ends_with('.')) {
        list.remove_suffix(1);
    } else {
        list = sentence(list);
    }
    while (!list.empty()) {
        std::size_t const comma = std::min(list.find(','), list.size());
        if (std::string_view const address = trim(list.substr(0, comma)); !address.empty()) {
            addresses.emplace_back(address);
        }
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
}

void set_rejected(receipt& result, postmark::error_code error)
{
    result.outcome = outcome::rejected;
    result.error = error;
    result.message_id.clear();
    if (result.error_code == static_cast<int>(api_errc::inactive_recipient)) {
        read_suppressed(result.detail, "inactive addresses:", result.suppressed);
    }
}

/// Decides about one message by the object that answers it with HTTP 200.
void settle(receipt& result, answer_fields const& fields)
{
    result.error_code = fields.code;
    if (fields.bad_code) {
        set_unknown(result, errc::malformed_reply, "the answer has an ErrorCode that is not a number");
    } else if (fields.code != 0) {
        if (result.detail.empty()) {
            result.detail = "ErrorCode " + std::to_string(fields.code);
        }
        set_rejected(result, static_cast<api_errc>(fields.code));
    } else if (fields.bad_id) {
        set_unknown(result, errc::malformed_reply, "the answer has a MessageID that is not a string");
    } else if (result.message_id.empty()) {
        set_unknown(result, errc::malformed_reply, "the answer has no MessageID");
    } else {
        result.outcome = outcome::accepted;
        result.error = {};
        read_suppressed(result.detail, "will not deliver to these inactive addresses:", result.suppressed);
    }
}

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

/// Fills the receipt from an object. Unless the whole body is one, nothing of it is kept.
body_kind read_object(std::string_view body, receipt& result, answer_fields& fields)
{
    answer_parser parser{options(), result};
    body_kind const kind = parse(parser, body);
    if (kind == body_kind::as_expected) {
        fields = parser.handler().fields();
    } else {
        forget_texts(result);
    }
    return kind;
}

std::string http_cause(unsigned http_status)
{
    return "HTTP " + std::to_string(http_status);
}

/// The beginning of a body that is not what it should be, for a human to read.
std::string_view excerpt(std::string_view body) noexcept
{
    constexpr std::size_t longest = 512;
    body = trim(body);
    if (body.size() > longest) {
        std::size_t cut = longest;
        while (cut > longest - 4 && (static_cast<unsigned char>(body[cut]) & 0xc0) == 0x80) {
            --cut;
        }
        body = body.substr(0, cut);
    }
    return body;
}

bool is_refusal(unsigned http_status) noexcept
{
    return http_status >= 400 && http_status <= 499 && http_status != 408;
}

/// What a status other than 200 means. Never success.
postmark::error_code refusal(unsigned http_status, int code) noexcept
{
    if (is_refusal(http_status)) {
        if (code != 0) {
            return static_cast<api_errc>(code);
        }
        return http_status == 429 ? make_error_code(api_errc::rate_limit_exceeded)
                                  : make_error_code(errc::http_refused);
    }
    return should_wait(http_status, code) ? make_error_code(api_errc::maintenance)
                                          : make_error_code(errc::server_error);
}

/// Sees to it that a failure has a text.
void explain(std::string& detail, unsigned http_status, std::string_view body)
{
    if (detail.empty() && is_refusal(http_status)) {
        detail = excerpt(body);
    }
    if (detail.empty()) {
        detail = http_cause(http_status);
    }
}

} // namespace

void read_send_answer(unsigned http_status, std::string_view body, receipt& result)
{
    reset(result, http_status);
    answer_fields fields;
    body_kind const kind = read_object(body, result, fields);
    if (http_status == 200) {
        switch (kind) {
        case body_kind::as_expected:
            settle(result, fields);
            break;
        case body_kind::wrong_type:
            set_unknown(result, errc::malformed_reply, "the answer is not a JSON object");
            break;
        case body_kind::incomplete:
            set_unknown(result, errc::malformed_reply,
                        body.empty() ? "the answer is empty" : "the answer is cut short");
            break;
        case body_kind::not_json:
            set_unknown(result, errc::malformed_reply, "the answer is not JSON");
            break;
        }
        return;
    }

    result.error_code = fields.code;
    postmark::error_code const error = refusal(http_status, fields.code);
    explain(result.detail, http_status, body);
    if (error == make_error_code(errc::server_error)) {
        std::string const detail = std::move(result.detail);
        set_unknown(result, errc::server_error, detail);
    } else {
        set_rejected(result, error);
    }
}

bool should_wait(unsigned http_status, int error_code) noexcept
{
    return http_status == 429 || (http_status == 503 && error_code == static_cast<int>(api_errc::maintenance));
}

bool should_wait(receipt const& result) noexcept
{
    return should_wait(result.http_status, result.error_code);
}

batch_answer read_batch_answer(unsigned http_status, std::string_view body, std::span<receipt* const> receipts)
{
    for (receipt* const result : receipts) {
        reset(*result, http_status);
    }
    auto const all_unknown = [&](errc error, std::string_view cause) {
        for (receipt* const result : receipts) {
            set_unknown(*result, error, cause);
            result->error_code = 0;
        }
        return batch_answer::unknown;
    };

    if (http_status == 200) {
        answer_parser parser{options(), receipts};
        switch (parse(parser, body)) {
        case body_kind::wrong_type:
            return all_unknown(errc::malformed_reply, "the answer to a batch is not a JSON array");
        case body_kind::incomplete:
            return all_unknown(errc::malformed_reply, "the answer to a batch is cut short");
        case body_kind::not_json:
            return all_unknown(errc::malformed_reply, "the answer to a batch is not JSON");
        case body_kind::as_expected:
            break;
        }
        std::size_t const count = parser.handler().item_count();
        if (count != receipts.size()) {
            return all_unknown(errc::item_count_mismatch, "the answer has " + std::to_string(count) + " items for " +
                                                              std::to_string(receipts.size()) + " messages");
        }
        return batch_answer::items;
    }

    receipt whole;
    read_send_answer(http_status, body, whole);
    for (receipt* const result : receipts) {
        result->outcome = whole.outcome;
        result->error = whole.error;
        result->error_code = whole.error_code;
        result->detail = whole.detail;
        result->suppressed = whole.suppressed;
    }
    return whole.outcome == outcome::rejected ? batch_answer::refused : batch_answer::unknown;
}

bool worth_splitting(unsigned http_status, int error_code) noexcept
{
    if (http_status != 413 && http_status != 422) {
        return false;
    }
    // These are about the account, the server or the network it is called from: every part would get the same answer.
    switch (static_cast<api_errc>(error_code)) {
    case api_errc::account_pending:
    case api_errc::account_may_not_send:
    case api_errc::invalid_server_or_account:
    case api_errc::ip_not_authorized:
        return false;
    default:
        return true;
    }
}

error_code read_api_answer(unsigned http_status, std::string_view body, api_reply& reply,
                           std::function<bool(std::string_view)> const& read_body)
{
    receipt envelope;
    answer_fields fields;
    // An array has no place for an ErrorCode, so a long listing of that kind need not be read twice.
    if (trim(body).starts_with('{')) {
        static_cast<void>(read_object(body, envelope, fields));
    }
    reply.http_status = http_status;
    reply.error_code = fields.code;
    reply.detail = std::move(envelope.detail);

    if (http_status != 200) {
        explain(reply.detail, http_status, body);
        return refusal(http_status, fields.code);
    }
    if (fields.code != 0) {
        if (reply.detail.empty()) {
            reply.detail = "ErrorCode " + std::to_string(fields.code);
        }
        return static_cast<api_errc>(fields.code);
    }
    if (!read_body(body)) {
        reply.detail = "the answer is not what this call is answered with";
        return errc::malformed_reply;
    }
    return {};
}

} // namespace postmark::call

// SPDX-License-Identifier: BSL-1.0

#include "transport/reply_parser.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <limits>

namespace postmark::transport {

namespace {

/// A buffer that one unusually long reply made larger than this is released.
constexpr std::size_t max_kept_capacity = 256 * 1024;

constexpr std::size_t max_chunk_line = 4 * 1024;

char lower(char letter) noexcept
{
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + ('a' - 'A')) : letter;
}

/// \param usual the spelling that most servers use, which is found at once
bool equals_ignoring_case(std::string_view text, std::string_view usual) noexcept
{
    return text == usual ||
           (text.size() == usual.size() &&
            std::equal(text.begin(), text.end(), usual.begin(), [](char a, char b) { return lower(a) == lower(b); }));
}

std::string_view trim(std::string_view text) noexcept
{
    auto const is_blank = [](char letter) { return letter == ' ' || letter == '\t'; };
    while (!text.empty() && is_blank(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_blank(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

/// The characters of a field's name (RFC 9110, 5.6.2).
constexpr std::array<bool, 256> token_characters = [] {
    std::array<bool, 256> table{};
    for (char const character :
         std::string_view{"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"}) {
        table[static_cast<unsigned char>(character)] = true;
    }
    return table;
}();

/// The token at the beginning of a text; may be empty.
std::string_view leading_token(std::string_view text) noexcept
{
    auto const end = std::find_if_not(text.begin(), text.end(), [](char character) {
        return token_characters[static_cast<unsigned char>(character)];
    });
    return {text.begin(), end};
}

/// The name at the beginning of a field's line; empty if there is none that is well formed.
std::string_view leading_name(std::string_view line) noexcept
{
    std::string_view const name = leading_token(line);
    return name.size() != line.size() && line[name.size()] == ':' ? name : std::string_view{};
}

} // namespace

void reply_parser::reset(std::size_t body_limit, bool tunnel)
{
    if (buffer_.size() > max_kept_capacity) {
        buffer_.clear();
        buffer_.shrink_to_fit();
    }
    end_ = next_ = searched_ = 0;
    head_begin_ = interim_bytes_ = trailer_bytes_ = 0;
    has_status_line_ = false;
    body_begin_ = body_end_ = 0;
    body_limit_ = body_limit;
    tunnel_ = tunnel;
    proxy_schemes_.clear();
    http_status_ = 0;
    keep_alive_ = false;
    retry_after_size_ = 0;
    stage_ = stage::head;
    body_framing_ = framing::none;
}

char* reply_parser::prepare(std::size_t size)
{
    if (buffer_.size() - end_ < size) {
        buffer_.resize(std::max(end_ + size, std::min(buffer_.size() * 2, body_limit_ + 2 * head_limit + size)));
    }
    return buffer_.data() + end_;
}

reply_parser::status reply_parser::commit(std::size_t size)
{
    end_ += size;
    return advance();
}

reply_parser::status reply_parser::finish(bool orderly)
{
    if (stage_ == stage::complete) {
        return status::complete;
    }
    if (stage_ == stage::body && body_framing_ == framing::until_close && orderly) {
        stage_ = stage::complete;
        return status::complete;
    }
    return status::incomplete;
}

std::string_view reply_parser::retry_after() const noexcept
{
    return {buffer_.data() + retry_after_begin_, retry_after_size_};
}

reply_parser::status reply_parser::fail(status cause) noexcept
{
    stage_ = stage::failed;
    failure_ = cause;
    return cause;
}

reply_parser::status reply_parser::advance()
{
    for (;;) {
        stage const before = stage_;
        status now = status::incomplete;
        switch (stage_) {
        case stage::head:
            now = parse_head();
            break;
        case stage::body:
            now = parse_body();
            break;
        case stage::chunk_size:
        case stage::chunk_end:
            now = parse_chunk_size();
            break;
        case stage::chunk_data:
            now = parse_chunk_data();
            break;
        case stage::trailers:
            now = parse_trailers();
            break;
        case stage::complete:
            return status::complete;
        case stage::failed:
            return failure_;
        }
        if (now != status::incomplete) {
            return now;
        }
        if (stage_ == before) {
            break;
        }
    }
    if (body_framing_ == framing::chunked) {
        close_gap();
    }
    return status::incomplete;
}

reply_parser::status reply_parser::parse_head()
{
    // Line by line, as they come. A line end is CRLF, or a bare LF as RFC 9112 lets a recipient accept.
    for (;;) {
        std::string_view const rest{buffer_.data() + searched_, end_ - searched_};
        auto const found = rest.find('\n');
        std::size_t const line_end = found == std::string_view::npos ? end_ : searched_ + found + 1;
        if (line_end - head_begin_ + interim_bytes_ > head_limit) {
            // Without a status line the bytes are not HTTP, whatever their number.
            return fail(has_status_line_ || interim_bytes_ != 0 ? status::too_large : status::malformed);
        }
        searched_ = line_end;
        if (found == std::string_view::npos) {
            return status::incomplete;
        }
        std::string_view line{buffer_.data() + next_, line_end - 1 - next_};
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        if (has_status_line_ && !line.empty()) {
            switch (look_for_fold(line_end)) {
            case fold::none:
                break;
            case fold::continued:
                continue;
            case fold::undecided:
                // The end of the line is found again when the next byte is there.
                searched_ = line_end - 1;
                return status::incomplete;
            }
        }
        next_ = line_end;

        if (!has_status_line_) {
            has_content_length_ = has_transfer_encoding_ = close_announced_ = false;
            retry_after_size_ = 0;
            has_status_line_ = parse_status_line(line);
            if (!has_status_line_) {
                return fail(status::malformed);
            }
        } else if (!line.empty()) {
            if (!parse_field(line)) {
                return fail(status::malformed);
            }
        } else if (http_status_ >= 200) {
            break;
        } else {
            // Another head follows. 101 would be the reply to a request to upgrade, which is never made.
            if (http_status_ == 101) {
                return fail(status::malformed);
            }
            interim_bytes_ += next_ - head_begin_;
            head_begin_ = next_;
            has_status_line_ = false;
        }
    }
    std::size_t const head_end = next_;
    if (std::string_view{buffer_.data(), head_end}.find('\0') != std::string_view::npos) {
        return fail(status::malformed);
    }

    body_begin_ = body_end_ = head_end;
    // The head of a proxy's reply to CONNECT is enough: after a success the tunnel begins, and a refusal is one
    // whatever follows.
    if (http_status_ == 204 || http_status_ == 304 || tunnel_) {
        body_framing_ = framing::none;
        stage_ = stage::complete;
        return status::complete;
    }
    if (has_transfer_encoding_) {
        body_framing_ = framing::chunked;
        stage_ = stage::chunk_size;
        // Both kinds of framing at once: the chunks count, and the connection is not trusted any further (RFC 9112,
        // 6.3).
        if (has_content_length_) {
            keep_alive_ = false;
        }
        return status::incomplete;
    }
    if (has_content_length_) {
        body_framing_ = framing::length;
        if (content_length_ > body_limit_) {
            return fail(status::too_large);
        }
        remaining_ = content_length_;
    } else {
        body_framing_ = framing::until_close;
    }
    stage_ = stage::body;
    return status::incomplete;
}

/// A field's value may go on in a line that begins with a blank (obs-fold). The line end is read as blanks then (RFC
/// 9112, 5.2).
reply_parser::fold reply_parser::look_for_fold(std::size_t line_end) noexcept
{
    if (line_end == end_) {
        return fold::undecided;
    }
    if (buffer_[line_end] != ' ' && buffer_[line_end] != '\t') {
        return fold::none;
    }
    buffer_[line_end - 1] = ' ';
    if (buffer_[line_end - 2] == '\r') {
        buffer_[line_end - 2] = ' ';
    }
    return fold::continued;
}

bool reply_parser::parse_status_line(std::string_view line)
{
    // HTTP/1.1 200 Text
    if (line.size() < 12 || !line.starts_with("HTTP/1.") || line[7] < '0' || line[7] > '9' || line[8] != ' ') {
        return false;
    }
    keep_alive_ = line[7] != '0';
    unsigned value = 0;
    for (char const digit : line.substr(9, 3)) {
        if (digit < '0' || digit > '9') {
            return false;
        }
        value = value * 10 + static_cast<unsigned>(digit - '0');
    }
    http_status_ = value;
    return value >= 100 && value <= 599 && (line.size() == 12 || line[12] == ' ');
}

bool reply_parser::parse_field(std::string_view line)
{
    std::string_view const name = leading_name(line);
    if (name.empty()) {
        return false;
    }
    // With the blanks round it, which are removed where the value matters.
    std::string_view const padded = line.substr(name.size() + 1);
    // Most fields do not matter here, and the length of their names is enough to see it.
    switch (name.size()) {
    case std::string_view{"connection"}.size():
        return !equals_ignoring_case(name, "Connection") || parse_connection(padded);
    case std::string_view{"retry-after"}.size():
        if (equals_ignoring_case(name, "Retry-After")) {
            std::string_view const value = trim(padded);
            retry_after_begin_ = static_cast<std::size_t>(value.data() - buffer_.data());
            retry_after_size_ = value.size();
        }
        return true;
    case std::string_view{"content-length"}.size():
        return !equals_ignoring_case(name, "Content-Length") || parse_content_length(trim(padded));
    case std::string_view{"proxy-authenticate"}.size():
        if (tunnel_ && equals_ignoring_case(name, "Proxy-Authenticate")) {
            parse_proxy_authenticate(padded);
        }
        return true;
    case std::string_view{"transfer-encoding"}.size():
        if (!equals_ignoring_case(name, "Transfer-Encoding")) {
            return true;
        }
        // No other coding was asked for, so none may be there.
        if (has_transfer_encoding_ || !equals_ignoring_case(trim(padded), "chunked")) {
            return false;
        }
        has_transfer_encoding_ = true;
        return true;
    default:
        return true;
    }
}

bool reply_parser::parse_connection(std::string_view value)
{
    while (!value.empty()) {
        auto const comma = value.find(',');
        std::string_view const option = trim(value.substr(0, comma));
        value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
        if (equals_ignoring_case(option, "keep-alive")) {
            keep_alive_ = true;
        } else if (equals_ignoring_case(option, "close")) {
            close_announced_ = true;
        }
    }
    return true;
}

bool reply_parser::parse_content_length(std::string_view value)
{
    // The same length several times is one length; two different ones are an attack or a fault.
    do {
        auto const comma = value.find(',');
        std::string_view const digits = trim(value.substr(0, comma));
        value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
        std::uint64_t length = 0;
        auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
        if (digits.empty() || end != digits.data() + digits.size()) {
            return false;
        }
        if (error == std::errc::result_out_of_range) {
            length = std::numeric_limits<std::uint64_t>::max();
        } else if (error != std::errc{}) {
            return false;
        }
        if (has_content_length_ && length != content_length_) {
            return false;
        }
        has_content_length_ = true;
        content_length_ = length;
    } while (!value.empty());
    return true;
}

/// A value holds challenges, each a scheme with parameters, and both are separated by commas: what has a `=` is a
/// parameter.
void reply_parser::parse_proxy_authenticate(std::string_view value)
{
    while (!value.empty()) {
        auto const comma = value.find(',');
        std::string_view const part = trim(value.substr(0, comma));
        value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
        std::string_view const scheme = leading_token(part);
        bool const is_scheme = !scheme.empty() && (scheme.size() == part.size() || part[scheme.size()] == ' ');
        // A name and a `=` with blanks between them are a parameter, too.
        if (is_scheme && proxy_schemes_.size() < 100 && !trim(part.substr(scheme.size())).starts_with('=')) {
            proxy_schemes_ += proxy_schemes_.empty() ? "" : ", ";
            proxy_schemes_ += scheme;
        }
    }
}

reply_parser::status reply_parser::parse_body()
{
    std::size_t const available = end_ - body_begin_;
    if (body_framing_ == framing::until_close) {
        body_end_ = next_ = end_;
        return available > body_limit_ ? fail(status::too_large) : status::incomplete;
    }
    if (available < remaining_) {
        return status::incomplete;
    }
    body_end_ = next_ = body_begin_ + static_cast<std::size_t>(remaining_);
    stage_ = stage::complete;
    return status::complete;
}

reply_parser::status reply_parser::parse_chunk_size()
{
    std::string_view const rest{buffer_.data() + next_, end_ - next_};
    auto const line_end = rest.find('\n');
    if (line_end == std::string_view::npos) {
        return rest.size() > max_chunk_line ? fail(status::too_large) : status::incomplete;
    }
    if (line_end > max_chunk_line) {
        return fail(status::too_large);
    }
    std::string_view line = rest.substr(0, line_end);
    if (line.ends_with('\r')) {
        line.remove_suffix(1);
    }

    if (stage_ == stage::chunk_end) {
        if (!line.empty()) {
            return fail(status::malformed);
        }
        next_ += line_end + 1;
        stage_ = stage::chunk_size;
        return status::incomplete;
    }

    // Extensions follow a semicolon, and are ignored.
    std::string_view const digits = trim(line.substr(0, line.find(';')));
    std::uint64_t size = 0;
    auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
    if (digits.empty() || end != digits.data() + digits.size() || digits.front() == '-') {
        return fail(status::malformed);
    }
    if (error == std::errc::result_out_of_range || size > body_limit_ - (body_end_ - body_begin_)) {
        return fail(status::too_large);
    }
    next_ += line_end + 1;
    remaining_ = size;
    stage_ = size == 0 ? stage::trailers : stage::chunk_data;
    return status::incomplete;
}

reply_parser::status reply_parser::parse_chunk_data()
{
    std::size_t const take = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, end_ - next_));
    if (body_end_ != next_) {
        std::memmove(buffer_.data() + body_end_, buffer_.data() + next_, take);
    }
    body_end_ += take;
    next_ += take;
    remaining_ -= take;
    if (remaining_ == 0) {
        stage_ = stage::chunk_end;
    }
    return status::incomplete;
}

reply_parser::status reply_parser::parse_trailers()
{
    for (;;) {
        std::string_view const rest{buffer_.data() + next_, end_ - next_};
        auto const line_end = rest.find('\n');
        if (line_end == std::string_view::npos) {
            return rest.size() + trailer_bytes_ > head_limit ? fail(status::too_large) : status::incomplete;
        }
        std::string_view line = rest.substr(0, line_end);
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        next_ += line_end + 1;
        trailer_bytes_ += line_end + 1;
        if (trailer_bytes_ > head_limit) {
            return fail(status::too_large);
        }
        if (line.empty()) {
            stage_ = stage::complete;
            return status::complete;
        }
    }
}

/// Moves the bytes that are not parsed yet up to the decoded body, so that the framing of many small chunks takes no
/// memory.
void reply_parser::close_gap() noexcept
{
    std::size_t const rest = end_ - next_;
    if (body_end_ == next_) {
        return;
    }
    std::memmove(buffer_.data() + body_end_, buffer_.data() + next_, rest);
    next_ = body_end_;
    end_ = next_ + rest;
}

} // namespace postmark::transport

// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_MODEL_JSON_SCANNER_HPP
#define POSTMARK_MODEL_JSON_SCANNER_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace postmark::model {

/// How deep arrays and objects may be nested in JSON that the library reads or passes on. The outermost counts as one.
inline constexpr std::size_t max_json_depth = 256;

/// Which strings and numbers a scanner takes.
enum class json_rules {
    /// As in the grammar, and in strings also bytes that are not UTF-8 and escapes of half a surrogate pair: a broken
    /// character in a reply must not hide the rest of the reply.
    lenient,
    /// As any reader can take them: strings are UTF-8, surrogates come in pairs, and a `double` can hold every number.
    strict,
};

/// A string as it is written between its quotes.
struct json_string {
    std::string_view written;
    /// Whether there are escapes in it.
    bool is_escaped = false;

    /// Replaces `text` by what the string stands for. Half a surrogate pair becomes U+FFFD.
    void assign_to(std::string& text) const;

    /// Whether the string stands for the text, which must be ASCII without quotes and backslashes.
    [[nodiscard]] bool is(std::string_view text) const;
};

/// Takes JSON (RFC 8259) apart from its front, and allocates nothing.
///
/// Each `take` and `skip` function moves past what it names and the blanks after that. If something else is there, it
/// returns false, and the scanner is of no further use than to say whether the text was cut short.
class json_scanner {
public:
    explicit json_scanner(std::string_view text, json_rules rules = json_rules::lenient) noexcept
        : at_{text.data()}
        , end_{text.data() + text.size()}
        , rules_{rules}
    {
        skip_blanks();
    }

    [[nodiscard]] bool at_end() const noexcept { return at_ == end_; }

    /// Where the scanner is in the text.
    [[nodiscard]] char const* position() const noexcept { return at_; }

    /// After a failure: whether the text ended where more of it was expected.
    [[nodiscard]] bool is_cut_short() const noexcept { return at_ == end_; }

    /// The first character of the next token, or one after it; 0 where the text ends before that.
    [[nodiscard]] char peek(std::size_t ahead = 0) const noexcept
    {
        return static_cast<std::size_t>(end_ - at_) > ahead ? at_[ahead] : '\0';
    }

    /// One of the characters `{}[]:,`.
    bool take(char token) noexcept
    {
        if (at_ == end_ || *at_ != token) {
            return false;
        }
        ++at_;
        skip_blanks();
        return true;
    }

    bool take_string(json_string& value) noexcept
    {
        if (at_ == end_ || *at_ != '"') {
            return false;
        }
        char const* const begin = at_ + 1;
        char const* const stop = find_special(begin, end_);
        if (rules_ == json_rules::strict || stop == end_ || *stop != '"') {
            return take_checked_string(value);
        }
        value = {{begin, static_cast<std::size_t>(stop - begin)}, false};
        at_ = stop + 1;
        skip_blanks();
        return true;
    }

    /// A number of at most nine digits, without sign, fraction and exponent.
    /// \return whether it was one; if not, nothing is lost
    bool take_small_number(int& number) noexcept
    {
        constexpr std::ptrdiff_t max_digits = 9;
        char const* at = at_;
        int value = 0;
        for (; at != end_ && *at >= '0' && *at <= '9' && at - at_ != max_digits; ++at) {
            value = value * 10 + (*at - '0');
        }
        std::ptrdiff_t const count = at - at_;
        if (count == 0 || (count > 1 && *at_ == '0') || (at != end_ && may_go_on(*at))) {
            return false;
        }
        number = value;
        at_ = at;
        skip_blanks();
        return true;
    }

    /// \param number set to the number as it is written
    bool take_number(std::string_view& number) noexcept;

    /// Any value.
    /// \param depth how many arrays and objects are open around it
    bool skip_value(std::size_t depth) noexcept;

    /// A text that is known, such as a key with its quotes, without the blanks after it.
    /// \return whether it was there; if not, nothing is lost
    bool take_known(std::string_view text) noexcept
    {
        if (static_cast<std::size_t>(end_ - at_) < text.size() || std::string_view{at_, text.size()} != text) {
            return false;
        }
        at_ += text.size();
        return true;
    }

    void skip_blanks() noexcept
    {
        // One comparison decides about every character of a text without blanks.
        while (at_ != end_ && static_cast<unsigned char>(*at_) <= ' ' &&
               (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) {
            ++at_;
        }
    }

private:
    /// Whether a number may be longer than its digits so far.
    static bool may_go_on(char next) noexcept
    {
        return (next >= '0' && next <= '9') || next == '.' || next == 'e' || next == 'E';
    }
    /// The first quote, backslash or control character; `end` if there is none.
    static char const* find_special(char const* at, char const* end) noexcept;

    /// A string with escapes, or by strict rules.
    bool take_checked_string(json_string& value) noexcept;

    bool skip_escape() noexcept;
    bool skip_hex4(std::uint32_t& code) noexcept;
    bool skip_digits() noexcept;
    bool skip_members(std::size_t depth) noexcept;
    bool skip_elements(std::size_t depth) noexcept;

    char const* at_;
    char const* end_;
    json_rules rules_;
};

/// Whether the text is one JSON object by the strict rules, and nothing else. Depends on nothing but the text.
[[nodiscard]] bool is_json_object(std::string_view text) noexcept;

/// The text of a member's value in the text of an object, the last one if there are several of that name.
/// \return empty if there is no such member, or the text is not that of an object
[[nodiscard]] std::string_view find_json_member(std::string_view object, std::string_view name);

} // namespace postmark::model

#endif

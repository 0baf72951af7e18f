// SPDX-License-Identifier: BSL-1.0

#include "model/text.hpp"

#include <postmark/message.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

namespace postmark {

namespace {

using model::trim;

/// Follows a text and tells for each character whether it is in quotes. The quotes themselves are.
class quote_tracker {
public:
    bool quoted(char c) noexcept
    {
        if (escaped_) {
            escaped_ = false;
            return true;
        }
        if (c == '"') {
            open_ = !open_;
            return true;
        }
        escaped_ = open_ && c == '\\';
        return open_;
    }

    [[nodiscard]] bool open() const noexcept { return open_; }

private:
    bool open_ = false;
    bool escaped_ = false;
};

/// The text without quotes, and without the backslashes that escape in them. What is outside of quotes is kept.
std::string unquote(std::string_view text)
{
    std::string result;
    bool open = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '"') {
            open = !open;
        } else if (open && text[i] == '\\' && i + 1 < text.size()) {
            result += text[++i];
        } else {
            result += text[i];
        }
    }
    return result;
}

bool needs_quotes(std::string_view name) noexcept
{
    return name.front() == ' ' || name.back() == ' ' || std::ranges::any_of(name, [](char c) {
               return model::is_control(c) || std::string_view{"()<>[]:;@\\,.\""}.find(c) != std::string_view::npos;
           });
}

void append(std::string& text, mailbox const& value)
{
    if (value.name.empty()) {
        text += value.address;
        return;
    }
    if (needs_quotes(value.name)) {
        text += '"';
        for (char const c : value.name) {
            if (c == '"' || c == '\\') {
                text += '\\';
            }
            text += c;
        }
        text += '"';
    } else {
        text += value.name;
    }
    text += " <";
    text += value.address;
    text += '>';
}

/// Splits `name <address>`; nothing if the text is not of that form.
std::optional<std::pair<std::string_view, std::string_view>> split_mailbox(std::string_view text) noexcept
{
    if (!text.ends_with('>')) {
        return {};
    }
    std::optional<std::size_t> start;
    quote_tracker quotes;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (quotes.quoted(text[i])) {
            continue;
        }
        // A text with a comma is a list, not a mailbox.
        if (text[i] == ',' || (text[i] == '<' && start) || (text[i] == '>' && (!start || i + 1 < text.size()))) {
            return {};
        }
        if (text[i] == '<') {
            start = i;
        }
    }
    if (!start || quotes.open()) {
        return {};
    }
    auto const address = trim(text.substr(*start + 1, text.size() - *start - 2));
    if (address.empty()) {
        return {};
    }
    return std::pair{trim(text.substr(0, *start)), address};
}

/// Calls `add` with the text of each mailbox of a list.
template <class Add>
void for_each_mailbox(std::string_view text, Add add)
{
    std::size_t start = 0;
    auto const end_item = [&](std::size_t end) {
        if (auto const item = trim(text.substr(start, end - start)); !item.empty()) {
            add(item);
        }
        start = end + 1;
    };

    bool in_brackets = false;
    quote_tracker quotes;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (quotes.quoted(text[i])) {
            continue;
        }
        if (text[i] == '<') {
            in_brackets = true;
        } else if (text[i] == '>') {
            in_brackets = false;
        } else if (text[i] == ',' && !in_brackets) {
            end_item(i);
        }
    }
    end_item(text.size());
}

/// Whether the text, apart from blanks round it, can only be a bare address.
bool is_bare(std::string_view text) noexcept
{
    return !text.ends_with('>');
}

} // namespace

mailbox::mailbox(std::string bare_address, std::string display_name)
    : address{std::move(bare_address)}
    , name{std::move(display_name)}
{
}

mailbox::mailbox(std::string_view text)
{
    text = trim(text);
    if (auto const parts = split_mailbox(text)) {
        name = unquote(parts->first);
        address = parts->second;
    } else {
        address = text;
    }
}

mailbox::mailbox(std::string&& text)
{
    // An address that is the whole text takes over its memory.
    if (auto const trimmed = trim(text); trimmed.size() == text.size() && is_bare(trimmed)) {
        address = std::move(text);
    } else {
        *this = mailbox{trimmed};
    }
}

std::string to_string(mailbox const& value)
{
    std::string text;
    append(text, value);
    return text;
}

mailbox_list::mailbox_list(std::string_view text)
{
    // One bare address, as most texts are.
    if (!model::may_hold_separator(text)) {
        if (!text.empty()) {
            items_.emplace<mailbox>().address = text;
        }
        return;
    }
    for_each_mailbox(text, [&](std::string_view item) { push_back(mailbox{item}); });
}

mailbox_list::mailbox_list(std::string&& text)
{
    if (text.find(',') != std::string::npos) {
        *this = mailbox_list(std::string_view{text});
    } else if (mailbox single{std::move(text)}; !single.address.empty()) {
        push_back(std::move(single));
    }
}

mailbox_list::mailbox_list(mailbox single)
    : items_{std::move(single)}
{
}

mailbox_list::mailbox_list(std::initializer_list<element> list)
{
    // `mailbox_list{"a@example.org, b@example.org"}` comes here, not to the constructor from a text.
    if (list.size() == 1) {
        mailbox& single = list.begin()->value;
        if (list.begin()->is_text && single.name.empty()) {
            *this = mailbox_list(std::move(single.address));
        } else {
            items_ = std::move(single);
        }
        return;
    }
    several_items several;
    several.reserve(list.size());
    for (auto const& item : list) {
        if (!item.is_text || !item.value.address.empty()) {
            several.push_back(std::move(item.value));
        }
    }
    *this = mailbox_list(std::move(several));
}

mailbox_list::mailbox_list(std::vector<mailbox> list)
{
    if (list.size() == 1) {
        items_ = std::move(list.front());
    } else {
        items_ = std::move(list);
    }
}

void mailbox_list::push_back(mailbox value)
{
    if (auto* const several = std::get_if<several_items>(&items_)) {
        if (several->empty()) {
            items_ = std::move(value);
        } else {
            several->push_back(std::move(value));
        }
        return;
    }
    several_items both;
    both.reserve(2);
    both.push_back(std::move(std::get<mailbox>(items_)));
    both.push_back(std::move(value));
    items_ = std::move(both);
}

std::string to_string(mailbox_list const& value)
{
    std::string text;
    for (auto const& item : value) {
        if (!text.empty()) {
            text += ", ";
        }
        append(text, item);
    }
    return text;
}

} // namespace postmark

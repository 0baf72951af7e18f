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

/// Walks through a text and knows at each character whether it stands in quotes. The quotes themselves do.
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

/// Quotes and the backslashes in them are gone; what stands outside of quotes is kept.
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

/// `name <address>`, split; nothing if the text is not of that form.
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
        // Text with a comma is a list, not a mailbox.
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

void append_parsed(std::vector<mailbox>& items, std::string_view text)
{
    std::size_t start = 0;
    auto const add = [&](std::size_t end) {
        if (auto const item = trim(text.substr(start, end - start)); !item.empty()) {
            items.emplace_back(item);
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
            add(i);
        }
    }
    add(text.size());
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

std::string to_string(mailbox const& value)
{
    std::string text;
    append(text, value);
    return text;
}

mailbox_list::mailbox_list(std::string_view text)
{
    append_parsed(items_, text);
}

mailbox_list::mailbox_list(mailbox single)
{
    items_.push_back(std::move(single));
}

mailbox_list::mailbox_list(std::initializer_list<mailbox> list)
{
    // `mailbox_list{"a@example.org, b@example.org"}` comes here, not to the constructor from a string, and so does
    // `mailbox_list{""}`.
    for (auto const& item : list) {
        if (item.name.empty() && (item.address.empty() || item.address.find(',') != std::string::npos)) {
            append_parsed(items_, item.address);
        } else {
            items_.push_back(item);
        }
    }
}

mailbox_list::mailbox_list(std::vector<mailbox> list)
    : items_{std::move(list)}
{
}

void mailbox_list::push_back(mailbox value)
{
    items_.push_back(std::move(value));
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

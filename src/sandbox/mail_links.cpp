// SPDX-License-Identifier: BSL-1.0

#include "sandbox/mail_links.hpp"

#include "sandbox/text.hpp"

#include <algorithm>

namespace postmark::sandbox::detail {
namespace {

bool is_web_address(std::string_view text)
{
    return equals_ignoring_case(text.substr(0, 7), "http://") || equals_ignoring_case(text.substr(0, 8), "https://");
}

std::string without_entities(std::string_view text)
{
    std::string result;
    while (!text.empty()) {
        auto const entity = std::min(text.find("&amp;"), text.size());
        result += text.substr(0, entity);
        text.remove_prefix(entity);
        if (!text.empty()) {
            result += '&';
            text.remove_prefix(5);
        }
    }
    return result;
}

} // namespace

std::vector<std::string> links_in_html(std::string_view html)
{
    std::vector<std::string> result;
    for (auto start = html.find("href="); start != std::string_view::npos; start = html.find("href=", start + 5)) {
        auto value = html.substr(start + 5);
        char const quote = value.empty() ? '\0' : value.front();
        if (quote != '"' && quote != '\'') {
            continue;
        }
        value.remove_prefix(1);
        value = value.substr(0, std::min(value.find(quote), value.size()));
        if (is_web_address(value)) {
            result.push_back(without_entities(value));
        }
    }
    return result;
}

std::vector<std::string> links_in_text(std::string_view text)
{
    std::vector<std::string> result;
    for (auto start = text.find("http"); start != std::string_view::npos; start = text.find("http", start + 4)) {
        auto const rest = text.substr(start);
        if (is_web_address(rest)) {
            auto const link = rest.substr(0, std::min(rest.find_first_of(" \t\r\n<>\"'"), rest.size()));
            result.emplace_back(link);
            start += link.size() - 4;
        }
    }
    return result;
}

} // namespace postmark::sandbox::detail

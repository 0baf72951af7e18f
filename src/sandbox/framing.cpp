// SPDX-License-Identifier: BSL-1.0

#include "sandbox/framing.hpp"

#include "sandbox/text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <ctime>

namespace postmark::sandbox::detail {
namespace {

namespace json = boost::json;

/// The text of the Date header, made again when the second changes.
std::string const& http_date()
{
    static constexpr std::array<char const*, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array<char const*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    thread_local std::time_t second = 0;
    thread_local std::string text;
    auto const now = std::time(nullptr);
    if (now != second) {
        second = now;
        std::tm parts{};
        ::gmtime_r(&now, &parts);
        std::array<char, 64> buffer{};
        std::snprintf(buffer.data(), buffer.size(), "%s, %02d %s %d %02d:%02d:%02d GMT",
                      days[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                      months[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900, parts.tm_hour, parts.tm_min,
                      parts.tm_sec);
        text = buffer.data();
    }
    return text;
}

void append_header(std::string& out, std::string_view name, std::string_view value)
{
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
}

void append_status_line(std::string& out, int http_status)
{
    out += "HTTP/1.1 ";
    append_number(out, http_status);
    out += ' ';
    out += reason_phrase(http_status);
    out += "\r\n";
}

void append_chunked(std::string& out, std::string const& body, framing const& how)
{
    auto const size = how.chunk_size == 0 ? std::max<std::size_t>(1, body.size() / 3) : how.chunk_size;
    for (std::size_t index = 0; index < body.size(); index += size) {
        auto const piece = std::min(size, body.size() - index);
        std::array<char, 20> digits{};
        std::snprintf(digits.data(), digits.size(), "%zx", piece);
        out += digits.data();
        if (how.extensions) {
            out += ";part=\"a;b\";last";
        }
        out += "\r\n";
        out.append(body, index, piece);
        out += "\r\n";
    }
    out += "0\r\n";
    if (how.trailers) {
        append_header(out, "X-Checked", "yes");
    }
    out += "\r\n";
}

/// Applies `change` to the reply, or to the items of the reply to a batch: to all of them, or to the one that the fault
/// names.
template <class Change>
void change_items(json::value& value, fault const& how, Change&& change)
{
    auto* list = value.if_array();
    if (!list) {
        change(value);
        return;
    }
    for (std::size_t index = 0; index < list->size(); ++index) {
        if (!how.item || *how.item == index) {
            change((*list)[index]);
        }
    }
}

void spoil_value(json::value& value, fault const& how)
{
    switch (how.kind) {
    case action::wrong_item_count:
        if (auto* list = value.if_array(); list && !list->empty()) {
            if (how.change < 0) {
                list->pop_back();
            } else {
                list->push_back(json::value(list->back()));
            }
        }
        break;
    case action::null_item:
        if (auto* list = value.if_array(); list && how.item.value_or(0) < list->size()) {
            (*list)[how.item.value_or(0)] = nullptr;
        }
        break;
    case action::empty_object:
        change_items(value, how, [](json::value& item) { item = json::object{}; });
        break;
    case action::no_message_id:
    case action::no_error_code:
        change_items(value, how, [&](json::value& item) {
            if (auto* object = item.if_object()) {
                object->erase(how.kind == action::no_message_id ? "MessageID" : "ErrorCode");
            }
        });
        break;
    default:
        break;
    }
}

} // namespace

std::string to_bytes(reply const& outgoing, framing const& how)
{
    std::string out;
    out.reserve(outgoing.body.size() + 400);
    append_status_line(out, outgoing.status);
    append_header(out, "Cache-Control", "private");
    bool const bodyless = outgoing.status == 204 || outgoing.status == 304;
    if (!bodyless && how.chunked) {
        append_header(out, "Transfer-Encoding", "chunked");
        if (how.trailers) {
            append_header(out, "Trailer", "X-Checked");
        }
    } else if (!bodyless && !how.no_length) {
        out += "Content-Length: ";
        append_number(out, static_cast<std::int64_t>(outgoing.body.size()));
        out += "\r\n";
    }
    if (!outgoing.content_type.empty() && !bodyless) {
        append_header(out, "Content-Type", outgoing.content_type);
    }
    append_header(out, "Server", "unicorns-double-rainbow");
    append_header(out, "X-Powered-By", "ASP.NET");
    append_header(out, "Date", http_date());
    if (outgoing.api_code != 0) {
        out += "X-PM-ApiErrorCode: ";
        append_number(out, outgoing.api_code);
        out += "\r\n";
    }
    for (auto const& entry : outgoing.headers) {
        append_header(out, entry.name, entry.value);
    }
    if (how.close || how.no_length) {
        append_header(out, "Connection", "close");
    }
    out += "\r\n";
    if (bodyless) {
        return out;
    }
    if (how.chunked) {
        append_chunked(out, outgoing.body, how);
    } else {
        out += outgoing.body;
    }
    return out;
}

std::string interim_bytes(int http_status, std::vector<header> const& headers)
{
    std::string out;
    append_status_line(out, http_status);
    for (auto const& entry : headers) {
        append_header(out, entry.name, entry.value);
    }
    out += "\r\n";
    return out;
}

void spoil_body(reply& outgoing, fault const& how)
{
    switch (how.kind) {
    case action::garbage_json:
        outgoing.body = how.body ? *how.body : outgoing.body.substr(0, outgoing.body.size() / 2);
        return;
    case action::not_object:
        outgoing.body = how.body ? *how.body : "\"OK\"";
        return;
    case action::big_reply: {
        // Adds an unknown key; the reply stays true.
        auto const open = outgoing.body.find('{');
        auto const wanted = static_cast<std::size_t>(std::max<std::int64_t>(0, how.bytes.value_or(2 << 20)));
        constexpr std::string_view before = "\"Notes\":\"";
        constexpr std::string_view after = "\",";
        auto const used = outgoing.body.size() + before.size() + after.size();
        if (open != std::string::npos && wanted > used) {
            outgoing.body.insert(open + 1, std::string{before} + std::string(wanted - used, 'n') + std::string{after});
        }
        return;
    }
    case action::wrong_item_count:
    case action::empty_object:
    case action::no_message_id:
    case action::no_error_code:
    case action::null_item: {
        boost::system::error_code error;
        auto value = json::parse(outgoing.body, error);
        if (error) {
            return;
        }
        spoil_value(value, how);
        outgoing.body = json::serialize(value);
        return;
    }
    default:
        return;
    }
}

reply make_refusal(int http_status, int api_code, std::string_view message)
{
    reply result{http_status, "{\"ErrorCode\":"};
    append_number(result.body, api_code);
    result.body += ",\"Message\":";
    append_json_string(result.body, message);
    result.body += '}';
    result.api_code = api_code;
    return result;
}

reply make_acknowledgement(std::string_view message)
{
    return make_refusal(200, 0, message);
}

reply make_page(int http_status)
{
    std::string const title = std::to_string(http_status) + ' ' + std::string{reason_phrase(http_status)};
    reply result{http_status, "<html>\r\n<head><title>" + title + "</title></head>\r\n<body><h1>" + title +
                                  "</h1></body>\r\n</html>\r\n"};
    result.content_type = "text/html";
    return result;
}

std::string_view reason_phrase(int http_status)
{
    switch (http_status) {
    case 100:
        return "Continue";
    case 102:
        return "Processing";
    case 103:
        return "Early Hints";
    case 200:
        return "OK";
    case 201:
        return "Created";
    case 202:
        return "Accepted";
    case 204:
        return "No Content";
    case 301:
        return "Moved Permanently";
    case 302:
        return "Found";
    case 304:
        return "Not Modified";
    case 307:
        return "Temporary Redirect";
    case 308:
        return "Permanent Redirect";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 413:
        return "Request Entity Too Large";
    case 415:
        return "Unsupported Media Type";
    case 421:
        return "Misdirected Request";
    case 422:
        return "Unprocessable Entity";
    case 429:
        return "Too Many Requests";
    case 500:
        return "Internal Server Error";
    case 502:
        return "Bad Gateway";
    case 503:
        return "Service Unavailable";
    case 504:
        return "Gateway Timeout";
    default:
        return "Unknown";
    }
}

} // namespace postmark::sandbox::detail

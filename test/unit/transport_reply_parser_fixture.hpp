// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_UNIT_TRANSPORT_REPLY_PARSER_FIXTURE_HPP
#define POSTMARK_TEST_UNIT_TRANSPORT_REPLY_PARSER_FIXTURE_HPP

#include "transport/reply_parser.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace postmark::transport::test {

using status = reply_parser::status;

inline constexpr std::size_t large_limit = 1024 * 1024;

/// What follows the bytes.
enum class ending { none, orderly, cut };

inline std::string_view name_of(status value)
{
    switch (value) {
    case status::incomplete:
        return "incomplete";
    case status::complete:
        return "complete";
    case status::malformed:
        return "malformed";
    case status::too_large:
        return "too large";
    }
    return "?";
}

/// Gives the parser one piece; what comes after a decision is not given to it, as in a connection.
inline status feed(reply_parser& parser, std::string_view piece)
{
    std::memcpy(parser.prepare(std::max<std::size_t>(piece.size(), 1)), piece.data(), piece.size());
    return parser.commit(piece.size());
}

inline status feed_in_pieces(reply_parser& parser, std::string_view bytes, std::size_t size)
{
    auto now = status::incomplete;
    for (; now == status::incomplete && !bytes.empty(); bytes.remove_prefix(std::min(size, bytes.size()))) {
        now = feed(parser, bytes.substr(0, size));
    }
    return now;
}

/// Everything that a parser reports, as text: `complete 200 keep "body" "7"`.
inline std::string summary(reply_parser& parser, status now, ending end)
{
    if (now == status::incomplete && end != ending::none) {
        now = parser.finish(end == ending::orderly);
    }
    std::string text{name_of(now)};
    if (now != status::complete) {
        return text;
    }
    text += ' ' + std::to_string(parser.http_status()) + (parser.keep_alive() ? " keep \"" : " close \"");
    text += parser.body();
    text += '"';
    if (!parser.retry_after().empty()) {
        text += " \"" + std::string{parser.retry_after()} + '"';
    }
    return text;
}

inline std::string ok(std::string_view fields, std::string_view body = {})
{
    return "HTTP/1.1 200 OK\r\n" + std::string{fields} + "\r\n" + std::string{body};
}

inline std::string chunked(std::string_view body)
{
    return ok("Transfer-Encoding: chunked\r\n", body);
}

} // namespace postmark::transport::test

#endif

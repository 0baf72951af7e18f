// SPDX-License-Identifier: BSL-1.0

#include "transport/reply_parser.hpp"

#include "fuzz.hpp"

#include <algorithm>
#include <cstring>

using postmark::fuzz::require;
using postmark::transport::reply_parser;
using status = reply_parser::status;

namespace {

/// Feeds segments as a connection would, until the parser has a result. The characters give the sizes of the segments,
/// and are repeated.
status feed(reply_parser& parser, std::string_view& bytes, std::string_view sizes, bool orderly)
{
    auto now = status::incomplete;
    for (std::size_t i = 0; now == status::incomplete && !bytes.empty(); ++i) {
        std::size_t const wanted = sizes.empty() ? bytes.size() : static_cast<unsigned char>(sizes[i % sizes.size()]);
        auto const piece = bytes.substr(0, std::max<std::size_t>(wanted, 1));
        std::memcpy(parser.prepare(piece.size()), piece.data(), piece.size());
        now = parser.commit(piece.size());
        bytes.remove_prefix(piece.size());
        require(now == status::incomplete || parser.commit(0) == now);
    }
    return now == status::incomplete ? parser.finish(orderly) : now;
}

} // namespace

// The input: a line with the limit of the body, `tunnel` or `reply`, `orderly` or `cut` (their first letters count),
// and sizes of pieces as characters; then the bytes of a reply. The result does not depend on the segments.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto bytes = postmark::fuzz::as_text(data, size);
    auto line = postmark::fuzz::take_line(bytes);
    std::size_t const limit = postmark::fuzz::take_number(line) % 100'000;
    bool const tunnel = line.starts_with('t');
    line.remove_prefix(std::min(line.find(' ') + 1, line.size()));
    bool const orderly = line.starts_with('o');
    line.remove_prefix(std::min(line.find(' ') + 1, line.size()));

    reply_parser whole;
    whole.reset(limit, tunnel);
    auto rest = bytes;
    auto const result = feed(whole, rest, {}, orderly);

    // The second time with a parser that has parsed other replies.
    reply_parser pieces;
    for (int round = 0; round < 2; ++round) {
        pieces.reset(limit, tunnel);
        rest = bytes;
        require(feed(pieces, rest, round == 0 ? line : std::string_view{"\1"}, orderly) == result);
        require(pieces.begun() == !bytes.empty());
        if (result == status::complete) {
            require(pieces.http_status() == whole.http_status() && pieces.body() == whole.body());
            require(pieces.retry_after() == whole.retry_after() && pieces.keep_alive() == whole.keep_alive());
            require((pieces.has_surplus() || !rest.empty()) == whole.has_surplus());
        }
    }
    if (result == status::complete) {
        require(whole.http_status() >= 200 && whole.http_status() <= 599 && whole.body().size() <= limit);
        require(!tunnel || whole.body().empty());
    }
    return 0;
}

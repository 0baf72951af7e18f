// SPDX-License-Identifier: BSL-1.0

#include "sandbox/compression.hpp"

#include "sandbox/text.hpp"

#if POSTMARK_SANDBOX_GZIP
#include <zlib.h>
#endif

#include <algorithm>
#include <stdexcept>

namespace postmark::sandbox::detail {

bool admits_gzip(std::string_view accepted)
{
    while (!accepted.empty()) {
        auto const end = std::min(accepted.find(','), accepted.size());
        auto const entry = accepted.substr(0, end);
        accepted.remove_prefix(std::min(end + 1, accepted.size()));
        auto const semicolon = std::min(entry.find(';'), entry.size());
        auto const name = trim(entry.substr(0, semicolon));
        if (!equals_ignoring_case(name, "gzip") && name != "*") {
            continue;
        }
        auto const weight = trim(entry.substr(std::min(semicolon + 1, entry.size())));
        return !((weight.starts_with("q=0") || weight.starts_with("Q=0")) &&
                 weight.find_first_not_of("0.", 2) == std::string_view::npos);
    }
    return false;
}

#if POSTMARK_SANDBOX_GZIP

void compress(reply& outgoing)
{
    constexpr std::size_t smallest = 1024;
    if (outgoing.body.size() < smallest) {
        return;
    }
    z_stream stream{};
    // 16 is added to the size of the window for the form of gzip.
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        throw std::bad_alloc{};
    }
    std::string compressed(deflateBound(&stream, static_cast<uLong>(outgoing.body.size())), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(outgoing.body.data());
    stream.avail_in = static_cast<uInt>(outgoing.body.size());
    stream.next_out = reinterpret_cast<Bytef*>(compressed.data());
    stream.avail_out = static_cast<uInt>(compressed.size());
    auto const result = deflate(&stream, Z_FINISH);
    compressed.resize(static_cast<std::size_t>(stream.total_out));
    deflateEnd(&stream);
    if (result != Z_STREAM_END) {
        throw std::runtime_error{"a reply could not be compressed"};
    }
    outgoing.body = std::move(compressed);
    outgoing.headers.emplace_back("Content-Encoding", "gzip");
    outgoing.headers.emplace_back("Vary", "Accept-Encoding");
}

#else

void compress(reply&) {}

#endif

} // namespace postmark::sandbox::detail

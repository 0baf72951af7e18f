// SPDX-License-Identifier: BSL-1.0

#include "protocol/base64.hpp"

#include "fuzz.hpp"

#include <string>

using namespace postmark::protocol;
using postmark::fuzz::require;

// Every encoder gives a text that decodes to the same bytes, and a text that decodes is the only one for its bytes.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto const input = postmark::fuzz::as_text(data, size);

    byte_buffer out;
    append_base64(out, input);
    require(out.size() == base64_size(input.size()));
    for (auto const variant : {base64_variant::scalar, base64_variant::ssse3, base64_variant::avx2}) {
        if (base64_supported(variant)) {
            // Exactly as large as documented, so that a sanitizer sees a byte too many.
            std::string encoded(base64_size(input.size()), '\0');
            encode_base64(variant, input, encoded.data());
            require(encoded == out.view());
        }
    }
    std::string bytes = "old";
    require(decode_base64(out.view(), bytes) && bytes == input);

    bytes = "old";
    if (decode_base64(input, bytes)) {
        out.clear();
        append_base64(out, bytes);
        require(out.view() == input);
    } else {
        require(bytes.empty());
    }
    return 0;
}

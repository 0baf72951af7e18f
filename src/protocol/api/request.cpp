// SPDX-License-Identifier: BSL-1.0

#include "model/text.hpp"

#include <postmark/api/request.hpp>

#include <utility>

namespace postmark {

// A POST or PATCH that may be repeated is marked as repeatable where it is described.
api_request::api_request(http_method request_method, std::string request_target, std::string request_body)
    : method{request_method}
    , target{std::move(request_target)}
    , body{std::move(request_body)}
    , repeatable{request_method != http_method::post && request_method != http_method::patch}
{
}

std::string percent_encode(std::string_view text)
{
    constexpr char digits[] = "0123456789ABCDEF";
    std::string encoded;
    encoded.reserve(text.size());
    for (char const byte : text) {
        if (model::is_alphanumeric(byte) || byte == '-' || byte == '.' || byte == '_' || byte == '~') {
            encoded += byte;
        } else {
            auto const code = static_cast<unsigned char>(byte);
            encoded += '%';
            encoded += digits[code >> 4];
            encoded += digits[code & 0xf];
        }
    }
    return encoded;
}

} // namespace postmark

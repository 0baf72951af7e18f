// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_PROTOCOL_HEAD_HPP
#define POSTMARK_PROTOCOL_HEAD_HPP

#include <postmark/api/request.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace postmark::protocol {

inline constexpr std::string_view server_token_header = "X-Postmark-Server-Token";
inline constexpr std::string_view account_token_header = "X-Postmark-Account-Token";

/// The head of a request up to, but without, `Content-Length` and the empty line. Nothing is checked here: see
/// `header_problem`, `is_header_value` and `target_problem`.
/// \param target            path and query
/// \param host              value of `Host`, from `host_header`
/// \param token_header_name `server_token_header` or `account_token_header`; empty: no token is sent
/// \param has_body          whether `Content-Type: application/json` goes in
/// \param extra_lines       whole lines made by `append_header_line`
[[nodiscard]] std::string make_head_prefix(http_method method, std::string_view target, std::string_view host,
                                           std::string_view token_header_name, std::string_view token, bool has_body,
                                           std::string_view extra_lines = {});

/// Whether a request has a `Content-Length`. Without a body it is 0, except that a GET has none: the service refuses a
/// POST, PUT or PATCH that does not say how long it is.
[[nodiscard]] constexpr bool has_content_length(http_method method, bool has_body) noexcept
{
    return has_body || method != http_method::get;
}

/// Appends `name: value` and a line end.
void append_header_line(std::string& lines, std::string_view name, std::string_view value);

/// The value of `Host`: brackets round an IPv6 address, the port only where it is not the default of the scheme.
[[nodiscard]] std::string host_header(std::string_view host, std::uint16_t port, bool https);

/// Whether the text can be written into a header line as it is: no CR, LF, NUL or other control character but the tab.
[[nodiscard]] bool is_header_value(std::string_view value) noexcept;

/// Describes the fault of a header that a program adds to a call; empty if there is none. Names the header, never its
/// value.
[[nodiscard]] std::string header_problem(std::string_view name, std::string_view value);

/// Describes the fault of the path and query of a request; empty if there is none.
[[nodiscard]] std::string target_problem(std::string_view target);

} // namespace postmark::protocol

#endif

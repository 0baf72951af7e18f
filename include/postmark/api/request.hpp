// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_API_REQUEST_HPP
#define POSTMARK_API_REQUEST_HPP

#include <postmark/schema.hpp>

#include <string>
#include <string_view>

namespace postmark {

/// The HTTP methods of the service's API.
enum class http_method { get, post, put, delete_, patch };

/// The kind of API token that an endpoint requires.
enum class token_kind { server, account };

/// The HTTP request that a request type describes.
///
/// A request type is a value with a nested type `reply_type` and a member `api_request prepare() const`, or, in this
/// library, a `describe()` from which the request is made. Its reply type derives from `api_reply`. A reply type of a
/// program has a member `bool read(std::string_view json)`, which fills it from the body of a successful reply and
/// returns whether the body could be read; or a member `bool read(std::string_view json, std::string& problem)`, which
/// also says why not. It is called on the client's executor, on a value that is as if new; an exception counts as a
/// body that could not be read. A member `void expect(reply_type&) const` of the request, if there is one, is called
/// before the reply is read. `client::async_call` takes every such type.
struct api_request {
    api_request() = default;
    /// \param method HTTP method; `repeatable` follows from it
    /// \param target path and query, which must begin with a slash and be percent-encoded
    /// \param body   JSON text; empty: none
    api_request(http_method method, std::string target, std::string body = {});

    http_method method = http_method::get;
    /// Path and query, percent-encoded. A path with a segment `.` or `..`, percent-encoded or not, is refused with
    /// `errc::invalid_message`, since proxies and servers resolve such segments.
    std::string target;
    /// JSON text, or empty.
    std::string body;
    token_kind token = token_kind::server;
    /// Whether repeating the request has no further effect, so that the client may retry it after a lost reply. The
    /// constructor sets it for every method but POST and PATCH. Set it for a POST that creates nothing, and for a PATCH
    /// that sets members to values.
    bool repeatable = true;
    /// Why the request cannot be made: the call then ends with `errc::invalid_message` and this text as its detail, and
    /// nothing is sent. Empty: it can be made.
    std::string problem;
};

/// The members of every reply. They are filled on failure, too.
struct api_reply {
    api_reply() = default;

    /// The HTTP status; 0 where no reply was received.
    unsigned http_status = 0;
    /// Postmark's ErrorCode; 0 where the reply has none.
    int api_code = 0;
    /// Postmark's text, or the cause of a failure. Where a reply could not be read it names the field that is wrong:
    /// `Bounces[3].TypeCode: expected a number`.
    std::string detail;
    /// The body of the reply as it was received, successful or not, if `call_options::keep_raw` is set; else empty. It
    /// may hold tokens and passwords that the members of the reply hide.
    std::string raw;

    friend bool operator==(api_reply const&, api_reply const&) = default;
};

/// Percent-encodes a text so that it can be one segment of a path or one part of a query. The segments `.` and `..` are
/// returned as they are: no encoding protects them, and a request with such a segment is refused.
[[nodiscard]] std::string percent_encode(std::string_view text);

} // namespace postmark

#endif

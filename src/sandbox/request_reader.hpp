// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_REQUEST_READER_HPP
#define POSTMARK_SANDBOX_REQUEST_READER_HPP

#include "sandbox/compression.hpp"
#include "sandbox/request.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include <cstdint>
#include <string>

namespace postmark::sandbox::detail {

/// Reads one request from the bytes that are put into it. Keeps only the header fields that the sandbox uses, unless
/// `keep_headers` is set.
class request_reader : public boost::beast::http::basic_parser<true> {
public:
    explicit request_reader(bool keep_headers)
        : keep_headers_{keep_headers}
    {
        header_limit(32 * 1024);
        body_limit(boost::none);
    }

    [[nodiscard]] request& value() { return request_; }

    /// A body above the limit is read to its end, but not kept.
    void limit_body(std::uint64_t limit) { limit_ = limit; }

private:
    using field = boost::beast::http::field;
    using string_view = boost::beast::string_view;
    using error_code = boost::beast::error_code;

    void on_request_impl(boost::beast::http::verb, string_view method, string_view target, int version,
                         error_code& error) override
    {
        error = {};
        request_.method.assign(method.data(), method.size());
        request_.target.assign(target.data(), target.size());
        request_.version = version;
    }

    void on_response_impl(int, string_view, int, error_code& error) override { error = {}; }

    void on_field_impl(field name, string_view name_text, string_view value, error_code& error) override
    {
        error = {};
        switch (name) {
        case field::accept:
            request_.accept.assign(value.data(), value.size());
            break;
        case field::accept_encoding:
            request_.accepts_gzip = admits_gzip({value.data(), value.size()});
            break;
        case field::content_type:
            request_.content_type.assign(value.data(), value.size());
            break;
        case field::host:
            request_.host.assign(value.data(), value.size());
            ++request_.host_count;
            break;
        case field::expect:
            request_.expects_continue = boost::beast::iequals(value, "100-continue");
            break;
        case field::unknown:
            if (boost::beast::iequals(name_text, "X-Postmark-Server-Token")) {
                request_.token.assign(value.data(), value.size());
            } else if (boost::beast::iequals(name_text, "X-Postmark-Account-Token")) {
                request_.account_token.assign(value.data(), value.size());
            } else if (boost::beast::iequals(name_text, "X-Postmark-Sandbox")) {
                request_.has_sandbox_header = true;
            }
            break;
        default:
            break;
        }
        if (keep_headers_) {
            request_.headers.emplace_back(std::string{name_text.data(), name_text.size()},
                                          std::string{value.data(), value.size()});
        }
    }

    void on_header_impl(error_code& error) override { error = {}; }

    void on_body_init_impl(boost::optional<std::uint64_t> const& length, error_code& error) override
    {
        error = {};
        if (length && *length <= limit_) {
            request_.body.reserve(static_cast<std::size_t>(*length));
        }
    }

    std::size_t on_body_impl(string_view piece, error_code& error) override
    {
        error = {};
        append(piece);
        return piece.size();
    }

    void on_chunk_header_impl(std::uint64_t, string_view, error_code& error) override { error = {}; }

    std::size_t on_chunk_body_impl(std::uint64_t, string_view piece, error_code& error) override
    {
        error = {};
        append(piece);
        return piece.size();
    }

    void on_finish_impl(error_code& error) override { error = {}; }

    void append(string_view piece)
    {
        request_.body_size += piece.size();
        if (request_.body_size <= limit_) {
            request_.body.append(piece.data(), piece.size());
        } else {
            request_.body_too_large = true;
        }
    }

    request request_;
    std::uint64_t limit_{50U * 1024 * 1024};
    bool keep_headers_;
};

} // namespace postmark::sandbox::detail

#endif

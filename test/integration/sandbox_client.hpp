// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_SANDBOX_CLIENT_HPP
#define POSTMARK_TEST_SANDBOX_CLIENT_HPP

#include <postmark/sandbox.hpp>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// A client of plain Beast and Asio, so that the tests of the sandbox do not depend on the library's client.
namespace sandbox_test {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace json = boost::json;
using postmark::sandbox::header;

/// A reply as received.
struct reply {
    reply() = default;

    int status{0};
    std::string body;
    http::fields headers;

    [[nodiscard]] json::value value() const { return json::parse(body); }
    [[nodiscard]] std::int64_t api_code() const { return value().at("ErrorCode").to_number<std::int64_t>(); }
    [[nodiscard]] std::string message() const { return json::value_to<std::string>(value().at("Message")); }
};

/// The bytes received before a connection ended, and how it ended.
struct final_bytes {
    final_bytes() = default;

    std::string bytes;
    boost::system::error_code error;

    [[nodiscard]] bool was_reset() const { return error == asio::error::connection_reset; }
    /// The connection ended with a close_notify.
    [[nodiscard]] bool ended_in_order() const { return error == asio::error::eof; }
    /// The connection ended without a close_notify.
    [[nodiscard]] bool was_truncated() const { return error == asio::ssl::error::stream_truncated; }
};

class client {
public:
    explicit client(postmark::sandbox::server const& server, bool tls = true)
        : server_{server}
        , tls_{tls}
        , context_{asio::ssl::context::tls_client}
    {
        if (tls) {
            context_.load_verify_file(server.ca_file());
            context_.set_verify_mode(asio::ssl::verify_peer);
        }
        connect();
    }

    void connect()
    {
        stream_.emplace(io_, context_);
        buffer_.clear();
        stream_->next_layer().connect({asio::ip::make_address(server_.host()), server_.port()});
        if (!tls_) {
            return;
        }
        stream_->set_verify_callback(asio::ssl::host_name_verification{"localhost"});
        // The macro of OpenSSL for this call contains an old-style cast.
        std::string name{"localhost"};
        SSL_ctrl(stream_->native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
        if (session_) {
            SSL_set_session(stream_->native_handle(), session_.get());
        }
        stream_->handshake(asio::ssl::stream_base::client, handshake_error);
    }

    /// Makes the next connection resume the TLS session of this one. Keeps a copy, since a connection that ends without
    /// close_notify invalidates its session.
    void keep_session() { session_.reset(SSL_SESSION_dup(SSL_get0_session(stream_->native_handle()))); }

    reply send(std::string_view method, std::string_view target, std::string body = {},
               std::vector<header> const& headers = {})
    {
        write(request_text(method, target, body, headers));
        return read();
    }

    static std::string request_text(std::string_view method, std::string_view target, std::string const& body,
                                    std::vector<header> const& headers = {})
    {
        std::string text = std::string{method} + ' ' + std::string{target} +
                           " HTTP/1.1\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
        bool own_token = false;
        bool own_types = false;
        bool own_host = false;
        for (auto const& entry : headers) {
            own_host = own_host || entry.name == "Host";
            own_token = own_token || entry.name == "X-Postmark-Server-Token";
            own_types = own_types || entry.name == "Accept" || entry.name == "Content-Type";
            if (!entry.value.empty()) {
                text += entry.name + ": " + entry.value + "\r\n";
            }
        }
        if (!own_host) {
            text += "Host: localhost\r\n";
        }
        if (!own_token) {
            text += "X-Postmark-Server-Token: token\r\n";
        }
        if (!own_types) {
            text += "Accept: application/json\r\nContent-Type: application/json\r\n";
        }
        return text + "\r\n" + body;
    }

    void write(std::string_view bytes)
    {
        if (tls_) {
            asio::write(*stream_, asio::buffer(bytes.data(), bytes.size()), write_error);
        } else {
            asio::write(stream_->next_layer(), asio::buffer(bytes.data(), bytes.size()), write_error);
        }
    }

    reply read()
    {
        http::response_parser<http::string_body> parser;
        parser.body_limit(64U * 1024 * 1024);
        if (tls_) {
            http::read(*stream_, buffer_, parser, read_error);
        } else {
            http::read(stream_->next_layer(), buffer_, parser, read_error);
        }
        reply result;
        result.status = static_cast<int>(parser.get().result_int());
        result.headers = parser.get().base();
        result.body = parser.get().body();
        return result;
    }

    /// Reads up to the end of the connection.
    final_bytes read_to_end()
    {
        final_bytes result;
        char piece[4096];
        while (!result.error) {
            auto const count = tls_ ? stream_->read_some(asio::buffer(piece), result.error)
                                    : stream_->next_layer().read_some(asio::buffer(piece), result.error);
            result.bytes.append(piece, count);
        }
        return result;
    }

    void close()
    {
        boost::system::error_code ignored;
        stream_->next_layer().close(ignored);
    }

    boost::system::error_code handshake_error;
    boost::system::error_code write_error;
    boost::system::error_code read_error;

private:
    struct session_deleter {
        void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
    };

    postmark::sandbox::server const& server_;
    bool tls_;
    asio::io_context io_;
    asio::ssl::context context_;
    std::optional<asio::ssl::stream<asio::ip::tcp::socket>> stream_;
    boost::beast::flat_buffer buffer_;
    std::unique_ptr<SSL_SESSION, session_deleter> session_;
};

inline std::string mail(std::string_view to = "ann@example.org", std::string_view more = {})
{
    return R"({"From":"shop@example.com","To":")" + std::string{to} + R"(","Subject":"Hello","TextBody":"Hi")" +
           std::string{more} + "}";
}

/// A batch of the service.
inline std::string array_of(std::vector<std::string> const& items)
{
    std::string text{"["};
    for (auto const& item : items) {
        if (text.size() > 1) {
            text += ',';
        }
        text += item;
    }
    return text + ']';
}

} // namespace sandbox_test

#endif

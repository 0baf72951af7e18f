// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_TLS_SERVER_HPP
#define POSTMARK_TEST_TLS_SERVER_HPP

#include <postmark/config.hpp>

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <future>
#include <list>
#include <memory>
#include <netinet/tcp.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>

/// A server that reads only what its script reads, unlike the sandbox, so that a test knows which bytes the client has
/// written to its socket.
namespace scripted {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

inline constexpr std::string_view acceptance =
    R"({"To":"ann@example.org","SubmittedAt":"2024-02-17T07:25:01Z","MessageID":)"
    R"("0a129aee-e1cd-480d-b08d-4f48548ff48d",)"
    R"("ErrorCode":0,"Message":"OK"})";

/// A certificate for the loopback address and all names below `postmark.example` that is its own authority, in a file
/// that exists as long as the object.
class certificate {
public:
    /// \param issuer null: it is a root
    explicit certificate(certificate const* issuer = nullptr)
        : key_{EVP_EC_gen("P-256"), &EVP_PKEY_free}
        , own_{X509_new(), &X509_free}
    {
        static int count = 0;
        path_ = (std::filesystem::temp_directory_path() /
                 ("postmark-test-ca-" + std::to_string(::getpid()) + '-' + std::to_string(++count) + ".pem"))
                    .string();
        constexpr long day = 24 * 60 * 60;
        X509_set_version(own_.get(), X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(own_.get()), 1);
        X509_gmtime_adj(X509_getm_notBefore(own_.get()), -day);
        X509_gmtime_adj(X509_getm_notAfter(own_.get()), day);
        X509_set_pubkey(own_.get(), key_.get());
        X509_NAME* const name = X509_get_subject_name(own_.get());
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                   reinterpret_cast<unsigned char const*>(issuer == nullptr ? "scripted" : "issued"),
                                   -1, -1, 0);
        X509_set_issuer_name(own_.get(), issuer == nullptr ? name : X509_get_subject_name(issuer->own_.get()));
        extend(NID_basic_constraints, "critical,CA:TRUE");
        extend(NID_subject_alt_name, "IP:127.0.0.1,DNS:*.postmark.example");
        bool const signed_now =
            X509_sign(own_.get(), (issuer == nullptr ? key_ : issuer->key_).get(), EVP_sha256()) != 0;
        std::FILE* const file = std::fopen(path_.c_str(), "w");
        if (!signed_now || file == nullptr) {
            throw std::runtime_error{"no certificate"};
        }
        PEM_write_X509(file, own_.get());
        std::fclose(file);
    }
    certificate(certificate const&) = delete;
    certificate& operator=(certificate const&) = delete;
    ~certificate() { std::remove(path_.c_str()); }

    void use_in(asio::ssl::context& context) const { use_in(context.native_handle()); }
    void use_in(SSL_CTX* context) const
    {
        SSL_CTX_use_certificate(context, own_.get());
        SSL_CTX_use_PrivateKey(context, key_.get());
    }

    [[nodiscard]] std::string const& path() const { return path_; }

private:
    void extend(int extension, char const* value)
    {
        X509V3_CTX context{};
        X509V3_set_ctx(&context, own_.get(), own_.get(), nullptr, nullptr, 0);
        X509_EXTENSION* const made = X509V3_EXT_conf_nid(nullptr, &context, extension, value);
        X509_add_ext(own_.get(), made, -1);
        X509_EXTENSION_free(made);
    }

    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
    std::unique_ptr<X509, decltype(&X509_free)> own_;
    std::string path_;
};

/// One connection, as the script sees it. Every function blocks; the end of the connection is an exception that ends
/// the script.
class peer {
public:
    peer(tcp::socket socket, asio::ssl::context& context, std::shared_future<void> end)
        : stream_{std::move(socket), context}
        , end_{std::move(end)}
    {
    }

    void handshake() { stream_.handshake(asio::ssl::stream_base::server); }

    /// Reads the head of the next request. \return how long its body will be
    std::size_t begin_request()
    {
        std::size_t end = 0;
        while ((end = bytes_.find("\r\n\r\n")) == std::string::npos) {
            receive();
        }
        constexpr std::string_view name = "Content-Length: ";
        length_ = 0;
        if (auto const at = bytes_.find(name); at < end) {
            std::from_chars(bytes_.data() + at + name.size(), bytes_.data() + end, length_);
        }
        head_ = bytes_.substr(0, end);
        bytes_.erase(0, end + 4);
        begun_ = bytes_.size();
        bytes_.clear();
        return length_;
    }

    /// Whether the head of the request holds this.
    [[nodiscard]] bool asks_for(std::string_view text) const { return head_.find(text) != std::string::npos; }

    /// Reads until so many bytes of the body have arrived, or all of it.
    void read(std::size_t count)
    {
        while (begun_ < std::min(count, length_)) {
            receive();
            begun_ += bytes_.size();
            bytes_.clear();
        }
    }
    void read_all() { read(length_); }

    /// As `read`. \return false if the connection ended before
    [[nodiscard]] bool try_read(std::size_t count)
    {
        try {
            read(count);
        } catch (boost::system::system_error const&) {
            return false;
        }
        return true;
    }

    /// Reads and discards all data. \return how the connection ended
    [[nodiscard]] boost::system::error_code read_to_end()
    {
        try {
            for (;;) {
                receive();
                bytes_.clear();
            }
        } catch (boost::system::system_error const& end) {
            return end.code();
        }
    }

    /// The number of bytes of the body that were read so far.
    [[nodiscard]] std::size_t received() const { return begun_; }

    /// \param headers further ones, each with its line end
    void reply(std::string_view status, std::string_view body = acceptance, std::string_view headers = {})
    {
        std::string const text =
            "HTTP/1.1 " + std::string{status} +
            "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
            std::string{headers} + "\r\n" + std::string{body};
        asio::write(stream_, asio::buffer(text));
    }

    /// Sends the first bytes of a record of application data, and not the rest.
    void begin_record()
    {
        constexpr std::string_view bytes{"\x17\x03\x03\x00\x40half", 9};
        asio::write(stream_.next_layer(), asio::buffer(bytes));
    }

    /// While corked, written data is buffered; uncorking sends it in one segment.
    void cork(bool on)
    {
        int const value = on ? 1 : 0;
        ::setsockopt(stream_.lowest_layer().native_handle(), IPPROTO_TCP, TCP_CORK, &value, sizeof value);
    }

    /// Changes the keys, and asks the client to change its own; the client announces that after the data that it is
    /// sending.
    void update_keys()
    {
        SSL* const connection = stream_.native_handle();
        if (SSL_key_update(connection, SSL_KEY_UPDATE_REQUESTED) != 1 || SSL_do_handshake(connection) != 1) {
            throw std::runtime_error{"no new keys"};
        }
        // It is sent with the bytes that are written next.
        asio::write(stream_, asio::buffer(std::string_view{"HTTP/1.1 102 Processing\r\n\r\n"}));
    }

    /// Waits until the server ends.
    void hold() { end_.wait(); }

    /// A pause between two segments, as of a slow peer. \return false if the server ends
    bool pause(std::chrono::milliseconds time) { return end_.wait_for(time) == std::future_status::timeout; }

    void cut() { ::shutdown(stream_.lowest_layer().native_handle(), SHUT_RDWR); }

private:
    void receive()
    {
        char piece[16 * 1024];
        bytes_.append(piece, stream_.read_some(asio::buffer(piece)));
    }

    asio::ssl::stream<tcp::socket> stream_;
    std::shared_future<void> end_;
    std::string bytes_;
    std::string head_;
    std::size_t length_ = 0;
    std::size_t begun_ = 0;
};

/// Runs a script for every connection, each in its own thread.
class tls_server {
public:
    using script = std::function<void(peer&)>;

    explicit tls_server(script play, tcp::endpoint const& address = {asio::ip::address_v4::loopback(), 0})
        : play_{std::move(play)}
        , acceptor_{io_, address}
    {
        certificate_.use_in(context_);
        accepting_ = std::thread{[this] { accept(); }};
    }
    tls_server(tls_server const&) = delete;
    tls_server& operator=(tls_server const&) = delete;
    ~tls_server()
    {
        end_.set_value();
        refuse();
        accepting_.join();
        for (auto& entry : connections_) {
            entry.session.cut();
        }
        for (auto& entry : connections_) {
            entry.thread.join();
        }
    }

    /// Must be changed before the first connection only.
    [[nodiscard]] SSL_CTX* native_context() { return context_.native_handle(); }

    /// Accepts no more connections.
    void refuse() { ::shutdown(acceptor_.native_handle(), SHUT_RDWR); }

    void apply_to(postmark::config& settings) const
    {
        settings.host = "127.0.0.1";
        settings.port = port_;
        settings.https = true;
        settings.tls.ca_file = certificate_.path();
    }

private:
    struct connection {
        connection(tcp::socket socket, asio::ssl::context& context, std::shared_future<void> end)
            : session{std::move(socket), context, std::move(end)}
        {
        }
        peer session;
        std::thread thread;
    };

    void accept()
    {
        for (;;) {
            boost::system::error_code error;
            tcp::socket socket{io_};
            acceptor_.accept(socket, error);
            if (error) {
                return;
            }
            // A reply must not wait for the acknowledgement of earlier data.
            socket.set_option(tcp::no_delay{true});
            connection& added = connections_.emplace_back(std::move(socket), context_, ended_);
            added.thread = std::thread{[this, &added] { serve(added.session); }};
        }
    }

    void serve(peer& session)
    {
        try {
            session.handshake();
            play_(session);
        } catch (boost::system::system_error const&) {
            // The client closed the connection, which is allowed.
        }
        session.cut();
    }

    script play_;
    certificate certificate_;
    asio::ssl::context context_{asio::ssl::context::tls_server};
    asio::io_context io_;
    tcp::acceptor acceptor_;
    std::uint16_t port_ = acceptor_.local_endpoint().port();
    std::promise<void> end_;
    std::shared_future<void> ended_{end_.get_future()};
    std::list<connection> connections_;
    std::thread accepting_;
};

} // namespace scripted

#endif

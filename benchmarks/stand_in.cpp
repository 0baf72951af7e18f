// SPDX-License-Identifier: BSL-1.0

// stand_in: a service that does as little as possible, so that the client is what is measured. It reads requests to
// their end, counts the messages of a batch, and replies with as many items.

#include "workload.hpp"

#include <boost/asio/ssl/context.hpp>

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <unordered_map>
#include <utility>

namespace {

constexpr std::string_view usage = R"(usage: stand_in [options]

Answers POST /email and POST /email/batch over TLS on a loopback address. Prints one line when it is ready:
  listening host=127.0.0.1 port=... ca=...

  --port N      port to listen on (default: a free one)
  --ca FILE     where to write the certificate (default: stand_in.pem)
  --key FILE    where to write its key, for another server that is to have the same one
  --identity    only write certificate and key
  --versions    only print OpenSSL, the compiler and the features of the processor, a line each
  --no-tickets  issue no session tickets, so that no session can be resumed
  --recipients R  bare or named: the replies name the recipients of messages that are built from strings, without or
                  with their display names; otherwise always the same address
  --record FILE where to write the body of the first request
  --body N      only print the body of the reply to a batch of N messages; 0: to a single one
)";

#ifdef __clang__
constexpr std::string_view compiler = __VERSION__;
#else
constexpr std::string_view compiler = "GCC " __VERSION__;
#endif

#ifdef __x86_64__
// The C library and OpenSSL choose their code by it.
std::string_view processor()
{
    return __builtin_cpu_supports("avx2") ? "x86-64 with AVX2" : "x86-64 without AVX2";
}
#else
std::string_view processor()
{
    return "not x86-64";
}
#endif

// How replies name the recipients of a message.
enum class recipient_form { prepared, bare, named };
recipient_form form = recipient_form::prepared;

// The recipient of message number `index` as a JSON string, which the service writes in UTF-8, with < and > escaped.
std::string recipient_in_json(std::size_t index)
{
    bench::named_recipient const& one = bench::recipients[index % bench::recipients.size()];
    std::string_view const text = form == recipient_form::prepared ? bench::recipient
                                  : form == recipient_form::bare   ? one.address
                                                                   : one.header;
    std::string result;
    for (char const c : text) {
        if (c == '<') {
            result += "\\u003c";
        } else if (c == '>') {
            result += "\\u003e";
        } else {
            if (c == '"' || c == '\\') {
                result += '\\';
            }
            result += c;
        }
    }
    return result;
}

std::string item(std::size_t index)
{
    return R"({"To":")" + recipient_in_json(index) +
           R"(","SubmittedAt":"2026-01-05T09:30:00.1234567-05:00",)"
           R"("MessageID":"0a129aee-e1cd-480d-b08d-4f48548ff48d","ErrorCode":0,"Message":"OK"})";
}

// The reply to a batch of `count` messages; 0: to a single message.
std::string reply_body(std::size_t count)
{
    if (count == 0) {
        return item(0);
    }
    std::string result = "[";
    for (std::size_t i = 0; i < count; ++i) {
        result += i == 0 ? "" : ",";
        result += item(i);
    }
    return result += ']';
}

std::string reply(std::size_t count)
{
    std::string const body = reply_body(count);
    return "HTTP/1.1 200 OK\r\nServer: stand-in\r\nDate: Mon, 05 Jan 2026 14:30:00 GMT\r\nContent-Type: "
           "application/json; charset=utf-8\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\nConnection: keep-alive\r\n\r\n" + body;
}

// Replies are built once, when they are first needed.
std::string const& cached_reply(std::size_t count)
{
    static std::unordered_map<std::size_t, std::string> replies;
    std::string& result = replies[count];
    if (result.empty()) {
        result = reply(count);
    }
    return result;
}

// Counts the objects in an array that arrives in pieces.
class item_counter {
public:
    void feed(std::string_view text) noexcept
    {
        char const* at = text.data();
        char const* const end = at + text.size();
        while (at != end) {
            at = in_string_ ? skip_string(at, end) : skip_structure(at, end);
        }
    }

    [[nodiscard]] std::size_t count() const noexcept { return count_; }

private:
    char const* skip_string(char const* at, char const* end) noexcept
    {
        auto const size = static_cast<std::size_t>(end - at);
        auto const* const quote = static_cast<char const*>(std::memchr(at, '"', size));
        char const* const stop = quote != nullptr ? quote : end;
        char const* slash = stop;
        while (slash != at && slash[-1] == '\\') {
            --slash;
        }
        // An odd number of backslashes escapes the character after them. One may be at the end of the piece before.
        bool const odd = ((stop - slash) % 2 != 0) != (slash == at && escaped_);
        escaped_ = quote == nullptr && odd;
        if (quote == nullptr) {
            return end;
        }
        in_string_ = odd;
        return quote + 1;
    }

    char const* skip_structure(char const* at, char const* end) noexcept
    {
        for (; at != end; ++at) {
            switch (*at) {
            case '"':
                in_string_ = true;
                return at + 1;
            case '{':
                count_ += depth_ == 1 ? 1 : 0;
                [[fallthrough]];
            case '[':
                ++depth_;
                break;
            case '}':
            case ']':
                --depth_;
                break;
            default:
                break;
            }
        }
        return end;
    }

    std::size_t count_{0};
    int depth_{0};
    bool in_string_{false};
    bool escaped_{false};
};

std::string record_file;

class session {
public:
    session(SSL_CTX* context, int fd)
        : ssl_{SSL_new(context)}
        , fd_{fd}
    {
        SSL_set_fd(ssl_, fd);
        SSL_set_accept_state(ssl_);
    }
    session(session const&) = delete;
    session& operator=(session const&) = delete;
    ~session()
    {
        SSL_free(ssl_);
        ::close(fd_);
    }

    // Handles what the socket has; false: the session has ended.
    bool process()
    {
        if (!flush()) {
            return false;
        }
        static std::array<char, 64 * 1024> buffer;
        for (;;) {
            int const size = SSL_read(ssl_, buffer.data(), static_cast<int>(buffer.size()));
            if (size <= 0) {
                return SSL_get_error(ssl_, size) == SSL_ERROR_WANT_READ;
            }
            if (!receive({buffer.data(), static_cast<std::size_t>(size)}) || !flush()) {
                return false;
            }
        }
    }

    // Whether part of a reply waits until the socket takes more.
    [[nodiscard]] bool writing() const noexcept { return !out_.empty(); }

private:
    bool receive(std::string_view bytes)
    {
        while (!bytes.empty()) {
            if (body_left_ == 0) {
                std::size_t const old = head_.size();
                head_ += bytes;
                std::size_t const end = head_.find("\r\n\r\n", old < 3 ? 0 : old - 3);
                if (end == std::string::npos) {
                    return head_.size() < 16 * 1024;
                }
                bytes.remove_prefix(end + 4 - old);
                head_.resize(end + 2);
                if (!parse_head()) {
                    return false;
                }
                if (body_left_ != 0) {
                    continue;
                }
            }
            std::string_view const part = bytes.substr(0, body_left_);
            if (!record_file.empty()) {
                recorded_ += part;
            }
            if (batch_) {
                items_.feed(part);
            }
            bytes.remove_prefix(part.size());
            body_left_ -= part.size();
            if (body_left_ == 0) {
                send_reply();
            }
        }
        return true;
    }

    // Reads from the head whether the request is a batch and how long its body is.
    bool parse_head()
    {
        batch_ = head_.starts_with("POST /email/batch ");
        if (!batch_ && !head_.starts_with("POST /email ")) {
            return false;
        }
        items_ = item_counter{};
        bool found = false;
        for (std::size_t line = head_.find("\r\n"); line + 2 < head_.size(); line = head_.find("\r\n", line + 2)) {
            constexpr std::string_view name = "content-length:";
            if (head_.size() - line - 2 < name.size() || strncasecmp(&head_[line + 2], name.data(), name.size()) != 0) {
                continue;
            }
            char const* first = &head_[line + 2 + name.size()];
            while (*first == ' ') {
                ++first;
            }
            found = std::from_chars(first, head_.data() + head_.size(), body_left_).ec == std::errc{};
        }
        head_.clear();
        return found && body_left_ != 0;
    }

    void send_reply()
    {
        if (!record_file.empty()) {
            std::ofstream{std::exchange(record_file, {}), std::ios::binary} << recorded_;
        }
        out_ += cached_reply(batch_ ? items_.count() : 0);
    }

    bool flush()
    {
        std::size_t done = 0;
        while (done < out_.size()) {
            int const size = SSL_write(ssl_, out_.data() + done, static_cast<int>(out_.size() - done));
            if (size <= 0) {
                int const error = SSL_get_error(ssl_, size);
                if (error != SSL_ERROR_WANT_WRITE && error != SSL_ERROR_WANT_READ) {
                    return false;
                }
                break;
            }
            done += static_cast<std::size_t>(size);
        }
        out_.erase(0, done);
        return true;
    }

    SSL* ssl_;
    int fd_;
    std::string head_;
    std::size_t body_left_{0};
    bool batch_{false};
    item_counter items_;
    std::string out_;
    std::string recorded_;
};

void require(bool success, char const* action)
{
    if (!success) {
        throw std::runtime_error{std::string{"stand_in: "} + action + " failed"};
    }
}

// A self-signed certificate for 127.0.0.1.
void make_identity(SSL_CTX* context, std::string const& certificate_file, std::string const& key_file)
{
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> const key{EVP_EC_gen("P-256"), &EVP_PKEY_free};
    std::unique_ptr<X509, decltype(&X509_free)> const certificate{X509_new(), &X509_free};
    require(key && certificate, "making a key");
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 7 * 24 * 3600);
    X509_set_pubkey(certificate.get(), key.get());
    X509_NAME* const name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<unsigned char const*>("stand-in"), -1, -1,
                               0);
    X509_set_issuer_name(certificate.get(), name);
    X509V3_CTX names;
    X509V3_set_ctx(&names, certificate.get(), certificate.get(), nullptr, nullptr, 0);
    for (auto const& [extension_id, value] : {std::pair{NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost"},
                                              std::pair{NID_basic_constraints, "critical,CA:TRUE"}}) {
        X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &names, extension_id, value);
        require(extension != nullptr, "making an extension");
        X509_add_ext(certificate.get(), extension, -1);
        X509_EXTENSION_free(extension);
    }
    require(X509_sign(certificate.get(), key.get(), EVP_sha256()) != 0, "signing");
    require(SSL_CTX_use_certificate(context, certificate.get()) == 1, "using the certificate");
    require(SSL_CTX_use_PrivateKey(context, key.get()) == 1, "using the key");

    std::unique_ptr<std::FILE, decltype(&std::fclose)> file{std::fopen(certificate_file.c_str(), "w"), &std::fclose};
    require(file && PEM_write_X509(file.get(), certificate.get()) == 1, "writing the certificate");
    if (key_file.empty()) {
        return;
    }
    file.reset(std::fopen(key_file.c_str(), "w"));
    require(file && PEM_write_PrivateKey(file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
            "writing the key");
}

std::uint16_t parse_number(std::string_view text)
{
    std::uint16_t value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) {
        throw std::runtime_error{std::string{"stand_in: not a number: "}.append(text)};
    }
    return value;
}

int listen_on(std::uint16_t port, std::uint16_t& chosen)
{
    int const fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int const on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    require(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "bind");
    require(::listen(fd, 4096) == 0, "listen");
    socklen_t length = sizeof address;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
    chosen = ntohs(address.sin_port);
    return fd;
}

void serve(SSL_CTX* context, int listener)
{
    int const epoll = ::epoll_create1(EPOLL_CLOEXEC);
    std::unordered_map<int, session> sessions;
    auto const watch = [&](int operation, int fd, std::uint32_t events) {
        epoll_event event{};
        event.events = events;
        event.data.fd = fd;
        ::epoll_ctl(epoll, operation, fd, &event);
    };
    watch(EPOLL_CTL_ADD, listener, EPOLLIN);

    std::array<epoll_event, 256> events;
    for (;;) {
        int const count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
        if (count < 0 && errno != EINTR) {
            return;
        }
        for (int i = 0; i < count; ++i) {
            int const fd = events[static_cast<std::size_t>(i)].data.fd;
            if (fd == listener) {
                for (int peer; (peer = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
                    int const on = 1;
                    ::setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                    sessions.try_emplace(peer, context, peer);
                    watch(EPOLL_CTL_ADD, peer, EPOLLIN);
                }
                continue;
            }
            session& current = sessions.at(fd);
            bool const was_writing = current.writing();
            if (!current.process()) {
                sessions.erase(fd);
            } else if (current.writing() != was_writing) {
                watch(EPOLL_CTL_MOD, fd, current.writing() ? EPOLLIN | EPOLLOUT : EPOLLIN);
            }
            ERR_clear_error();
        }
    }
}

int run(int argc, char** argv)
{
    std::uint16_t port = 0;
    std::string ca = "stand_in.pem";
    std::string key;
    bool tickets = true;
    bool identity_only = false;
    for (int i = 1; i < argc; ++i) {
        std::string_view const option = argv[i];
        if (option == "--no-tickets") {
            tickets = false;
            continue;
        }
        if (option == "--versions") {
            std::cout << OpenSSL_version(OPENSSL_VERSION) << '\n' << compiler << '\n' << processor() << '\n';
            return 0;
        }
        if (option == "--identity") {
            identity_only = true;
            continue;
        }
        if (i + 1 == argc || option == "--help") {
            std::cout << usage;
            return option == "--help" ? 0 : 2;
        }
        std::string const value = argv[++i];
        if (option == "--port") {
            port = parse_number(value);
        } else if (option == "--ca") {
            ca = value;
        } else if (option == "--key") {
            key = value;
        } else if (option == "--recipients" && (value == "bare" || value == "named")) {
            form = value == "named" ? recipient_form::named : recipient_form::bare;
        } else if (option == "--record") {
            record_file = value;
        } else if (option == "--body") {
            std::cout << reply_body(parse_number(value));
            return 0;
        } else {
            std::cerr << usage;
            return 2;
        }
    }

    std::signal(SIGPIPE, SIG_IGN);
    boost::asio::ssl::context context{boost::asio::ssl::context::tlsv13_server};
    SSL_CTX* const native = context.native_handle();
    make_identity(native, ca, key);
    if (identity_only) {
        return 0;
    }
    // A read of the socket takes as many records as have arrived.
    SSL_CTX_set_read_ahead(native, 1);
    SSL_CTX_set_default_read_buffer_len(native, 64 * 1024);
    SSL_CTX_set_mode(native, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (!tickets) {
        SSL_CTX_set_num_tickets(native, 0);
    }

    // Ends with the process that started it, even if that is killed.
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    int const listener = listen_on(port, port);
    std::cout << "listening host=127.0.0.1 port=" << port << " ca=" << ca << std::endl;
    serve(native, listener);
    return 1;
}

} // namespace

int main(int argc, char** argv)
{
    try {
        return run(argc, argv);
    } catch (std::exception const& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
}

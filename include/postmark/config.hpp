// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CONFIG_HPP
#define POSTMARK_CONFIG_HPP

#include <postmark/message.hpp>
#include <postmark/secret.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postmark {

class observer;

/// Which certificates are trusted. The host name and the certificate of the server are always verified.
struct tls_settings {
    /// The system's trust anchors alone.
    tls_settings() = default;

    /// Path of a PEM file with trust anchors to add to the system's; empty: none. A file that cannot be read makes each
    /// call end with `errc::invalid_configuration`.
    std::string ca_file;
};

/// How many connections are kept, and for how long.
struct pool_settings {
    /// The defaults of the members.
    pool_settings() = default;

    /// Maximum number of connections; at least 1.
    std::size_t max_connections = 8;
    /// Maximum number of connections that are being made at the same time; at least 1.
    std::size_t max_handshakes = 2;
    /// A connection that was idle for longer is not used again; 0 to a year.
    std::chrono::milliseconds idle_limit = std::chrono::seconds{30};
    /// A connection older than this (give or take 10 %) is replaced, so that the host name is resolved again; 0 to a
    /// year.
    std::chrono::milliseconds age_limit = std::chrono::minutes{5};
};

/// How long each part of a call may take; each from 1 ms to a year.
///
/// A part that takes longer ends its attempt, which may be repeated according to `retry_settings`, until the whole call
/// has taken too long.
struct timeout_settings {
    /// The defaults of the members.
    timeout_settings() = default;

    /// Resolving the host name.
    std::chrono::milliseconds resolve = std::chrono::seconds{5};
    /// Connecting to one of the addresses of the host, or of the proxy.
    std::chrono::milliseconds connect = std::chrono::seconds{5};
    /// The TLS handshake. With a proxy, its reply to `CONNECT` may take as long before that.
    std::chrono::milliseconds handshake = std::chrono::seconds{5};
    /// Longest pause without progress in writing a request.
    std::chrono::milliseconds write_stall = std::chrono::seconds{15};
    /// From the last byte of the request to the last byte of the reply, of every call but a batch.
    std::chrono::milliseconds reply = std::chrono::seconds{30};
    /// From the last byte of the request to the last byte of the reply, of a batch.
    std::chrono::milliseconds batch_reply = std::chrono::seconds{90};
    /// The whole call, time in the queue and retries included.
    std::chrono::milliseconds call = std::chrono::seconds{60};
    /// Each chunk of a batch, from when it is queued, retries included.
    std::chrono::milliseconds batch_call = std::chrono::seconds{120};
};

/// When a call is tried again by the client itself: one that certainly sent nothing, and one that the service told to come
/// later (HTTP 429, and 503 with ErrorCode 100).
struct retry_settings {
    /// The defaults of the members.
    retry_settings() = default;

    /// Maximum number of attempts, the first included; at least 1. 1 never repeats.
    std::size_t attempts = 4;
    /// Upper bound of the first random delay; the bound doubles from one attempt to the next. 0 to a year.
    std::chrono::milliseconds first_delay = std::chrono::milliseconds{500};
    /// Upper bound of every random delay; 0 to a year.
    std::chrono::milliseconds max_delay = std::chrono::seconds{8};
    /// Repeat sends whose outcome is unknown, too. This can deliver a mail twice.
    bool at_least_once = false;
};

/// Whether single sends that would wait for a connection share one request to `/email/batch` (templates:
/// `/email/batchWithTemplates`).
///
/// - A shared request has at most 500 messages and 45 MiB.
/// - Each send completes with its own receipt, at its own deadline, and can be cancelled alone.
/// - No send is delayed so that others can join it: where a connection is free, only sends that begin in the same turn of
///   the event loop share a request.
/// - Sends with their own key, `test_api`, headers or retry policy are never coalesced.
///
/// Where many callers send at once, this takes about a tenth of the processor time. Trade-off:
///
/// - A lost reply leaves all messages of its request unknown, up to 500 instead of one.
/// - The reply may take as long as `timeouts.batch_reply`.
/// - A send that is cancelled, or reaches its deadline, after the shared request was made is always unknown, since the
///   request goes on for the others. Before that it is not sent, like every send that waits.
struct coalescing_settings {
    /// Off.
    coalescing_settings() = default;

    /// Whether sends are coalesced.
    bool enabled = false;
};

/// How much may wait in the queue, and how much is read of a reply. Each limit is at least 1.
struct limit_settings {
    /// The defaults of the members.
    limit_settings() = default;

    /// Maximum number of requests that wait for a connection. A call beyond it ends with `errc::queue_full`.
    std::size_t queued_requests = 65'536;
    /// Maximum size of the request bytes that wait, in bytes. A call beyond it ends with `errc::queue_full`.
    std::size_t queued_bytes = 64u * 1024 * 1024;
    /// Maximum size of the body of a reply to a single send, in bytes. A larger one is `errc::reply_too_large`.
    std::size_t reply_bytes = 1024 * 1024;
    /// Maximum size of the body of any other reply, to a batch for instance, in bytes. A larger one is
    /// `errc::reply_too_large`.
    std::size_t large_reply_bytes = 16u * 1024 * 1024;
};

/// The configuration of a client: one value, read once when the client is made.
///
/// The names in capitals are those of environment variables, and keys in the JSON of `from_json`. A copy may be read by
/// several threads at once.
struct config {
    /// The defaults of the members. A client also needs `api_key`, unless `test_api` is set.
    config() = default;

    /// Server token: visible ASCII characters, without quotes round it. Required unless `test_api` is set.
    /// `PYSTMARK_API_KEY`.
    secret api_key;
    /// Whether to use TLS. `false` means plain HTTP, which the service refuses and the sandbox can take. `PYSTMARK_HTTPS`.
    bool https = true;
    /// Send the token `POSTMARK_API_TEST` instead of the key: the service checks mails and delivers none.
    /// `PYSTMARK_TEST_API`.
    bool test_api = false;
    /// `from` of messages that have none. `PYSTMARK_DEFAULT_SENDER`.
    std::optional<mailbox> default_sender;
    /// `reply_to` of messages that have none. `PYSTMARK_DEFAULT_REPLY_TO`.
    mailbox_list default_reply_to;
    /// `headers` of messages that have none. `PYSTMARK_DEFAULT_HEADERS`, a JSON array of `{"Name", "Value"}`.
    std::vector<mail_header> default_headers;
    /// Run `message::verify` before anything is sent. `PYSTMARK_VERIFY_MESSAGES`.
    bool verify_messages = false;
    /// Token of account-level calls, by the rules of `api_key`; empty: such calls end with
    /// `errc::invalid_configuration`. `PYSTMARK_ACCOUNT_KEY`.
    secret account_key;
    /// Host name or IP address of the service, without a port. `PYSTMARK_HOST` is `name`, `name:port` or `[::1]:port`.
    std::string host = "api.postmarkapp.com";
    /// Port of the service; 0 means 443, or 80 without `https`. Part of `PYSTMARK_HOST`.
    std::uint16_t port = 0;
    /// Trusted certificates; nothing switches verification off. `PYSTMARK_CA_FILE` is `tls.ca_file`.
    tls_settings tls;
    /// The connections.
    pool_settings pool;
    /// Time limits of a call and its parts.
    timeout_settings timeouts;
    /// When a call is repeated; `call_options::retry` overrides it.
    retry_settings retry;
    /// Whether single sends share requests.
    coalescing_settings coalescing;
    /// Limits of the queue and of replies.
    limit_settings limits;
    /// URL of an HTTP proxy, `http://user:password@host:port`; empty: none. The client asks it for a tunnel by `CONNECT`.
    /// `HTTPS_PROXY`, in `from_environment` only. Not looked at where the host goes without a proxy.
    std::string proxy;
    /// Hosts that go without the proxy, separated by commas or blanks: names (with their subdomains), addresses, blocks of
    /// addresses such as `10.0.0.0/8` and `fd00::/8`, or `*` for all. Loopback always goes without. `NO_PROXY`, in
    /// `from_environment` only.
    std::string no_proxy;
    /// Put a unique id into each message's metadata (key `postmark-stamp`), so that a send whose outcome is unknown can be
    /// looked up by `client::async_reconcile`.
    bool stamp_messages = false;
    /// Called at the events of every call; null: none. See `observer.hpp`.
    std::shared_ptr<postmark::observer> observer;

    /// Reads the environment variables that are named above; members whose variable is not set keep their defaults.
    ///
    /// - Blanks and line breaks at the ends of a value are dropped.
    /// - An empty variable counts as not set; for `PYSTMARK_API_KEY` and `PYSTMARK_HOST` it is an error.
    /// - Flags are `true`, `false`, `1`, `0`, `yes`, `no`, `on` or `off`, in any case.
    /// - `https_proxy` and `no_proxy` are read where the names in capitals are not set.
    /// - The URL of a proxy that this client cannot use is an error only if the proxy would be used for the host. It is
    ///   ignored without `https`.
    /// - A missing key is no error here; `problem` reports it.
    ///
    /// Environment variables must not be changed by another thread meanwhile.
    /// \throws boost::system::system_error with `errc::invalid_configuration`; `what()` names the variable and what was
    ///         expected, never the value of a secret
    [[nodiscard]] static config from_environment();

    /// Reads a JSON object whose keys are the names above, by the rules of `from_environment`.
    ///
    /// - null counts as not set.
    /// - Flags may also be booleans, and `PYSTMARK_DEFAULT_HEADERS` an array.
    /// - Keys that do not begin with `PYSTMARK_` are ignored; unknown ones that do are refused.
    /// - The proxy is not read.
    ///
    /// \param text JSON in UTF-8
    /// \throws boost::system::system_error with `errc::invalid_configuration`; `what()` names the key and what was
    ///         expected, never the value of a secret
    [[nodiscard]] static config from_json(std::string_view text);

    /// The port to connect to: `port`, or the default that 0 means.
    [[nodiscard]] std::uint16_t effective_port() const noexcept;

    /// Describes the first thing that makes the configuration unusable, naming the field and no secret; empty if there is
    /// none. What is in files (`tls.ca_file`) is not read here.
    [[nodiscard]] std::string problem() const;
};

} // namespace postmark

#endif

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

/// Whom to trust. A peer's name and certificate are always verified.
struct tls_settings {
    tls_settings() = default;

    /// PEM file with trust anchors to add to the system's; empty: none. One that cannot be read is an
    /// `errc::invalid_configuration`.
    std::string ca_file;
};

/// How many connections are kept, and for how long.
struct pool_settings {
    pool_settings() = default;

    /// Connections at most, 1 or more.
    std::size_t max_connections = 8;
    /// Handshakes under way at the same time at most, 1 or more.
    std::size_t max_handshakes = 2;
    /// A connection that was unused for longer is not used again.
    std::chrono::milliseconds idle_limit = std::chrono::seconds{30};
    /// A connection older than this (give or take 10 %) is replaced, so that the name is resolved again.
    std::chrono::milliseconds age_limit = std::chrono::minutes{5};
};

/// How long each part of a call may take; all of them more than 0. A part that takes longer ends its attempt, which may be
/// repeated as `retry_settings` say, until the whole call has taken too long.
struct timeout_settings {
    timeout_settings() = default;

    /// Looking up the host's addresses.
    std::chrono::milliseconds resolve = std::chrono::seconds{5};
    /// Connecting to any of them, or to the proxy.
    std::chrono::milliseconds connect = std::chrono::seconds{5};
    /// TLS until the connection can be used. Before that, and as long again, the answer of the proxy.
    std::chrono::milliseconds handshake = std::chrono::seconds{5};
    /// Longest pause in writing a request.
    std::chrono::milliseconds write_stall = std::chrono::seconds{15};
    /// From the last byte of the request to the last byte of the reply.
    std::chrono::milliseconds reply = std::chrono::seconds{30};
    /// Likewise, of a batch.
    std::chrono::milliseconds batch_reply = std::chrono::seconds{90};
    /// The whole call, queueing and retries included.
    std::chrono::milliseconds call = std::chrono::seconds{60};
    /// Likewise, each chunk of a batch, from when it is queued.
    std::chrono::milliseconds batch_call = std::chrono::seconds{120};
};

/// When a call that certainly sent nothing is tried again.
struct retry_settings {
    retry_settings() = default;

    /// Attempts in all, 1 or more; 1 never repeats.
    std::size_t attempts = 4;
    /// Upper bound of the first random delay; it doubles from one attempt to the next.
    std::chrono::milliseconds first_delay = std::chrono::milliseconds{500};
    /// Upper bound of every delay.
    std::chrono::milliseconds max_delay = std::chrono::seconds{8};
    /// Also repeat sends whose outcome is unknown. This can deliver a mail twice.
    bool at_least_once = false;
};

/// Whether single sends that would wait for a connection share one request to `/email/batch` (templates:
/// `/email/batchWithTemplates`), up to 500 messages and 45 MiB of them.
///
/// Each still completes with its own receipt, at its own deadline, on its own cancellation. Nothing waits to be joined by
/// others: where a connection is free, only those share a request that begin in the same turn of the event loop. Sends with a key, `test_api`, headers or a retry policy of their own always go alone. Where many send at once it
/// costs about a tenth of the processor time.
///
/// The price: a lost reply leaves all the messages of its request unknown, up to 500 instead of one; and the reply may take as
/// long as `timeouts.batch_reply`. A send that is cancelled, or runs out of time, when others share its request is always
/// unknown, since the request goes on for them; before the request is made it is not sent, as any that waits.
struct coalescing_settings {
    coalescing_settings() = default;

    bool enabled = false;
};

/// How much may wait, and how much is read.
struct limit_settings {
    limit_settings() = default;

    /// Requests that wait for a connection at most.
    std::size_t queued_requests = 65'536;
    /// What they hold of their requests at most, in bytes.
    std::size_t queued_bytes = 64u * 1024 * 1024;
    /// Longest reply to a single send, in bytes.
    std::size_t reply_bytes = 1024 * 1024;
    /// Longest reply to anything else, batches included, in bytes.
    std::size_t large_reply_bytes = 16u * 1024 * 1024;
};

/// Everything a client needs to know: one value, read once when the client is made.
struct config {
    config() = default;

    /// Server token. Required unless `test_api`. Environment and JSON: `PYSTMARK_API_KEY`.
    secret api_key;
    /// Speak TLS. Without it, plain HTTP, which the service refuses. `PYSTMARK_HTTPS`.
    bool https = true;
    /// Send the token `POSTMARK_API_TEST` instead of the key: mail is validated, nothing is delivered. `PYSTMARK_TEST_API`.
    bool test_api = false;
    /// `from` of messages that have none. `PYSTMARK_DEFAULT_SENDER`.
    std::optional<mailbox> default_sender;
    /// `reply_to` of messages that have none. `PYSTMARK_DEFAULT_REPLY_TO`.
    mailbox_list default_reply_to;
    /// `headers` of messages that have none. `PYSTMARK_DEFAULT_HEADERS`, a JSON array of `{"Name", "Value"}`.
    std::vector<mail_header> default_headers;
    /// Run `message::verify` before anything is sent. `PYSTMARK_VERIFY_MESSAGES`.
    bool verify_messages = false;
    /// Token of account-level calls. `PYSTMARK_ACCOUNT_KEY`.
    secret account_key;
    /// Name or IP address of the service. `PYSTMARK_HOST`: `name`, `name:port`, `[::1]:port`.
    std::string host = "api.postmarkapp.com";
    /// 0 stands for 443, or for 80 without `https`.
    std::uint16_t port = 0;
    /// Trust. `PYSTMARK_CA_FILE` is `tls.ca_file`; nothing switches verification off.
    tls_settings tls;
    pool_settings pool;
    timeout_settings timeouts;
    retry_settings retry;
    coalescing_settings coalescing;
    limit_settings limits;
    /// URL of an HTTP proxy, `http://user:password@host:port`; empty: none. `HTTPS_PROXY`, in `from_environment` only.
    std::string proxy;
    /// Hosts that go without the proxy, as in `NO_PROXY`, separated by commas. Loopback always does.
    std::string no_proxy;
    /// Put a unique id into each message's metadata, so that a send whose outcome is unknown can be looked up.
    bool stamp_messages = false;
    /// Told what happens; none by default.
    std::shared_ptr<postmark::observer> observer;

    /// Reads the variables named above; those that are not set keep their defaults. An empty variable counts as not
    /// set, but for `PYSTMARK_API_KEY` and `PYSTMARK_HOST`, where it is an error. Flags are `true`, `false`, `1`, `0`,
    /// `yes`, `no`, `on` or `off`, in any case. `https_proxy` and `no_proxy` are read where the names in capitals are
    /// not set. A missing key is no error here; `problem` reports it.
    /// \throws boost::system::system_error with `errc::invalid_configuration`; `what()` names the variable and what was
    ///         expected, never the value of a secret
    [[nodiscard]] static config from_environment();

    /// Reads a JSON object with the keys named above, by the same rules; null counts as not set, flags may be booleans,
    /// `PYSTMARK_DEFAULT_HEADERS` an array. Keys that do not begin with `PYSTMARK_` are ignored, unknown ones that do
    /// are refused.
    /// \throws boost::system::system_error as above
    [[nodiscard]] static config from_json(std::string_view text);

    /// The port to connect to, with the default filled in.
    [[nodiscard]] std::uint16_t effective_port() const noexcept;

    /// Says what makes the configuration unusable; an empty string if nothing does.
    [[nodiscard]] std::string problem() const;
};

} // namespace postmark

#endif

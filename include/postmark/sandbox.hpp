// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_HPP
#define POSTMARK_SANDBOX_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// A local Postmark, for tests, demonstrations and benchmarks.
namespace postmark::sandbox {

/// The settings of a `server`.
struct settings {
    settings() = default;

    /// Numeric address to listen on.
    std::string host{"127.0.0.1"};
    /// Port to listen on; 0 takes a free one.
    std::uint16_t port{0};
    /// False speaks plain HTTP.
    bool tls{true};
    /// Host names and addresses of the certificate. Control requests (`/__sandbox/`) are served only if their `Host` is
    /// one of these, `localhost` or a loopback address.
    std::vector<std::string> names{"localhost", "127.0.0.1", "::1"};
    /// Refuses TLS 1.3, so that the older handshake can be tested.
    bool tls12_only{false};
    /// Makes a certificate that is out of date, so that its refusal can be tested.
    bool expired_certificate{false};
    /// Where to write the certificate of the authority that clients must trust (PEM). Empty: a private temporary file
    /// that is removed at the end.
    std::string ca_file;
    /// The server tokens that are valid from the start; each opens a server of its own. Empty: there is one server,
    /// which every token opens that is not empty and belongs to no other server. `POSTMARK_API_TEST` is always valid.
    std::vector<std::string> tokens;
    /// The account tokens that are valid. Empty: every token that is not empty.
    std::vector<std::string> account_tokens;
    /// True starts each server with three bounces, the suppressed addresses `gone@recipient.example` and
    /// `complained@recipient.example`, and the templates `welcome` and `receipt`, and the account with the verified
    /// domain `sender.example`. Without seeds there is none of these.
    bool seeds{false};
    /// Threads that serve connections.
    unsigned threads{1};
    /// False keeps only sender, recipients, stream, tag and metadata of each message, for long runs.
    bool keep_bodies{true};
    /// True keeps every request, for `server::requests`.
    bool keep_requests{false};
    /// How long an accepted message stays unknown to the message search.
    std::chrono::milliseconds index_delay{0};
    /// Number that message ids are made from.
    std::uint64_t seed{1};
};

/// A header, of a mail or of a request.
struct header {
    header() = default;
    header(std::string name, std::string value);

    std::string name;
    std::string value;
};

/// An attachment as it was received.
struct attachment {
    attachment() = default;

    std::string name;
    std::string content_type;
    std::string content_id;
    /// The decoded bytes.
    std::string content;
};

/// A message that the sandbox accepted.
struct stored_message {
    stored_message() = default;

    std::string message_id;
    /// The id of the server that accepted it.
    std::int64_t server_id{0};
    /// The path that it was sent to, for instance `/email/batch`.
    std::string endpoint;
    std::string from;
    /// Bare addresses, without names.
    std::vector<std::string> to;
    std::vector<std::string> cc;
    std::vector<std::string> bcc;
    std::string reply_to;
    /// Subject and bodies; those of a template are rendered.
    std::string subject;
    std::string text;
    std::string html;
    std::string tag;
    std::string message_stream;
    /// Numbers are stored as their text.
    std::map<std::string, std::string> metadata;
    std::vector<header> headers;
    std::vector<attachment> attachments;
    std::chrono::system_clock::time_point submitted_at;
    /// The message as it was received; with `keep_bodies` off only the members that are kept.
    std::string json;
    /// Sent with `POSTMARK_API_TEST`: the service would not have delivered it.
    bool test_token{false};
};

/// A request as it was received.
struct received_request {
    received_request() = default;

    std::string method;
    std::string target;
    std::vector<header> headers;
    std::size_t body_size{0};
    /// Number of the connection, from 1.
    std::uint64_t connection{0};
};

/// Counts of events since the start or the last `clear`.
struct statistics {
    statistics() = default;

    std::uint64_t connections{0};
    std::uint64_t open_connections{0};
    std::uint64_t handshakes{0};
    /// Handshakes that resumed an earlier TLS session.
    std::uint64_t resumed_handshakes{0};
    /// Requests whose head was read; those to `/__sandbox/` do not count.
    std::uint64_t requests{0};
    /// Requests by path, in the spelling of the service's documentation; `other` for unknown paths.
    std::map<std::string, std::uint64_t> requests_by_endpoint;
    /// Messages accepted, those with the test token included.
    std::uint64_t messages{0};
    /// Faults that were played.
    std::uint64_t faults{0};
    /// Faults by the name of their action.
    std::map<std::string, std::uint64_t> faults_by_action;
    /// Host name that the last TLS client asked for (SNI), empty when it named none.
    std::string server_name;
};

/// A local Postmark on its own threads: listens from construction to destruction.
///
/// It checks requests and replies as the service does, and keeps the messages that it accepted. `set_faults` makes it
/// misbehave, but only in ways in which the service or a network could: a message for which it reports success is
/// always in `messages`, before the first byte of the reply leaves. A reply that a script spells out (`status` with a
/// body, `early_reply`, `greeting`, `raw`) is not checked: the parameter `accept` of the fault decides whether the mail
/// is accepted.
///
/// \par Thread safety
/// All functions may be called from any thread, except destruction, moving and assignment.
class server {
public:
    /// Starts to listen. Throws `std::runtime_error` when that fails, for instance when the port is in use or a file
    /// cannot be written.
    explicit server(settings configuration = {});

    server(server&&) noexcept;
    server& operator=(server&&) noexcept;

    /// Calls `stop`.
    ~server();

    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] std::string const& host() const;

    /// Path of the authority's certificate; empty without TLS.
    [[nodiscard]] std::string const& ca_file() const;

    /// All messages that were accepted by any server since the start or the last `clear`, oldest first.
    [[nodiscard]] std::vector<stored_message> messages() const;

    /// Calls `visit` with each of `messages`, without a copy of all of them. `visit` must not call back into this
    /// object.
    void for_each_message(std::function<void(stored_message const&)> const& visit) const;

    [[nodiscard]] std::size_t message_count() const;

    /// All requests since the start or the last `clear`, oldest first. Empty unless `settings::keep_requests` is set.
    [[nodiscard]] std::vector<received_request> requests() const;

    [[nodiscard]] statistics stats() const;

    /// Forgets messages with their opens and clicks, requests and counts. Faults, suppressions, bounces and open
    /// connections stay.
    void clear();

    /// Replaces the script of faults; an empty text or `{}` ends all faults. All counters of the script start again.
    /// Throws `std::invalid_argument` with the reason when the script is invalid. docs/sandbox.md describes scripts.
    void set_faults(std::string_view script);

    /// Marks an address as inactive on a stream of every server, as after a hard bounce.
    void suppress(std::string_view address, std::string_view stream = "outbound");

    /// Adds a template to every server, or replaces the one with the same alias or id.
    void add_template(std::string alias, std::int64_t id, std::string subject, std::string html, std::string text);

    /// Changes how long an accepted message stays unknown to the message search.
    void set_index_delay(std::chrono::milliseconds delay);

    /// Waits until `condition` returns true or `timeout` has passed, and returns the last result of `condition`. It is
    /// called whenever the statistics change, and must not call back into this object.
    bool wait_until(std::function<bool(statistics const&)> const& condition, std::chrono::milliseconds timeout) const;

    /// Waits for this number of requests since the start or the last `clear`.
    bool wait_for_requests(std::uint64_t count, std::chrono::milliseconds timeout = std::chrono::seconds{10}) const;

    /// Waits for this number of accepted messages since the start or the last `clear`.
    bool wait_for_messages(std::uint64_t count, std::chrono::milliseconds timeout = std::chrono::seconds{10}) const;

    /// Closes the connections that wait for a request, as a server does after its idle limit. Returns at once.
    void close_idle_connections();

    /// Closes all connections and ends the threads. Messages and statistics stay readable.
    void stop();

private:
    class implementation;
    std::unique_ptr<implementation> implementation_;
};

/// The endpoints of a `server`, each as its method, a blank and its path; `{name}` stands for a variable segment.
[[nodiscard]] std::vector<std::string> routes();

} // namespace postmark::sandbox

#endif

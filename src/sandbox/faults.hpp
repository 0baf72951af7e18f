// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_FAULTS_HPP
#define POSTMARK_SANDBOX_FAULTS_HPP

#include <postmark/sandbox.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::sandbox::detail {

/// The kinds of faults. faults.cpp has the name and the parameters of each.
enum class action {
    // Of a connection
    refuse_connection,
    close_in_handshake,
    greeting,
    // Of a request
    reset_before_request,
    reset_during_request,
    reset_after_request,
    close_after_request,
    stall,
    slow_read,
    early_reply,
    // Instead of the reply
    status,
    raw,
    // Around the reply
    delay,
    interim,
    reset_during_reply,
    truncate_reply,
    slow_reply,
    chunked,
    no_length,
    extra_bytes,
    connection_close,
    close_when_idle,
    // In the body of the reply
    wrong_item_count,
    garbage_json,
    not_object,
    empty_object,
    no_message_id,
    no_error_code,
    null_item,
    big_reply,
};

/// The name of an action in scripts.
[[nodiscard]] std::string_view name_of(action kind) noexcept;

/// One fault with its parameters; the action decides which of them are used.
struct fault {
    fault() = default;

    action kind{action::status};
    int status{0};
    std::optional<std::string> body;
    std::string content_type;
    std::vector<header> headers;
    /// A position or an amount; a negative one counts from the end.
    std::optional<std::int64_t> bytes;
    std::chrono::milliseconds pause{0};
    /// Of a batch reply: -1 for one item too few, 1 for one too many.
    int change{-1};
    std::optional<std::size_t> item;
    /// Whether the request is carried out.
    bool accept{false};
    bool close_notify{true};
    bool reset{false};
    /// After an early reply, reads the rest of the request.
    bool read_rest{true};
    /// Takes place before the request is read, not after.
    bool before{false};
    /// Takes place as soon as the connection is up, without waiting for a request.
    bool at_connection{false};
    bool extensions{false};
    bool trailers{false};
    /// Keeps the connection open where the action would close it.
    bool keep{false};
};

/// Decides which fault is played when. The same script and the same order of requests give the same decisions.
class fault_plan {
public:
    struct rule;

    fault_plan();
    ~fault_plan();

    /// Replaces the script. Returns the index delay that it sets, if it does. Throws `std::invalid_argument`.
    std::optional<std::chrono::milliseconds> load(std::string_view script);

    /// The fault of a connection that was just accepted; null: none.
    [[nodiscard]] std::shared_ptr<fault const> on_connection(std::uint64_t connection);

    /// The fault of a request whose head was just read; null: none. `path` is in lower case.
    [[nodiscard]] std::shared_ptr<fault const> on_request(std::string_view path, std::uint64_t connection);

private:
    [[nodiscard]] std::shared_ptr<fault const> decide(bool at_connection, std::string_view path,
                                                      std::uint64_t connection);

    std::atomic<bool> active_{false};
    /// Scripts number connections from when they were loaded.
    std::atomic<std::uint64_t> last_connection_{0};
    std::uint64_t connections_before_{0};
    std::mutex mutex_;
    std::uint64_t seed_{0};
    std::vector<rule> rules_;
};

} // namespace postmark::sandbox::detail

#endif

// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_CALL_SETUP_HPP
#define POSTMARK_CLIENT_CALL_SETUP_HPP

#include "client/operation.hpp"
#include "client/send_endpoint.hpp"
#include "model/input_error.hpp"
#include "model/message_defaults.hpp"
#include "scheduler/call.hpp"

#include <postmark/api/request.hpp>
#include <postmark/call_options.hpp>
#include <postmark/config.hpp>
#include <postmark/error_code.hpp>
#include <postmark/message.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace postmark::detail {

using model::input_error;

/// Kinds of calls, which have different limits.
enum class call_kind : std::uint8_t { single_send, batch_chunk, api_call };

/// The limits that the configuration sets for a kind of call.
struct call_limits {
    std::chrono::milliseconds call_timeout{};
    std::chrono::milliseconds reply_timeout{};
    std::size_t reply_bytes = 0;
};

/// Whether a message is so small that freeing it before its send has completed is not worth it.
[[nodiscard]] bool is_small(message const& msg) noexcept;

/// When a timeout that begins at `now` ends. One that is not positive ends at once; none is longer than a year.
[[nodiscard]] scheduler::time_point deadline_after(std::chrono::milliseconds timeout,
                                                   scheduler::time_point now) noexcept;

/// Checks calls and prepares them. All of it follows from the configuration and from what the caller passes.
/// Thread-safe.
class call_setup {
public:
    /// \param settings must exist as long as this
    explicit call_setup(config const& settings);

    /// Fields that are filled in where a message leaves them open.
    [[nodiscard]] model::message_defaults const& defaults() const noexcept { return defaults_; }

    /// Checks the options of a call.
    [[nodiscard]] input_error check(call_options const& options, token_kind kind) const;
    /// Checks a message, together with the defaults that it takes over.
    [[nodiscard]] input_error check(message const& msg) const;

    [[nodiscard]] call_limits limits_of(call_kind kind) const noexcept;
    /// Sets the policy of an operation, but for what depends on its request, and its limits.
    void prepare(operation& op, call_kind kind, call_options const& options, token_kind token,
                 scheduler::time_point now) const;

    /// The head of a request to a mail endpoint, up to its length. `storage` holds it if it is not the one that calls
    /// without options share.
    [[nodiscard]] std::string_view head_of(send_endpoint endpoint, call_options const& options,
                                           std::string& storage) const;
    [[nodiscard]] std::string_view head_of(send_endpoint endpoint) const noexcept
    {
        return heads_[static_cast<std::size_t>(endpoint)];
    }
    [[nodiscard]] std::string make_head(http_method method, std::string_view target, call_options const& options,
                                        token_kind kind, bool has_body) const;

    /// Whether a single send may share its request.
    [[nodiscard]] bool may_coalesce(call_options const& options) const noexcept;

    /// A new stamp for a message; empty if the configuration asks for none, or none fits.
    [[nodiscard]] std::string make_stamp(message const& msg);
    /// Draws a new prefix of stamps, which no other process has.
    void renew_stamps();

private:
    [[nodiscard]] secret token_of(call_options const& options, token_kind kind) const;

    config const& settings_;
    model::message_defaults defaults_;
    std::string host_header_;
    std::array<std::string, 4> heads_;
    bool has_default_token_ = false;
    std::string stamp_prefix_;
    std::atomic<std::uint64_t> stamp_count_{0};
};

} // namespace postmark::detail

#endif

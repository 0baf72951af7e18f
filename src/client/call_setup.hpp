// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_CALL_SETUP_HPP
#define POSTMARK_CLIENT_CALL_SETUP_HPP

#include "protocol/message_writer.hpp"
#include "scheduler/call.hpp"

#include <postmark/api/request.hpp>
#include <postmark/call_options.hpp>
#include <postmark/config.hpp>
#include <postmark/error_code.hpp>
#include <postmark/message.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace postmark::detail {

/// The endpoints that mail goes to.
enum class send_endpoint : std::uint8_t { plain, templated, plain_batch, template_batch };

/// What stands before and behind the messages in the body of a batch.
[[nodiscard]] std::string_view opening_of(send_endpoint endpoint) noexcept;
[[nodiscard]] std::string_view closing_of(send_endpoint endpoint) noexcept;

/// Whether a message is not worth freeing before its send is over, though it is in the request already.
[[nodiscard]] bool is_small(message const& msg) noexcept;

/// What a call cannot begin without: the error and its cause, or nothing.
struct refusal {
    errc error{};
    std::string detail{};
    explicit operator bool() const noexcept { return error != errc{}; }
};

/// When a timeout that begins at `now` is over. One that is not positive is over at once; none is longer than a year.
[[nodiscard]] scheduler::time_point deadline_after(std::chrono::milliseconds timeout,
                                                   scheduler::time_point now) noexcept;

/// What has to be known and checked of a call before it begins: all of it follows from the configuration and from what the
/// caller passes. Thread-safe.
class call_setup {
public:
    explicit call_setup(config const& settings);

    /// What messages leave open.
    [[nodiscard]] protocol::message_defaults const& defaults() const noexcept { return defaults_; }

    /// Why a call with these options cannot work.
    [[nodiscard]] refusal check(call_options const& options, token_kind kind) const;
    /// Why a message is not sent.
    [[nodiscard]] refusal check(message const& msg) const;

    /// The head of a request to a mail endpoint, up to its length. `storage` holds it where it is not one of the usual four.
    [[nodiscard]] std::string_view head_of(send_endpoint endpoint, call_options const& options,
                                           std::string& storage) const;
    [[nodiscard]] std::string_view head_of(send_endpoint endpoint) const noexcept
    {
        return heads_[static_cast<std::size_t>(endpoint)];
    }
    [[nodiscard]] std::string make_head(http_method method, std::string_view target, call_options const& options,
                                        token_kind kind, bool has_body) const;

    [[nodiscard]] scheduler::call_policy terms_of(call_options const& options, std::chrono::milliseconds timeout,
                                                  token_kind kind, scheduler::time_point now) const;
    /// Whether a single send may share its request.
    [[nodiscard]] bool may_share(call_options const& options) const noexcept;

    /// A new stamp for a message, or nothing where none is wanted or fits.
    [[nodiscard]] std::string make_stamp(message const& msg);

private:
    [[nodiscard]] secret token_of(call_options const& options, token_kind kind) const;

    config const& settings_;
    protocol::message_defaults defaults_;
    std::string host_header_;
    std::array<std::string, 4> heads_;
    bool has_usual_token_ = false;
    std::string stamp_prefix_;
    std::atomic<std::uint64_t> stamps_{0};
};

} // namespace postmark::detail

#endif

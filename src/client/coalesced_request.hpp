// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_COALESCED_REQUEST_HPP
#define POSTMARK_CLIENT_COALESCED_REQUEST_HPP

#include "client/call_setup.hpp"
#include "client/operation.hpp"
#include "protocol/request_bytes.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace postmark::detail {

/// A single send, which may be alone in its request or share one.
class mail_operation : public operation {
public:
    /// Its message, as both kinds of request hold it.
    [[nodiscard]] virtual std::string_view message_json() const noexcept = 0;
    /// Where to read an answer into.
    [[nodiscard]] virtual receipt& answer() = 0;
};

/// How calls that can share a request are told from those that cannot: the number in `call_policy::coalesce_group`.
inline constexpr std::uint8_t shares_plain = 1;
inline constexpr std::uint8_t shares_templated = 2;

/// One request for several single sends: a batch that is made of what they already hold. Belongs to a connection.
class coalesced_request {
public:
    /// Puts it together in `request`.
    /// \param calls all of them are `mail_operation`s
    static void write(protocol::request_bytes& request, call_setup const& setup,
                      std::span<scheduler::call* const> calls);

    /// Fills the receipts of the calls.
    /// \param calls null for those that did not wait
    /// \return one verdict for each, or one for all
    [[nodiscard]] std::span<scheduler::reply_status const> read(transport::reply const& said,
                                                                std::span<scheduler::call* const> calls);

private:
    std::vector<receipt*> receipts_;
    std::vector<scheduler::reply_status> verdicts_;
};

} // namespace postmark::detail

#endif

// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_SUPPRESSION_STORE_HPP
#define POSTMARK_SANDBOX_SUPPRESSION_STORE_HPP

#include "sandbox/text.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace postmark::sandbox::detail {

struct suppression {
    /// In lower case.
    std::string address;
    /// `HardBounce`, `SpamComplaint` or `ManualSuppression`.
    std::string_view reason;
    /// `Recipient`, `Customer` or `Admin`.
    std::string_view origin;
    time_point created_at;
};

/// The addresses to which a server sends no mail, stream by stream. Guarded by the lock of the world.
class suppression_store {
public:
    /// Suppresses an address; one that is suppressed already keeps its reason. `reason` and `origin` must be literals.
    void add(std::string_view stream, std::string_view address, std::string_view reason, std::string_view origin);

    /// Null when the address is not suppressed on the stream.
    [[nodiscard]] suppression const* find(std::string_view stream, std::string_view address) const;

    void remove(std::string_view stream, std::string_view address);

    /// Of all streams together.
    [[nodiscard]] std::size_t size() const;

    using by_address = std::map<std::string, suppression, std::less<>>;
    /// The suppressions of a stream, in the order of their addresses.
    [[nodiscard]] by_address const& of_stream(std::string_view stream) const;

private:
    std::map<std::string, by_address, std::less<>> streams_;
};

} // namespace postmark::sandbox::detail

#endif

// SPDX-License-Identifier: BSL-1.0

#include "sandbox/server_state.hpp"

#include "sandbox/text.hpp"

namespace postmark::sandbox::detail {

std::string server_state::inbound_hash() const
{
    std::string result;
    auto const bits = mix(static_cast<std::uint64_t>(id));
    append_hex(result, bits, 16);
    append_hex(result, mix(bits), 16);
    return result;
}

} // namespace postmark::sandbox::detail

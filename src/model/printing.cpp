// SPDX-License-Identifier: BSL-1.0

#include <postmark/receipt.hpp>
#include <postmark/secret.hpp>

#include <ostream>

namespace postmark {

std::string_view to_string(outcome value) noexcept
{
    switch (value) {
    case outcome::accepted:
        return "accepted";
    case outcome::rejected:
        return "rejected";
    case outcome::not_sent:
        return "not_sent";
    case outcome::unknown:
        break;
    }
    return "unknown";
}

std::ostream& operator<<(std::ostream& stream, outcome value)
{
    return stream << to_string(value);
}

std::ostream& operator<<(std::ostream& stream, secret const&)
{
    return stream << "***";
}

} // namespace postmark

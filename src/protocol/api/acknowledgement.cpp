// SPDX-License-Identifier: BSL-1.0

#include "protocol/schema.hpp"

#include <postmark/api/acknowledgement.hpp>

namespace postmark {

schema const& acknowledgement::describe()
{
    static constexpr schema description = protocol::describe_type<acknowledgement>("acknowledgement", {});
    return description;
}

} // namespace postmark

// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_MODEL_MESSAGE_DEFAULTS_HPP
#define POSTMARK_MODEL_MESSAGE_DEFAULTS_HPP

#include <postmark/message.hpp>

#include <optional>
#include <vector>

namespace postmark::model {

/// The members of the configuration that messages without their own take over. The messages themselves are not changed:
/// they are checked and written together with their defaults.
struct message_defaults {
    std::optional<mailbox> from;
    mailbox_list reply_to;
    std::vector<mail_header> headers;
};

} // namespace postmark::model

#endif

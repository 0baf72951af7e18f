// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_VALIDATION_HPP
#define POSTMARK_SANDBOX_VALIDATION_HPP

#include "sandbox/addresses.hpp"
#include "sandbox/mail_reader.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace postmark::sandbox::detail {

/// All recipients of a message.
struct recipient_list {
    std::vector<address_view> to;
    std::vector<address_view> cc;
    std::vector<address_view> bcc;

    void clear();
    [[nodiscard]] std::size_t size() const { return to.size() + cc.size() + bcc.size(); }

    template <class Visitor>
    void for_each(Visitor&& visit) const
    {
        for (auto const* list : {&to, &cc, &bcc}) {
            for (auto const& entry : *list) {
                visit(entry);
            }
        }
    }
};

/// Checks addresses, limits, metadata, headers and attachments, and fills the recipients. A message that names
/// a template (`templated`) needs no body of its own.
[[nodiscard]] std::optional<refusal> check_mail(mail const& message, bool templated, recipient_list& recipients);

/// Checks, before the template is looked up, that a message names one and has no parts of its own.
[[nodiscard]] std::optional<refusal> check_template_fields(mail const& message);

/// Checks the model with which a template is to be rendered.
[[nodiscard]] std::optional<refusal> check_template_model(mail const& message);

} // namespace postmark::sandbox::detail

#endif

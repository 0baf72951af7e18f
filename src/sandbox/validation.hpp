// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_VALIDATION_HPP
#define POSTMARK_SANDBOX_VALIDATION_HPP

#include "sandbox/addresses.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::sandbox {

/// Postmark's answer to what it does not take.
struct refusal {
    int error_code;
    std::string message;
};

/// A message as it was received; everything looks into the parsed JSON.
struct mail {
    std::string_view from, to, cc, bcc, reply_to;
    std::string_view subject, tag, html, text;
    std::string_view stream, track_links, template_alias;
    bool has_to{false};
    bool has_subject{false};
    bool has_html{false};
    bool has_text{false};
    bool track_opens{false};
    std::optional<std::int64_t> template_id;
    boost::json::object const* template_model{nullptr};
    boost::json::object const* metadata{nullptr};
    boost::json::array const* headers{nullptr};
    boost::json::array const* attachments{nullptr};

    [[nodiscard]] std::string_view message_stream() const { return stream.empty() ? "outbound" : stream; }
};

/// Everybody a message goes to.
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

/// Takes a message apart. What has the wrong type is refused with its JSON path, which starts with `path`. Keys are
/// matched without regard to case, unknown ones are ignored, null is as good as absent.
[[nodiscard]] std::optional<refusal> read_mail(boost::json::value const& from, std::string_view path, mail& into);

/// The keys of an entry of `Headers` or `Attachments`, without regard to case; null where it is absent.
[[nodiscard]] boost::json::value const* find_member(boost::json::object const& object, std::string_view name);

/// A text member of an entry of `Headers` or `Attachments`, empty where it is absent.
[[nodiscard]] std::string_view text_member(boost::json::object const& object, std::string_view name);

/// Checks addresses, limits, metadata, headers, attachments and stream, and fills the recipients. `templated` messages
/// need no body of their own.
[[nodiscard]] std::optional<refusal> check_mail(mail const& message, bool templated, recipient_list& recipients);

/// Checks that exactly what a templated send needs is there, before a template is looked for.
[[nodiscard]] std::optional<refusal> check_template_fields(mail const& message);

} // namespace postmark::sandbox

#endif

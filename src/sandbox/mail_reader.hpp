// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_MAIL_READER_HPP
#define POSTMARK_SANDBOX_MAIL_READER_HPP

#include "sandbox/addresses.hpp"
#include "sandbox/request.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postmark::sandbox::detail {

/// A message as it was received. All members are views into the parsed JSON.
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
    /// An object.
    boost::json::value const* template_model{nullptr};
    /// Values are strings or numbers; `to_text` reads both.
    boost::json::object const* metadata{nullptr};
    boost::json::array const* headers{nullptr};
    boost::json::array const* attachments{nullptr};

    [[nodiscard]] std::string_view message_stream() const { return stream.empty() ? "outbound" : stream; }
};

/// Reads the members of a message. A member of the wrong type is refused with its JSON path, which starts with `path`.
/// Keys are matched without regard to case, unknown keys are ignored, and null means absent.
[[nodiscard]] std::optional<refusal> read_mail(boost::json::value const& from, std::string_view path, mail& into);

/// A stored message, parsed again.
class parsed_mail {
public:
    /// `json_text` is that of a message that was accepted; throws `boost::system::system_error` for anything else.
    explicit parsed_mail(std::string_view json_text);
    parsed_mail(parsed_mail&&) = delete;

    /// Views into this object.
    [[nodiscard]] mail const& fields() const { return fields_; }

private:
    boost::json::value value_;
    mail fields_;
};

} // namespace postmark::sandbox::detail

#endif

// SPDX-License-Identifier: BSL-1.0

#include "protocol/message_schema.hpp"

#include "protocol/message_writer.hpp"

#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include <array>

namespace postmark::protocol {

namespace {

constexpr std::array<std::pair<std::string_view, link_tracking>, 4> link_tracking_names{{
    {"None", link_tracking::none},
    {"HtmlAndText", link_tracking::html_and_text},
    {"HtmlOnly", link_tracking::html_only},
    {"TextOnly", link_tracking::text_only},
}};

bool read_link_tracking(codec const&, read_state& state, boost::json::value const& json, void* object)
{
    auto const* text = json.if_string();
    if (text == nullptr) {
        return state.fail("a string");
    }
    for (auto const& [name, value] : link_tracking_names) {
        if (*text == name) {
            *static_cast<link_tracking*>(object) = value;
            return true;
        }
    }
    return state.fail("None, HtmlAndText, HtmlOnly or TextOnly");
}

void write_link_tracking(codec const&, byte_buffer& out, void const* object)
{
    for (auto const& [name, value] : link_tracking_names) {
        if (*static_cast<link_tracking const*>(object) == value) {
            out.push_back('"');
            out.append(name);
            out.push_back('"');
        }
    }
}

bool equal_link_tracking(codec const&, void const* left, void const* right)
{
    return *static_cast<link_tracking const*>(left) == *static_cast<link_tracking const*>(right);
}

constexpr codec link_tracking_codec{"string", read_link_tracking, write_link_tracking, nullptr, equal_link_tracking};
constexpr codec optional_link_tracking = optional_codec<link_tracking>(&link_tracking_codec);

schema const& describe_header()
{
    static constexpr field fields[]{
        member<mail_header, &mail_header::name>("Name", place::required),
        member<mail_header, &mail_header::value>("Value", place::required),
    };
    static constexpr schema description = describe_type<mail_header>("mail_header", fields);
    return description;
}

schema const& describe_attachment()
{
    static constexpr field fields[]{
        member<attachment, &attachment::name>("Name", place::required),
        member<attachment, &attachment::content>("Content", place::required, &base64_codec),
        member<attachment, &attachment::content_type>("ContentType"),
        member<attachment, &attachment::content_id>("ContentID"),
    };
    static constexpr schema description = describe_type<attachment>("attachment", fields);
    return description;
}

constexpr codec header_codec = object_codec(describe_header);
constexpr codec attachment_codec = object_codec(describe_attachment);
constexpr codec attachments_codec = list_codec<attachment>(&attachment_codec);

constexpr codec make_sent_attachments_codec() noexcept
{
    codec value = attachments_codec;
    value.write = [](codec const&, byte_buffer& out, void const* object) {
        write_attachments(out, *static_cast<std::vector<attachment> const*>(object));
    };
    return value;
}

} // namespace

constexpr codec mail_headers_codec = list_codec<mail_header>(&header_codec);
constexpr codec sent_attachments_codec = make_sent_attachments_codec();

schema const& message_schema() noexcept
{
    static constexpr field fields[]{
        member<message, &message::from>("From"),
        member<message, &message::to>("To"),
        member<message, &message::cc>("Cc"),
        member<message, &message::bcc>("Bcc"),
        member<message, &message::reply_to>("ReplyTo"),
        member<message, &message::subject>("Subject"),
        member<message, &message::tag>("Tag"),
        member<message, &message::html>("HtmlBody"),
        member<message, &message::text>("TextBody"),
        member<message, &message::headers>("Headers", place::body, &mail_headers_codec),
        member<message, &message::attachments>("Attachments", place::body, &attachments_codec),
        member<message, &message::metadata>("Metadata"),
        member<message, &message::track_opens>("TrackOpens"),
        member<message, &message::track_links>("TrackLinks", place::body, &optional_link_tracking),
        member<message, &message::message_stream>("MessageStream"),
        member<message, &message::template_id>("TemplateId"),
        member<message, &message::template_alias>("TemplateAlias"),
        member<message, &message::template_model>("TemplateModel", place::body, &json_object_codec),
        member<message, &message::inline_css>("InlineCss"),
    };
    static constexpr schema description = describe_type<message>("message", fields);
    return description;
}

} // namespace postmark::protocol

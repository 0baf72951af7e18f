// SPDX-License-Identifier: BSL-1.0

#include "sandbox/mail_reader.hpp"

#include "sandbox/json_text.hpp"
#include "sandbox/link_tracking.hpp"
#include "sandbox/text.hpp"

#include <boost/json/value.hpp>
#include <boost/system/system_error.hpp>

#include <array>
#include <utility>

namespace postmark::sandbox::detail {
namespace {

namespace json = boost::json;

refusal wrong_type(std::string_view path, std::string_view name = {})
{
    std::string message = "Invalid request field(s): ";
    message += path;
    if (!name.empty()) {
        (message += '.') += name;
    }
    return {403, std::move(message)};
}

enum class key {
    from,
    to,
    cc,
    bcc,
    reply_to,
    subject,
    tag,
    html_body,
    text_body,
    message_stream,
    track_links,
    track_opens,
    inline_css,
    template_alias,
    template_id,
    template_model,
    metadata,
    headers,
    attachments,
};

constexpr std::array<std::string_view, 19> key_names{
    "From",          "To",         "Cc",        "Bcc",           "ReplyTo",
    "Subject",       "Tag",        "HtmlBody",  "TextBody",      "MessageStream",
    "TrackLinks",    "TrackOpens", "InlineCss", "TemplateAlias", "TemplateId",
    "TemplateModel", "Metadata",   "Headers",   "Attachments"};

std::optional<key> find_key(std::string_view name)
{
    for (std::size_t index = 0; index < key_names.size(); ++index) {
        if (key_names[index] == name) {
            return static_cast<key>(index);
        }
    }
    for (std::size_t index = 0; index < key_names.size(); ++index) {
        if (equals_ignoring_case(key_names[index], name)) {
            return static_cast<key>(index);
        }
    }
    return std::nullopt;
}

bool take_text(json::value const& value, std::string_view& into)
{
    auto const* text = value.if_string();
    if (text) {
        into = view(*text);
    }
    return text != nullptr;
}

bool take_bool(json::value const& value, bool& into)
{
    auto const* flag = value.if_bool();
    if (flag) {
        into = *flag;
    }
    return flag != nullptr;
}

/// An array of objects whose known members are strings.
std::optional<refusal> take_entries(json::value const& value, std::string_view path, std::string_view name,
                                    std::initializer_list<std::string_view> members, json::array const*& into)
{
    into = value.if_array();
    if (!into) {
        return wrong_type(path, name);
    }
    for (std::size_t index = 0; index < into->size(); ++index) {
        auto const* entry = (*into)[index].if_object();
        auto const entry_path = [&] {
            return std::string{path} + '.' + std::string{name} + '[' + std::to_string(index) + ']';
        };
        if (!entry) {
            return wrong_type(entry_path());
        }
        for (auto const member : members) {
            auto const* found = find_member(*entry, member);
            if (found && !found->is_string() && !found->is_null()) {
                return wrong_type(entry_path(), member);
            }
        }
    }
    return std::nullopt;
}

std::optional<refusal> take_metadata(json::value const& value, std::string_view path, json::object const*& into)
{
    into = value.if_object();
    if (!into) {
        return wrong_type(path, "Metadata");
    }
    for (auto const& entry : *into) {
        if (!entry.value().is_string() && !entry.value().is_number()) {
            return wrong_type(std::string{path} + ".Metadata", view(entry.key()));
        }
    }
    return std::nullopt;
}

std::optional<refusal> take_member(key name, json::value const& value, std::string_view path, mail& into)
{
    bool good = true;
    switch (name) {
    case key::from:
        good = take_text(value, into.from);
        break;
    case key::to:
        good = take_text(value, into.to);
        into.has_to = true;
        break;
    case key::cc:
        good = take_text(value, into.cc);
        break;
    case key::bcc:
        good = take_text(value, into.bcc);
        break;
    case key::reply_to:
        good = take_text(value, into.reply_to);
        break;
    case key::subject:
        good = take_text(value, into.subject);
        into.has_subject = true;
        break;
    case key::tag:
        good = take_text(value, into.tag);
        break;
    case key::html_body:
        good = take_text(value, into.html);
        into.has_html = true;
        break;
    case key::text_body:
        good = take_text(value, into.text);
        into.has_text = true;
        break;
    case key::message_stream:
        good = take_text(value, into.stream);
        break;
    case key::track_links: {
        good = take_text(value, into.track_links);
        // Empty means absent.
        good = good && (into.track_links.empty() || parse_link_tracking(into.track_links));
        break;
    }
    case key::track_opens:
        good = take_bool(value, into.track_opens);
        break;
    case key::inline_css:
        good = value.is_bool();
        break;
    case key::template_alias:
        good = take_text(value, into.template_alias);
        break;
    case key::template_id:
        if (auto const* number = value.if_int64()) {
            into.template_id = *number;
        } else {
            good = false;
        }
        break;
    case key::template_model:
        into.template_model = &value;
        good = value.is_object();
        break;
    case key::metadata:
        return take_metadata(value, path, into.metadata);
    case key::headers:
        return take_entries(value, path, "Headers", {"Name", "Value"}, into.headers);
    case key::attachments:
        return take_entries(value, path, "Attachments", {"Name", "Content", "ContentType", "ContentID"},
                            into.attachments);
    }
    if (good) {
        return std::nullopt;
    }
    return wrong_type(path, key_names[static_cast<std::size_t>(name)]);
}

} // namespace

std::optional<refusal> read_mail(json::value const& from, std::string_view path, mail& into)
{
    auto const* object = from.if_object();
    if (!object) {
        return wrong_type(path);
    }
    for (auto const& entry : *object) {
        auto const name = find_key(view(entry.key()));
        if (!name || entry.value().is_null()) {
            continue;
        }
        if (auto refused = take_member(*name, entry.value(), path, into)) {
            return refused;
        }
    }
    return std::nullopt;
}

parsed_mail::parsed_mail(std::string_view json_text)
{
    boost::system::error_code error;
    value_ = parse_json(json_text, error);
    if (error) {
        throw boost::system::system_error{error, "a stored message"};
    }
    (void)read_mail(value_, "$", fields_);
}

} // namespace postmark::sandbox::detail

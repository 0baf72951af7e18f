// SPDX-License-Identifier: BSL-1.0

#include "model/json_scanner.hpp"
#include "model/text.hpp"
#include "protocol/base64.hpp"
#include "protocol/json_fields.hpp"

#include <postmark/message.hpp>

#include <boost/json/array.hpp>
#include <boost/json/string.hpp>
#include <boost/system/system_error.hpp>

#include <array>
#include <utility>

namespace postmark {

namespace {

/// Reads one object whose values must be what they are documented to be. The first that is not becomes the problem.
class strict_reader {
public:
    strict_reader(boost::json::object const& object, std::string prefix, std::string& problem)
        : object_{object}
        , prefix_{std::move(prefix)}
        , problem_{problem}
    {
    }

    void refuse(std::string_view key, std::string_view expected)
    {
        if (problem_.empty()) {
            problem_ = prefix_;
            problem_ += key;
            problem_ += ": expected ";
            problem_ += expected;
        }
    }

    /// The value of a key, unless it is missing or null.
    [[nodiscard]] boost::json::value const* find(std::string_view key) const
    {
        auto const* value = object_.if_contains({key.data(), key.size()});
        return value == nullptr || value->is_null() ? nullptr : value;
    }

    [[nodiscard]] std::optional<std::string_view> text(std::string_view key)
    {
        auto const* value = find(key);
        if (value == nullptr) {
            return std::nullopt;
        }
        if (!value->is_string()) {
            refuse(key, "a string");
            return std::nullopt;
        }
        auto const& string = value->get_string();
        return std::string_view{string.data(), string.size()};
    }

    void read(std::string_view key, std::string& member)
    {
        if (auto const value = text(key)) {
            member = *value;
        }
    }

    void read(std::string_view key, mailbox_list& member)
    {
        if (auto const value = text(key); value && !value->empty()) {
            member = mailbox_list{*value};
        }
    }

    void read(std::string_view key, std::optional<mailbox>& member)
    {
        // Blanks are no address, as in a list.
        if (auto const value = text(key); value && !model::trim(*value).empty()) {
            member = mailbox{*value};
        }
    }

    void read(std::string_view key, std::optional<bool>& member)
    {
        if (auto const* value = find(key)) {
            if (value->is_bool()) {
                member = value->get_bool();
            } else {
                refuse(key, "true or false");
            }
        }
    }

    void read(std::string_view key, std::optional<std::int64_t>& member)
    {
        if (auto const* value = find(key)) {
            if (value->is_int64()) {
                member = value->get_int64();
            } else {
                refuse(key, "an integer");
            }
        }
    }

    void read(std::string_view key, std::optional<link_tracking>& member)
    {
        constexpr std::array<std::pair<std::string_view, link_tracking>, 4> names{{
            {"None", link_tracking::none},
            {"HtmlAndText", link_tracking::html_and_text},
            {"HtmlOnly", link_tracking::html_only},
            {"TextOnly", link_tracking::text_only},
        }};
        if (auto const value = text(key)) {
            for (auto const& [name, tracking] : names) {
                if (*value == name) {
                    member = tracking;
                    return;
                }
            }
            refuse(key, "None, HtmlAndText, HtmlOnly or TextOnly");
        }
    }

    void read(std::string_view key, std::map<std::string, std::string>& member)
    {
        auto const* value = find(key);
        if (value == nullptr) {
            return;
        }
        if (!value->is_object()) {
            refuse(key, "an object of strings");
            return;
        }
        strict_reader inner{value->get_object(), prefix_ + std::string{key} + ".", problem_};
        for (auto const& entry : value->get_object()) {
            std::string_view const name{entry.key().data(), entry.key().size()};
            if (auto const content = inner.text(name)) {
                member.insert_or_assign(std::string{name}, std::string{*content});
            }
        }
    }

    /// The raw bytes of a string in base64.
    void read_base64(std::string_view key, std::string& member)
    {
        if (auto const value = text(key); value && !protocol::decode_base64(*value, member)) {
            refuse(key, "base64");
        }
    }

    /// An object as it is written in the source, so that its numbers stay what they are; nothing for an empty one.
    void read_object_text(std::string_view source, std::string_view key, std::string& member)
    {
        if (auto const* value = find(key)) {
            if (!value->is_object()) {
                refuse(key, "an object");
            } else if (!value->get_object().empty()) {
                member = model::find_json_member(source, key);
                if (!model::is_json_object(member)) {
                    refuse(key, "an object whose numbers a double can hold");
                }
            }
        }
    }

    /// Calls `read_element` with a reader for each element of an array of objects.
    template <class ReadElement>
    void read_elements(std::string_view key, ReadElement read_element)
    {
        auto const* value = find(key);
        if (value == nullptr) {
            return;
        }
        if (!value->is_array()) {
            refuse(key, "an array of objects");
            return;
        }
        std::size_t index = 0;
        for (auto const& element : value->get_array()) {
            std::string const name = std::string{key} + "[" + std::to_string(index++) + "]";
            if (element.is_object()) {
                strict_reader reader{element.get_object(), prefix_ + name + ".", problem_};
                read_element(reader);
            } else {
                refuse(name, "an object");
            }
        }
    }

private:
    boost::json::object const& object_;
    std::string prefix_;
    std::string& problem_;
};

message read_message(std::string_view text, std::string& problem)
{
    text = model::skip_byte_order_mark(text);
    auto const parsed = protocol::parse_json(text);
    if (!parsed || !parsed->is_object()) {
        problem = parsed ? "expected a JSON object" : "expected JSON";
        return {};
    }
    strict_reader reader{parsed->get_object(), {}, problem};
    message msg;
    reader.read("From", msg.from);
    reader.read("To", msg.to);
    reader.read("Cc", msg.cc);
    reader.read("Bcc", msg.bcc);
    reader.read("ReplyTo", msg.reply_to);
    reader.read("Subject", msg.subject);
    reader.read("Tag", msg.tag);
    reader.read("HtmlBody", msg.html);
    reader.read("TextBody", msg.text);
    reader.read_elements("Headers", [&](strict_reader& element) {
        mail_header& header = msg.headers.emplace_back();
        element.read("Name", header.name);
        element.read("Value", header.value);
    });
    reader.read_elements("Attachments", [&](strict_reader& element) {
        attachment& file = msg.attachments.emplace_back();
        element.read("Name", file.name);
        element.read_base64("Content", file.content);
        element.read("ContentType", file.content_type);
        element.read("ContentID", file.content_id);
    });
    reader.read("Metadata", msg.metadata);
    reader.read("TrackOpens", msg.track_opens);
    reader.read("TrackLinks", msg.track_links);
    reader.read("MessageStream", msg.message_stream);
    reader.read("TemplateId", msg.template_id);
    reader.read("TemplateAlias", msg.template_alias);
    reader.read_object_text(text, "TemplateModel", msg.template_model);
    reader.read("InlineCss", msg.inline_css);
    return problem.empty() ? msg : message{};
}

} // namespace

message message_from_json(std::string_view text)
{
    std::string problem;
    message msg = read_message(text, problem);
    if (!problem.empty()) {
        throw boost::system::system_error{make_error_code(errc::invalid_message), problem};
    }
    return msg;
}

message message_from_json(std::string_view text, error_code& error)
{
    std::string problem;
    message msg = read_message(text, problem);
    error = problem.empty() ? error_code{} : make_error_code(errc::invalid_message);
    return msg;
}

} // namespace postmark

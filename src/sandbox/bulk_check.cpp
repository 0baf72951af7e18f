// SPDX-License-Identifier: BSL-1.0

#include "sandbox/bulk_check.hpp"

#include "sandbox/json_text.hpp"
#include "sandbox/mail_reader.hpp"
#include "sandbox/server_state.hpp"
#include "sandbox/template_renderer.hpp"
#include "sandbox/validation.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <utility>

namespace postmark::sandbox::detail {
namespace {

namespace json = boost::json;

json::string_view key(std::string_view name)
{
    return {name.data(), name.size()};
}

/// A message without fault, to check the members of others one by one.
mail faultless()
{
    mail result;
    result.from = "sender@example.com";
    result.to = "recipient@example.com";
    result.text = "text";
    return result;
}

class bulk_checker {
public:
    bulk_checker(server_state const& server, json::object const& request, bulk_plan& plan)
        : server_{server}
        , request_{request}
        , plan_{plan}
    {
    }

    /// Reads request and messages; a member of a wrong type ends the check.
    [[nodiscard]] std::optional<refusal> read(json::value const& body)
    {
        if (auto refused = read_mail(body, "$", common_)) {
            return refused;
        }
        auto const* messages = find_member(request_, "Messages");
        if (!messages || messages->is_null()) {
            return std::nullopt;
        }
        items_ = messages->if_array();
        if (!items_) {
            return refusal{403, "Invalid request field(s): $.Messages"};
        }
        for (std::size_t index = 0; index < items_->size(); ++index) {
            mail ignored;
            auto const path = "$.Messages[" + std::to_string(index) + ']';
            if (auto refused = read_mail((*items_)[index], path, ignored)) {
                return refused;
            }
        }
        return std::nullopt;
    }

    void check()
    {
        check_common();
        check_content();
        check_stream();
        if (!items_ || items_->empty()) {
            note("Messages", refusal{300, "Provide at least one message in 'Messages'."});
            return;
        }
        for (std::size_t index = 0; index < items_->size(); ++index) {
            add_message((*items_)[index].get_object(), "Messages[" + std::to_string(index) + ']');
        }
    }

private:
    void note(std::string field, std::optional<refusal> refused)
    {
        if (refused) {
            plan_.problems.push_back({std::move(field), std::move(*refused)});
        }
    }

    [[nodiscard]] std::optional<refusal> check(mail const& message) { return check_mail(message, false, recipients_); }

    void check_common()
    {
        auto probe = faultless();
        probe.from = common_.from;
        note("From", check(probe));
        probe = faultless();
        probe.reply_to = common_.reply_to;
        note("ReplyTo", check(probe));
        probe = faultless();
        probe.subject = common_.subject;
        note("Subject", check(probe));
        probe = faultless();
        probe.tag = common_.tag;
        note("Tag", check(probe));
        probe = faultless();
        probe.attachments = common_.attachments;
        note("Attachments", check(probe));
        // What is wrong here is not looked for again in each message.
        probe = faultless();
        probe.metadata = common_.metadata;
        if (auto refused = check(probe)) {
            note("Metadata", std::move(refused));
            common_.metadata = nullptr;
        }
        probe = faultless();
        probe.headers = common_.headers;
        if (auto refused = check(probe)) {
            note("Headers", std::move(refused));
            common_.headers = nullptr;
        }
    }

    void check_content()
    {
        bool const inline_content = common_.has_subject || common_.has_html || common_.has_text;
        plan_.templated = common_.template_id || !common_.template_alias.empty();
        auto const* const selector = common_.template_id ? "TemplateId" : "TemplateAlias";
        if (plan_.templated && inline_content) {
            note(selector,
                 refusal{1123, "A template cannot be used together with 'Subject', 'HtmlBody' or 'TextBody'."});
        } else if (plan_.templated && !server_.templates.choose(common_.template_id, common_.template_alias).content) {
            note(selector, refusal{1101, "The '" + std::string{selector} +
                                             "' associated with this request is not valid or was not found."});
        } else if (!plan_.templated && common_.html.empty() && common_.text.empty()) {
            note("HtmlBody", refusal{300, "Provide either email TextBody or HtmlBody or both, or a template."});
        }
        plan_.subject = common_.subject;
        plan_.subject_content = parse("Subject", common_.subject);
        plan_.html_content = parse("HtmlBody", common_.html);
        plan_.text_content = parse("TextBody", common_.text);
    }

    parsed_template parse(std::string field, std::string_view source)
    {
        parsed_template result{std::string{source}};
        if (!result.problems().empty()) {
            note(std::move(field), refusal{1122, "The content is not valid: " + result.problems().front().message});
        }
        return result;
    }

    void check_stream()
    {
        std::string const id{stream_id()};
        auto const* stream = server_.streams.find(id);
        if (!stream) {
            note("MessageStream", refusal{1226, "The message stream for the provided 'ID' was not found."});
        } else if (stream->type == "Inbound" || stream->archived_at) {
            note("MessageStream", refusal{1236, "The stream provided: '" + id + "' is not able to send messages."});
        }
    }

    [[nodiscard]] std::string_view stream_id() const { return common_.stream.empty() ? "broadcast" : common_.stream; }

    void add_message(json::object const& item, std::string const& field)
    {
        bulk_message added{members_of(item), json::object{}};
        if (auto const* model = find_member(item, "TemplateModel"); model && model->is_object()) {
            added.model = *model;
        }
        mail probe;
        // Braces would make an array of it.
        json::value const value(added.members);
        // Its members have the right types.
        (void)read_mail(value, "$", probe);
        probe.from = faultless().from;
        probe.text = faultless().text;
        probe.reply_to = {};
        probe.tag = {};
        probe.attachments = nullptr;
        note(field, check(probe));
        plan_.messages.push_back(std::move(added));
    }

    /// The members of the request and of one of its messages together.
    [[nodiscard]] json::object members_of(json::object const& item) const
    {
        json::object result;
        for (std::string_view const name : {"From", "ReplyTo", "Tag", "TrackOpens", "TrackLinks", "Attachments",
                                            "TemplateId", "TemplateAlias", "InlineCss"}) {
            copy(request_, name, result);
        }
        for (std::string_view const name : {"To", "Cc", "Bcc"}) {
            copy(item, name, result);
        }
        result["MessageStream"] = key(stream_id());
        add_metadata(item, result);
        add_headers(item, result);
        return result;
    }

    static void copy(json::object const& from, std::string_view name, json::object& into)
    {
        if (auto const* found = find_member(from, name); found && !found->is_null()) {
            into[key(name)] = *found;
        }
    }

    /// The values of the message win.
    void add_metadata(json::object const& item, json::object& into) const
    {
        json::object merged;
        if (auto const* own = find_member(item, "Metadata"); own && own->is_object()) {
            merged = own->get_object();
        }
        if (common_.metadata) {
            for (auto const& entry : *common_.metadata) {
                if (!find_member(merged, view(entry.key()))) {
                    merged[entry.key()] = entry.value();
                }
            }
        }
        if (!merged.empty()) {
            into["Metadata"] = std::move(merged);
        }
    }

    /// A header of the message replaces those of the request with its name.
    void add_headers(json::object const& item, json::object& into) const
    {
        json::array merged;
        if (auto const* own = find_member(item, "Headers"); own && own->is_array()) {
            merged = own->get_array();
        }
        auto const own_count = merged.size();
        auto const is_own = [&](std::string_view name) {
            return std::any_of(merged.begin(), merged.begin() + static_cast<std::ptrdiff_t>(own_count),
                               [&](json::value const& entry) {
                                   return equals_ignoring_case(text_member(entry.get_object(), "Name"), name);
                               });
        };
        if (common_.headers) {
            for (auto const& entry : *common_.headers) {
                if (!is_own(text_member(entry.get_object(), "Name"))) {
                    merged.push_back(entry);
                }
            }
        }
        if (!merged.empty()) {
            into["Headers"] = std::move(merged);
        }
    }

    server_state const& server_;
    json::object const& request_;
    bulk_plan& plan_;
    mail common_;
    json::array const* items_{nullptr};
    recipient_list recipients_;
};

} // namespace

bulk_plan check_bulk(server_state const& server, json::value const& body)
{
    bulk_plan plan;
    auto const* request = body.if_object();
    if (!request) {
        plan.problems.push_back({"$", {403, "Invalid request field(s): $"}});
        return plan;
    }
    bulk_checker checker{server, *request, plan};
    if (auto refused = checker.read(body)) {
        plan.problems.push_back({"$", std::move(*refused)});
        return plan;
    }
    checker.check();
    // Those of one member together.
    std::ranges::stable_sort(plan.problems, {}, &bulk_problem::field);
    return plan;
}

std::optional<json::value> render_bulk_message(bulk_plan const& plan, bulk_message const& message)
{
    auto members = message.members;
    if (plan.templated) {
        members["TemplateModel"] = message.model;
        return json::value(std::move(members));
    }
    try {
        auto const add = [&](std::string_view name, parsed_template const& content, bool escape) {
            if (!content.is_empty()) {
                members[key(name)] = render(content, message.model, escape);
            }
        };
        add("Subject", plan.subject_content, false);
        add("HtmlBody", plan.html_content, true);
        add("TextBody", plan.text_content, false);
    } catch (template_error const&) {
        return std::nullopt;
    }
    return json::value(std::move(members));
}

} // namespace postmark::sandbox::detail

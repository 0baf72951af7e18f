// SPDX-License-Identifier: BSL-1.0

#include "sandbox/service.hpp"

#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <array>
#include <cstddef>

namespace postmark::sandbox {
namespace {

namespace json = boost::json;

constexpr std::string_view test_token = "POSTMARK_API_TEST";
constexpr std::uint64_t message_limit = 10U * 1024 * 1024;
constexpr std::uint64_t batch_limit = 50U * 1024 * 1024;

json::parse_options parse_options()
{
    json::parse_options options;
    options.max_depth = 128;
    return options;
}

reply refuse(refusal const& refused)
{
    return make_refusal(422, refused.error_code, refused.message);
}

void append_error_item(std::string& out, refusal const& refused)
{
    out += "{\"ErrorCode\":";
    append_number(out, refused.error_code);
    out += ",\"Message\":";
    append_json_string(out, refused.message);
    out += '}';
}

/// The keys of an answer come in no fixed order, and its dates in several forms.
void append_accepted(std::string& out, std::uint64_t number, mail const& message, std::string_view message_id,
                     std::string_view text, time_point now)
{
    enum part { to, submitted_at, id, error_code, note };
    static constexpr std::array<std::array<part, 5>, 4> orders{{{to, submitted_at, id, error_code, note},
                                                                {error_code, note, id, submitted_at, to},
                                                                {to, submitted_at, id, note, error_code},
                                                                {id, to, error_code, submitted_at, note}}};
    auto const variant = mix(number);
    char separator = '{';
    for (auto const which : orders[variant & 3U]) {
        if (which == to && message.to.empty()) {
            continue;
        }
        out += separator;
        separator = ',';
        switch (which) {
        case to:
            append_json_key(out, "To");
            append_json_string(out, message.to);
            break;
        case submitted_at:
            append_json_key(out, "SubmittedAt");
            out += '"';
            append_date(out, now, static_cast<date_form>(variant / 4 % 3));
            out += '"';
            break;
        case id:
            append_json_key(out, "MessageID");
            (((out += '"') += message_id) += '"');
            break;
        case error_code:
            out += "\"ErrorCode\":0";
            break;
        case note:
            append_json_key(out, "Message");
            append_json_string(out, text);
            break;
        }
    }
    out += '}';
}

} // namespace

/// One call to a sending endpoint.
struct service::sending {
    endpoint via;
    bool templated;
    bool test;
    std::uint64_t accepted{0};
    recipient_list recipients;
};

service::service(settings const& configuration, monitor& counts, fault_plan& faults)
    : tokens_{configuration.tokens}
    , counts_{counts}
    , faults_{faults}
    , messages_{configuration.seed, configuration.keep_bodies}
    , index_delay_{configuration.index_delay.count()}
{
}

std::uint64_t service::body_limit(route const& to)
{
    return is_batch(to.where) || is_control(to.where) ? batch_limit : message_limit;
}

bool service::is_valid_token(std::string_view token) const
{
    if (token.empty()) {
        return false;
    }
    if (tokens_.empty() || equals_ignoring_case(token, test_token)) {
        return true;
    }
    for (auto const& valid : tokens_) {
        if (equals_ignoring_case(token, valid)) {
            return true;
        }
    }
    return false;
}

reply service::handle(request& incoming, route const& to)
{
    if (to.where == endpoint::unknown) {
        return make_page(404);
    }
    if (to.wrong_method) {
        reply answer{405, {}};
        answer.content_type.clear();
        return answer;
    }
    if (is_control(to.where)) {
        return control(incoming, to);
    }
    if (!is_valid_token(trim(incoming.token))) {
        return make_refusal(401, 10, "Request does not contain a valid Server token.");
    }
    if (incoming.body_too_large) {
        return make_page(413);
    }
    switch (to.where) {
    case endpoint::delivery_stats:
        return delivery_stats();
    case endpoint::bounces:
        return list_bounces(to.query);
    case endpoint::bounce:
        return get_bounce(to.id);
    case endpoint::bounce_dump:
        return get_bounce_dump(to.id);
    case endpoint::bounce_tags:
        return get_bounce_tags();
    case endpoint::bounce_activate:
        return activate_bounce(to.id);
    case endpoint::outbound_messages:
        return list_messages(to.query);
    case endpoint::outbound_message_details:
        return get_message_details(to.id);
    default:
        return send(incoming, to.where);
    }
}

reply service::send(request& incoming, endpoint via)
{
    if (!contains_ignoring_case(incoming.accept, "application/json") ||
        !contains_ignoring_case(incoming.content_type, "application/json")) {
        reply answer{415, {}};
        answer.content_type.clear();
        return answer;
    }
    thread_local std::array<unsigned char, 256U * 1024> scratch;
    json::monotonic_resource memory{scratch.data(), scratch.size()};
    boost::system::error_code error;
    auto const body = json::parse({incoming.body.data(), incoming.body.size()}, error, &memory, parse_options());
    if (error) {
        return make_refusal(422, 402, "Received invalid JSON input: " + error.message() + '.');
    }

    sending call{via,
                 via == endpoint::email_with_template || via == endpoint::email_batch_with_templates,
                 equals_ignoring_case(trim(incoming.token), test_token),
                 0,
                 {}};
    auto answer = is_batch(via) ? send_batch(call, body, incoming.body) : send_single(call, body, incoming.body);
    if (call.accepted != 0) {
        counts_.messages_accepted(call.accepted);
    }
    return answer;
}

reply service::send_single(sending& call, json::value const& body, std::string& text)
{
    mail message;
    if (auto refused = read_mail(body, "$", message)) {
        return refuse(*refused);
    }
    reply answer;
    // The text is moved away, but nothing in `message` looks into it: the parsed JSON has copies.
    if (auto refused = send_one(call, message, body, std::move(text), answer.body)) {
        return refuse(*refused);
    }
    return answer;
}

reply service::send_batch(sending& call, json::value const& body, std::string_view text)
{
    json::array const* items = nullptr;
    std::string prefix = "$";
    if (call.templated) {
        auto const* object = body.if_object();
        auto const* messages = object ? find_member(*object, "Messages") : nullptr;
        items = messages ? messages->if_array() : nullptr;
        prefix = object ? "$.Messages" : "$";
    } else {
        items = body.if_array();
    }
    if (!items) {
        return make_refusal(422, 403, "Invalid request field(s): " + prefix);
    }
    if (items->size() > 500) {
        return make_refusal(422, 410, "Too many batch messages: a call is limited to 500.");
    }
    if (items->empty()) {
        return make_refusal(422, 410, "A batch holds at least one message.");
    }

    std::vector<mail> batch(items->size());
    for (std::size_t index = 0; index < items->size(); ++index) {
        // The path is needed for refusals only, and costs more than reading a small message.
        if (read_mail((*items)[index], {}, batch[index])) {
            mail scratch;
            return refuse(*read_mail((*items)[index], prefix + '[' + std::to_string(index) + ']', scratch));
        }
    }
    std::vector<std::string_view> texts;
    if (!call.templated) {
        texts = split_json_array(text);
    }
    for (auto const& entry : texts) {
        if (entry.size() > message_limit) {
            return make_page(413);
        }
    }

    reply answer;
    answer.body.reserve(items->size() * 200);
    char separator = '[';
    for (std::size_t index = 0; index < items->size(); ++index) {
        answer.body += separator;
        separator = ',';
        auto const& value = (*items)[index];
        std::string own_text;
        if (messages_.keeps_bodies()) {
            own_text = call.templated ? json::serialize(value) : std::string{texts[index]};
        }
        if (auto refused = send_one(call, batch[index], value, std::move(own_text), answer.body)) {
            append_error_item(answer.body, *refused);
        }
    }
    answer.body += ']';
    return answer;
}

std::optional<refusal> service::find_suppressed(mail const& message, recipient_list const& recipients,
                                                std::string& suppressed) const
{
    std::size_t count = 0;
    recipients.for_each([&](address_view const& entry) {
        if (!bounces_.is_suppressed(entry.address, message.message_stream())) {
            return;
        }
        ++count;
        if (!suppressed.empty()) {
            suppressed += ", ";
        }
        suppressed += to_lower(entry.address);
    });
    if (count < recipients.size()) {
        return std::nullopt;
    }
    std::string text = count == 1 ? "You tried to send to a recipient that has been marked as inactive.\n"
                                  : "You tried to send to recipient(s) that have been marked as inactive. ";
    text += "Found inactive addresses: " + suppressed +
            ". Inactive recipients are ones that have generated a hard bounce, a spam complaint, or a manual "
            "suppression. ";
    return refusal{406, std::move(text)};
}

std::optional<refusal> service::render_template(mail const& message, json::value const& value,
                                                std::unique_ptr<rendered_parts>& into) const
{
    if (auto refused = check_template_fields(message)) {
        return refused;
    }
    auto const found = templates_.find(message.template_id, message.template_alias);
    if (!found) {
        if (message.template_id) {
            return refusal{1101, "The 'TemplateId' associated with this request is not valid or was not found."};
        }
        return refusal{1101, "The Template's 'Alias' associated with this request is not valid or was not found."};
    }
    try {
        into = std::make_unique<rendered_parts>(render(*found, *find_member(value.get_object(), "TemplateModel")));
    } catch (template_error const& error) {
        return refusal{1122, "The template could not be rendered: " + std::string{error.what()}};
    }
    return std::nullopt;
}

std::optional<refusal> service::send_one(sending& call, mail const& message, json::value const& value, std::string text,
                                         std::string& out)
{
    std::unique_ptr<rendered_parts> rendered;
    if (call.templated) {
        if (auto refused = render_template(message, value, rendered)) {
            return refused;
        }
    }
    auto& recipients = call.recipients;
    if (auto refused = check_mail(message, call.templated, recipients)) {
        return refused;
    }
    std::string suppressed;
    if (!call.test) {
        if (auto refused = find_suppressed(message, recipients, suppressed)) {
            return refused;
        }
    }

    auto const subject = rendered ? rendered->subject : std::string{message.subject};
    if (!messages_.keeps_bodies()) {
        text = without_bodies(value.get_object());
        rendered.reset();
    }
    auto const [number, now] = messages_.add(std::move(text), call.via, call.test, std::move(rendered));
    ++call.accepted;
    std::string id;
    messages_.append_message_id(id, number);
    if (!call.test) {
        bounce_recipients(message, recipients, subject, id, now);
    }

    std::string note = call.test ? "Test job accepted" : "OK";
    if (!suppressed.empty()) {
        note = "Message OK, but will not deliver to these inactive addresses: " + suppressed +
               ". Inactive recipients are ones that have generated a hard bounce, a spam complaint, or a manual "
               "suppression.";
    }
    append_accepted(out, number, message, id, note, now);
    return std::nullopt;
}

void service::bounce_recipients(mail const& message, recipient_list const& recipients, std::string_view subject,
                                std::string_view message_id, time_point now)
{
    std::string_view wanted;
    if (message.headers) {
        for (auto const& entry : *message.headers) {
            if (equals_ignoring_case(text_member(entry.get_object(), "Name"), "X-PM-Bounce-Type")) {
                wanted = text_member(entry.get_object(), "Value");
            }
        }
    }
    recipients.for_each([&](address_view const& entry) {
        auto const* type = provoked_bounce(entry.address, wanted);
        if (!type || bounces_.is_suppressed(entry.address, message.message_stream())) {
            return;
        }
        bounce added;
        added.type = type;
        added.tag = message.tag;
        added.message_id = message_id;
        added.stream = message.message_stream();
        added.email = to_lower(entry.address);
        std::vector<address_view> sender;
        split_addresses(message.from, sender);
        added.from = sender.front().address;
        added.subject = subject;
        added.details = "Test bounce details";
        added.dump = "From: mailer-daemon@bounce-testing.postmarkapp.com\r\nSubject: Undelivered mail\r\n\r\nTest "
                     "bounce\r\n";
        added.bounced_at = now;
        added.inactive = type->type == "HardBounce";
        added.can_activate = true;
        bounces_.add(std::move(added));
    });
}

} // namespace postmark::sandbox

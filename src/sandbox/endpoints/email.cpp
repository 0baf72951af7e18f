// SPDX-License-Identifier: BSL-1.0

// The sending endpoints.

#include "sandbox/json_text.hpp"
#include "sandbox/mail_reader.hpp"
#include "sandbox/sending.hpp"
#include "sandbox/service.hpp"
#include "sandbox/template_renderer.hpp"
#include "sandbox/text.hpp"
#include "sandbox/validation.hpp"

#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <array>
#include <cstddef>
#include <mutex>

namespace postmark::sandbox::detail {
namespace {

namespace json = boost::json;

/// One call to a sending endpoint.
struct sending {
    world& state;
    server_state& server;
    endpoint const& via;
    bool templated;
    bool test;
    std::uint64_t accepted{0};
    /// Reused for each message of a batch.
    recipient_list recipients{};
};

void append_error_item(std::string& out, refusal const& refused)
{
    out += "{\"ErrorCode\":";
    append_number(out, refused.api_code);
    out += ",\"Message\":";
    append_json_string(out, refused.message);
    out += '}';
}

/// The keys of a reply come in no fixed order, and its dates in several forms.
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
    for (auto const key : orders[variant & 3U]) {
        if (key == to && message.to.empty()) {
            continue;
        }
        out += separator;
        separator = ',';
        switch (key) {
        case to:
            append_json_key(out, "To");
            append_json_string(out, message.to);
            break;
        case submitted_at:
            append_json_key(out, "SubmittedAt");
            out += '"';
            append_date(out, now, static_cast<date_form>((variant >> 16U) % 3));
            out += '"';
            break;
        case id:
            append_json_key(out, "MessageID");
            append_json_string(out, message_id);
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

std::optional<refusal> check_stream(stream_store const& streams, std::string_view id)
{
    auto const* stream = streams.find(id);
    if (!stream) {
        return refusal{1235, "The stream provided: '" + std::string{id} + "' does not exist on this server."};
    }
    if (stream->type == "Inbound" || stream->archived_at) {
        return refusal{1236, "The stream provided: '" + std::string{id} + "' is not able to send messages."};
    }
    return std::nullopt;
}

/// Lists the suppressed recipients of a message. A message is refused only when all of them are suppressed.
std::optional<refusal> find_suppressed(sending const& call, mail const& message, std::string& suppressed)
{
    std::size_t count = 0;
    call.recipients.for_each([&](address_view const& entry) {
        if (!call.server.suppressions.find(message.message_stream(), entry.address)) {
            return;
        }
        ++count;
        if (!suppressed.empty()) {
            suppressed += ", ";
        }
        suppressed += to_lower(entry.address);
    });
    if (count < call.recipients.size()) {
        return std::nullopt;
    }
    std::string text = count == 1 ? "You tried to send to a recipient that has been marked as inactive.\n"
                                  : "You tried to send to recipient(s) that have been marked as inactive. ";
    text += "Found inactive addresses: " + suppressed +
            ". Inactive recipients are ones that have generated a hard bounce, a spam complaint, or a manual "
            "suppression. ";
    return refusal{406, std::move(text)};
}

/// A message can turn opens on, but not off; its own choice of links wins.
delivery delivery_of(sending const& call, mail const& message)
{
    auto const& settings = call.server.settings;
    delivery result;
    result.test_token = call.test;
    result.sandboxed = settings.delivery_type == "Sandbox";
    result.track_opens = settings.track_opens || message.track_opens;
    result.track_links = parse_link_tracking(message.track_links).value_or(settings.track_links);
    return result;
}

/// Checks what depends on the state of the server, and reads its settings, under the lock.
std::optional<refusal> check_state(sending const& call, mail const& message, std::string& suppressed, delivery& how)
{
    std::lock_guard const lock{call.state.mutex};
    how = delivery_of(call, message);
    auto refused = check_stream(call.server.streams, message.message_stream());
    if (!refused && !call.test) {
        refused = find_suppressed(call, message, suppressed);
    }
    return refused;
}

template_choice choose_template(sending const& call, mail const& message)
{
    std::lock_guard const lock{call.state.mutex};
    return call.server.templates.choose(message.template_id, message.template_alias);
}

std::optional<refusal> render_template(sending const& call, mail const& message, std::unique_ptr<rendered_parts>& into)
{
    if (auto refused = check_template_fields(message)) {
        return refused;
    }
    auto const choice = choose_template(call, message);
    if (!choice.content) {
        if (message.template_id) {
            return refusal{1101, "The 'TemplateId' associated with this request is not valid or was not found."};
        }
        return refusal{1101, "The Template's 'Alias' associated with this request is not valid or was not found."};
    }
    if (auto refused = check_template_model(message)) {
        return refused;
    }
    try {
        into = std::make_unique<rendered_parts>(render(choice, *message.template_model));
    } catch (template_error const& error) {
        return refusal{1122, "The template could not be rendered: " + std::string{error.what()}};
    }
    return std::nullopt;
}

/// Notes which recipients get no copy.
void note_suppressed(sending const& call, mail const& message, std::string_view message_id)
{
    std::lock_guard const lock{call.state.mutex};
    call.recipients.for_each([&](address_view const& entry) {
        if (call.server.suppressions.find(message.message_stream(), entry.address)) {
            call.server.events.skip(message_id, entry.address);
        }
    });
}

/// A suppressed address got no mail that could bounce.
void store_bounce(sending const& call, bounce added)
{
    std::lock_guard const lock{call.state.mutex};
    if (call.server.suppressions.find(added.stream, added.email)) {
        return;
    }
    added.id = call.state.account.ids.bounce++;
    if (added.inactive) {
        call.server.suppressions.add(added.stream, added.email, added.type->type, "Recipient");
    }
    call.server.bounces.add(std::move(added));
}

/// Bounces the mail of the recipients whose address asks for it.
void bounce_recipients(sending const& call, mail const& message, std::string_view subject, std::string_view message_id,
                       time_point now)
{
    std::string_view wanted;
    if (message.headers) {
        for (auto const& entry : *message.headers) {
            if (equals_ignoring_case(text_member(entry.get_object(), "Name"), "X-PM-Bounce-Type")) {
                wanted = text_member(entry.get_object(), "Value");
            }
        }
    }
    call.recipients.for_each([&](address_view const& entry) {
        auto const* type = provoked_bounce(entry.address, wanted);
        if (!type) {
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
        store_bounce(call, std::move(added));
    });
}

/// Checks and stores one message; appends the reply to `out`.
std::optional<refusal> send_one(sending& call, mail const& message, json::value const& value, std::string text,
                                std::string& out)
{
    std::unique_ptr<rendered_parts> rendered;
    if (call.templated) {
        if (auto refused = render_template(call, message, rendered)) {
            return refused;
        }
    }
    if (auto refused = check_mail(message, call.templated, call.recipients)) {
        return refused;
    }
    std::string suppressed;
    delivery how;
    if (auto refused = check_state(call, message, suppressed, how)) {
        return refused;
    }

    auto& messages = call.state.messages;
    auto const subject = rendered ? rendered->subject : std::string{message.subject};
    if (!messages.keeps_bodies()) {
        text = without_bodies(value.get_object());
        rendered.reset();
    }
    auto const [number, now] = messages.add(std::move(text), call.server, call.via, how, std::move(rendered));
    ++call.accepted;
    std::string id;
    messages.append_message_id(id, number);
    if (!suppressed.empty()) {
        note_suppressed(call, message, id);
    }
    if (!call.test) {
        bounce_recipients(call, message, subject, id, now);
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

reply send_single(sending& call, json::value const& body, std::string& text)
{
    mail message;
    if (auto refused = read_mail(body, "$", message)) {
        return make_refusal(*refused);
    }
    reply result;
    // The text is moved away, but no view of `message` is into it: the parsed JSON has copies.
    if (auto refused = send_one(call, message, body, std::move(text), result.body)) {
        return make_refusal(*refused);
    }
    return result;
}

reply send_batch(sending& call, json::value const& body, std::string_view text)
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
            return make_refusal(*read_mail((*items)[index], prefix + '[' + std::to_string(index) + ']', scratch));
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

    reply result;
    result.body.reserve(items->size() * 200);
    char separator = '[';
    for (std::size_t index = 0; index < items->size(); ++index) {
        result.body += separator;
        separator = ',';
        auto const& value = (*items)[index];
        std::string own_text;
        if (call.state.messages.keeps_bodies()) {
            own_text = call.templated ? json::serialize(value) : std::string{texts[index]};
        }
        if (auto refused = send_one(call, batch[index], value, std::move(own_text), result.body)) {
            append_error_item(result.body, *refused);
        }
    }
    result.body += ']';
    return result;
}

template <bool Batch, bool Templated>
reply send(call const& current)
{
    auto& incoming = current.incoming;
    if (!contains_ignoring_case(incoming.accept, "application/json") ||
        !contains_ignoring_case(incoming.content_type, "application/json")) {
        reply refused{415, {}};
        refused.content_type.clear();
        return refused;
    }
    thread_local std::array<unsigned char, 256U * 1024> scratch;
    json::monotonic_resource memory{scratch.data(), scratch.size()};
    boost::system::error_code error;
    auto const body = parse_json(incoming.body, error, &memory);
    if (error) {
        return make_refusal(422, 402, "Received invalid JSON input: " + error.message() + '.');
    }

    sending call{current.state, *current.server, current.target, Templated, is_test_token(trim(incoming.token))};
    auto result = Batch ? send_batch(call, body, incoming.body) : send_single(call, body, incoming.body);
    if (call.accepted != 0) {
        current.state.counts.messages_accepted(call.accepted);
    }
    return result;
}

constexpr endpoint rows[] = {
    {"POST", "/email", send<false, false>, access::server_token, message_limit, true},
    {"POST", "/email/batch", send<true, false>, access::server_token, batch_limit, true},
    {"POST", "/email/withTemplate", send<false, true>, access::server_token, message_limit, true},
    {"POST", "/email/batchWithTemplates", send<true, true>, access::server_token, batch_limit, true},
};

} // namespace

std::span<endpoint const> email_endpoints()
{
    return rows;
}

std::optional<refusal> accept_message(call const& current, json::value const& message, bool templated)
{
    mail fields;
    if (auto refused = read_mail(message, "$", fields)) {
        return refused;
    }
    sending call{current.state, *current.server, current.target, templated,
                 is_test_token(trim(current.incoming.token))};
    std::string ignored_reply;
    return send_one(call, fields, message, json::serialize(message), ignored_reply);
}

} // namespace postmark::sandbox::detail

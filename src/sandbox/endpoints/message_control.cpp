// SPDX-License-Identifier: BSL-1.0

// The control endpoints by which something happens to a mail that was accepted.

#include "sandbox/addresses.hpp"
#include "sandbox/control.hpp"
#include "sandbox/mail_links.hpp"
#include "sandbox/message_events.hpp"
#include "sandbox/object_reader.hpp"
#include "sandbox/object_writer.hpp"
#include "sandbox/world.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>

namespace postmark::sandbox::detail {
namespace {

/// A mail, and the recipient whose copy of it an event concerns.
struct occasion {
    world& state;
    server_state& server;
    stored_message const& message;
    std::string recipient;
    object_reader const& body;
    time_point now{std::chrono::system_clock::now()};
    /// Of the bounce that was made; 0 for none.
    std::int64_t bounce_id{0};
};

/// Reads the body and returns what has to be done: nothing is done when something in the body is wrong.
using deed = std::function<void()>;
using planner = deed (*)(occasion& event);

/// The mail that the path names. Mails with the test token are not delivered, so that nothing happens to them.
std::optional<stored_message> find_message(call const& current)
{
    std::optional<stored_message> found;
    auto const& messages = current.state.messages;
    messages.find(current.parameters.front(), [&](record const& entry) {
        if (!entry.how.test_token) {
            found = messages.expand(entry);
        }
    });
    return found;
}

/// The recipient that the body names, else the first; empty when there is no such recipient who got the mail.
std::string find_recipient(server_state const& server, stored_message const& message, object_reader const& body)
{
    auto all = all_recipients(message);
    std::erase_if(all, [&](std::string const& entry) { return server.events.was_skipped(message.message_id, entry); });
    auto const email = body.text("Email");
    auto const wanted = body.text("Recipient");
    if (!wanted && !email) {
        return all.empty() ? std::string{} : all.front();
    }
    auto const found = std::ranges::find_if(
        all, [&](std::string const& candidate) { return equals_ignoring_case(candidate, wanted ? *wanted : *email); });
    return found == all.end() ? std::string{} : *found;
}

template <planner Plan>
reply happen(call const& current)
{
    auto const message = find_message(current);
    auto* server = message ? current.state.account.find_server(message->server_id) : nullptr;
    if (!server) {
        return make_refusal(404, 701, "This message was not found.");
    }
    request_body const body{current};
    occasion event{current.state, *server, *message, find_recipient(*server, *message, body.fields()), body.fields()};
    auto const act = Plan(event);
    if (body.problem()) {
        return bad_request(body.problem()->message);
    }
    if (event.recipient.empty()) {
        return bad_request("The message has no such recipient.");
    }
    if (!act) {
        return bad_request("The 'Type' is not a known bounce type.");
    }
    act();
    // The posts to the webhooks of the stream would start here.
    reply result;
    object_writer writer{result.body};
    writer.text("MessageID", message->message_id).text("Recipient", event.recipient);
    if (event.bounce_id != 0) {
        writer.number("BounceID", event.bounce_id);
    }
    writer.end();
    return result;
}

deed plan_delivery(occasion& event)
{
    delivery_event made{event.message.message_id,
                        event.recipient,
                        event.now,
                        event.body.text("Details").value_or("smtp;250 2.0.0 OK"),
                        event.body.text("DestinationServer").value_or("mail.recipient.example"),
                        event.body.text("DestinationIP").value_or("192.0.2.25")};
    return [&event, made = std::move(made)] { event.server.events.add(made); };
}

/// The bare address of the sender.
std::string sender_of(stored_message const& message)
{
    std::vector<address_view> senders;
    split_addresses(message.from, senders);
    return senders.empty() ? message.from : std::string{senders.front().address};
}

/// Stores a bounce. Some types end the delivery to the address on this stream.
void add_bounce(occasion& event, bounce made)
{
    auto const& message = event.message;
    bool const hard = made.type->type == "HardBounce";
    bool const complaint = made.type->type == "SpamComplaint";
    made.id = event.state.account.ids.bounce++;
    made.tag = message.tag;
    made.message_id = message.message_id;
    made.stream = message.message_stream;
    made.email = to_lower(event.recipient);
    made.from = sender_of(message);
    made.subject = message.subject;
    made.bounced_at = event.now;
    made.inactive = hard || complaint;
    // The owner of the address alone can take a complaint back.
    made.can_activate = !complaint;
    if (made.inactive) {
        event.server.suppressions.add(made.stream, made.email, made.type->type, "Recipient");
    }
    event.bounce_id = made.id;
    event.server.bounces.add(std::move(made));
}

deed plan_bounce(occasion& event)
{
    bounce made;
    made.type = find_bounce_type(event.body.text("Type").value_or("HardBounce"));
    made.details = event.body.text("Details").value_or("smtp;550 5.1.1 unknown user");
    made.dump = event.body.text("Content").value_or("From: mailer-daemon@recipient.example\r\n"
                                                    "Subject: Undelivered mail\r\n\r\n" +
                                                    made.details + "\r\n");
    if (!made.type) {
        return {};
    }
    return [&event, made] { add_bounce(event, made); };
}

deed plan_complaint(occasion& event)
{
    bounce made;
    made.type = find_bounce_type("SpamComplaint");
    made.details = event.body.text("Details").value_or(std::string{});
    made.dump = event.body.text("Content").value_or(std::string{});
    return [&event, made] { add_bounce(event, made); };
}

/// `SuppressSending` false: the recipient comes back.
deed plan_subscription(occasion& event)
{
    bool const suppresses = event.body.flag("SuppressSending").value_or(true);
    return [&event, suppresses] {
        auto& suppressions = event.server.suppressions;
        auto const& stream = event.message.message_stream;
        if (suppresses) {
            suppressions.add(stream, event.recipient, "ManualSuppression", "Recipient");
        } else {
            suppressions.remove(stream, event.recipient);
        }
        event.server.events.add(subscription_event{event.message.message_id, event.recipient, event.now, suppresses});
    };
}

agent read_agent(occasion const& event, std::string_view name, agent otherwise)
{
    auto const object = event.body.object(name);
    if (!object) {
        return otherwise;
    }
    return {object->text("Name").value_or(std::string{}), object->text("Company").value_or(std::string{}),
            object->text("Family").value_or(std::string{})};
}

/// One of the names of the service.
std::string_view find_platform(std::string_view name)
{
    for (std::string_view const known : {"Desktop", "Mobile", "WebMail"}) {
        if (equals_ignoring_case(name, known)) {
            return known;
        }
    }
    return "Unknown";
}

/// What opens and clicks have in common, as a widespread program would send it.
engagement read_engagement(occasion const& event)
{
    engagement made;
    made.message_id = event.message.message_id;
    made.recipient = event.recipient;
    made.tag = event.message.tag;
    made.stream = event.message.message_stream;
    made.at = event.now;
    made.user_agent =
        event.body.text("UserAgent").value_or("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0");
    made.client = read_agent(event, "Client", {"Firefox 128.0", "Mozilla Foundation", "Firefox"});
    made.system = read_agent(event, "OS", {"Linux", "Linux Foundation", "Linux"});
    made.platform = find_platform(event.body.text("Platform").value_or("Desktop"));
    static constexpr std::array<char const*, 8> keys{"CountryISOCode", "Country", "RegionISOCode", "Region",
                                                     "City",           "Zip",     "Coords",        "IP"};
    if (auto const place = event.body.object("Geo")) {
        for (auto const* key : keys) {
            if (auto text = place->text(key)) {
                made.place.emplace(key, std::move(*text));
            }
        }
    }
    return made;
}

/// An open can only be known of a mail whose opens are tracked.
deed plan_open(occasion& event)
{
    auto made = read_engagement(event);
    made.read_seconds = event.body.number("ReadSeconds");
    if (made.read_seconds && *made.read_seconds < 0) {
        event.body.refuse("ReadSeconds");
    }
    return [&event, made = std::move(made)] {
        event.state.messages.track_opens(event.message.message_id);
        event.server.events.add_open(made);
    };
}

/// The first link of the mail.
std::string first_link(stored_message const& message)
{
    auto const in_html = links_in_html(message.html);
    auto const in_text = links_in_text(message.text);
    return !in_html.empty() ? in_html.front() : !in_text.empty() ? in_text.front() : "https://example.com/";
}

deed plan_click(occasion& event)
{
    auto made = read_engagement(event);
    auto const link = event.body.text("Link");
    auto const original = event.body.text("OriginalLink");
    made.link = original ? *original : link ? *link : first_link(event.message);
    auto const location = event.body.text("ClickLocation").value_or(event.message.html.empty() ? "Text" : "HTML");
    made.location = equals_ignoring_case(location, "Text") ? "Text" : "HTML";
    return [&event, made = std::move(made)] {
        event.state.messages.track_links(event.message.message_id);
        event.server.events.add_click(made);
    };
}

constexpr endpoint rows[] = {
    {"POST", "/__sandbox/messages/{id}/delivered", happen<plan_delivery>, access::control},
    {"POST", "/__sandbox/messages/{id}/bounced", happen<plan_bounce>, access::control},
    {"POST", "/__sandbox/messages/{id}/opened", happen<plan_open>, access::control},
    {"POST", "/__sandbox/messages/{id}/clicked", happen<plan_click>, access::control},
    {"POST", "/__sandbox/messages/{id}/complained", happen<plan_complaint>, access::control},
    {"POST", "/__sandbox/messages/{id}/unsubscribed", happen<plan_subscription>, access::control},
};

} // namespace

std::span<endpoint const> message_control_endpoints()
{
    return rows;
}

} // namespace postmark::sandbox::detail

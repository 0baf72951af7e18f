// SPDX-License-Identifier: BSL-1.0

#include "sandbox/message_events.hpp"

#include "sandbox/object_writer.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace postmark::sandbox::detail {
namespace {

/// An event with the JSON of its details.
struct shown_event {
    std::string_view type;
    std::string recipient;
    time_point at;
    std::string details;
};

std::string delivery_details(std::string_view reply, std::string_view server, std::string_view address)
{
    std::string out;
    object_writer{out}.text("DeliveryMessage", reply).text("DestinationServer", server).text("DestinationIP", address);
    return out;
}

/// The service writes this flag as a text.
std::string subscription_details(bool suppresses)
{
    std::string out;
    object_writer{out}.text("Origin", "Recipient").text("SuppressSending", suppresses ? "True" : "False");
    return out;
}

/// The mail of a bounce of these types reached a mailbox.
bool was_delivered(bounce const& entry)
{
    constexpr std::array<std::string_view, 7> kinds{"Unsubscribe",          "Subscribe",     "AutoResponder",
                                                    "AddressChange",        "OpenRelayTest", "SpamComplaint",
                                                    "ChallengeVerification"};
    return std::ranges::find(kinds, entry.type->type) != kinds.end();
}

class event_list {
public:
    event_list(server_state const& server, stored_message const& message)
        : server_{server}
        , message_{message}
    {
        for (auto const& recipient : all_recipients(message)) {
            if (!server.events.was_skipped(message.message_id, recipient)) {
                collect(recipient);
            }
        }
        std::ranges::stable_sort(events_, {}, &shown_event::at);
    }

    [[nodiscard]] std::vector<shown_event> const& events() const { return events_; }

private:
    template <class Entry>
    [[nodiscard]] bool concerns(Entry const& entry, std::string_view recipient) const
    {
        return entry.message_id == message_.message_id && equals_ignoring_case(entry.recipient, recipient);
    }

    void collect(std::string const& recipient)
    {
        auto const begin = events_.size();
        bool delivered = false;
        bool rejected = false;
        for (auto const& entry : server_.events.deliveries()) {
            if (concerns(entry, recipient)) {
                delivered = true;
                add("Delivered", recipient, entry.at, delivery_details(entry.reply, entry.server, entry.address));
            }
        }
        for (auto const& entry : server_.bounces.all()) {
            if (entry.message_id == message_.message_id && equals_ignoring_case(entry.email, recipient)) {
                rejected = rejected || !was_delivered(entry);
                add_bounce(entry, recipient);
            }
        }
        bool const engaged = collect_engagements(recipient);
        if (!delivered && (engaged || !rejected)) {
            shown_event first{"Delivered", recipient, message_.submitted_at,
                              delivery_details("smtp;250 2.0.0 OK", "mail.recipient.example", "192.0.2.25")};
            events_.insert(events_.begin() + static_cast<std::ptrdiff_t>(begin), std::move(first));
        }
    }

    void add_bounce(bounce const& entry, std::string const& recipient)
    {
        if (entry.type->type == "Transient") {
            add("Transient", recipient, entry.bounced_at,
                delivery_details(entry.details, "mail.recipient.example", "192.0.2.25"));
            return;
        }
        std::string details;
        object_writer{details}.text("Summary", entry.type->description).text("BounceID", std::to_string(entry.id));
        add("Bounced", recipient, entry.bounced_at, std::move(details));
        if (entry.type->type == "HardBounce" || entry.type->type == "SpamComplaint") {
            add("SubscriptionChanged", recipient, entry.bounced_at, subscription_details(true));
        }
    }

    /// Whether there were any that show that the mail arrived.
    bool collect_engagements(std::string const& recipient)
    {
        auto const begin = events_.size();
        for (auto const& entry : server_.events.opens()) {
            if (entry.first && concerns(entry, recipient)) {
                std::string details;
                object_writer{details}.text("Summary", "Email opened with " + entry.client.name);
                add("Opened", recipient, entry.at, std::move(details));
            }
        }
        for (auto const& entry : server_.events.clicks()) {
            if (entry.first && concerns(entry, recipient)) {
                std::string details;
                object_writer{details}
                    .text("Summary", "Tracked link was clicked from the " + entry.location + " body")
                    .text("Link", entry.link)
                    .text("ClickLocation", entry.location);
                add("LinkClicked", recipient, entry.at, std::move(details));
            }
        }
        for (auto const& entry : server_.events.subscriptions()) {
            if (concerns(entry, recipient)) {
                add("SubscriptionChanged", recipient, entry.at, subscription_details(entry.suppresses));
            }
        }
        return events_.size() != begin;
    }

    void add(std::string_view type, std::string const& recipient, time_point at, std::string details)
    {
        events_.push_back({type, recipient, at, std::move(details)});
    }

    server_state const& server_;
    stored_message const& message_;
    std::vector<shown_event> events_;
};

} // namespace

std::vector<std::string> all_recipients(stored_message const& message)
{
    std::vector<std::string> result{message.to};
    result.insert(result.end(), message.cc.begin(), message.cc.end());
    result.insert(result.end(), message.bcc.begin(), message.bcc.end());
    return result;
}

void append_message_events(std::string& out, server_state const& server, stored_message const& message)
{
    event_list const list{server, message};
    array_writer events{out};
    for (auto const& entry : list.events()) {
        object_writer event{events.next()};
        event.text("Recipient", entry.recipient)
            .text("Type", entry.type)
            .date("ReceivedAt", entry.at, date_form::eastern);
        event.key("Details") += entry.details;
    }
}

} // namespace postmark::sandbox::detail

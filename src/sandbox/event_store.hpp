// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_EVENT_STORE_HPP
#define POSTMARK_SANDBOX_EVENT_STORE_HPP

#include "sandbox/text.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::sandbox::detail {

/// A mail was delivered to a recipient. Every mail is delivered as soon as it was accepted; only deliveries with a
/// reply of their own are stored.
struct delivery_event {
    std::string message_id;
    std::string recipient;
    time_point at;
    std::string reply;
    std::string server;
    std::string address;
};

/// A mail program or an operating system.
struct agent {
    std::string name;
    std::string company;
    std::string family;
};

/// A recipient opened a mail, or clicked a link in it.
struct engagement {
    std::string message_id;
    std::string recipient;
    std::string tag;
    std::string stream;
    time_point at;
    std::string user_agent;
    agent client;
    agent system;
    /// `Desktop`, `Mobile`, `WebMail` or `Unknown`.
    std::string platform;
    /// By the keys of the service, as `City`.
    std::map<std::string, std::string> place;
    /// The first of this recipient, for this mail or for this link in it.
    bool first{false};
    /// Of an open.
    std::optional<std::int64_t> read_seconds;
    /// Of a click; `HTML` or `Text`.
    std::string location;
    std::string link;
};

/// A recipient left the list of a stream, or came back to it, by means of a mail.
struct subscription_event {
    std::string message_id;
    std::string recipient;
    time_point at;
    bool suppresses;
};

/// What happened to the mails of a server after they were accepted, apart from bounces. Guarded by the lock of the
/// world.
class event_store {
public:
    void add(delivery_event added) { deliveries_.push_back(std::move(added)); }
    void add(subscription_event added) { subscriptions_.push_back(std::move(added)); }
    /// A recipient got no copy of a mail, since the address is suppressed.
    void skip(std::string_view message_id, std::string_view recipient);
    /// These set `first`.
    void add_open(engagement added);
    void add_click(engagement added);

    [[nodiscard]] bool was_skipped(std::string_view message_id, std::string_view recipient) const;
    /// How many recipients of a mail were skipped; `message_id` returns its id, and is called only when it can matter.
    template <class Id>
    [[nodiscard]] std::size_t count_skipped(Id const& message_id) const
    {
        if (skipped_.empty()) {
            return 0;
        }
        auto const found = skipped_.find(message_id());
        return found == skipped_.end() ? 0 : found->second.size();
    }

    // The oldest first.
    [[nodiscard]] std::deque<delivery_event> const& deliveries() const { return deliveries_; }
    [[nodiscard]] std::deque<engagement> const& opens() const { return opens_; }
    [[nodiscard]] std::deque<engagement> const& clicks() const { return clicks_; }
    [[nodiscard]] std::deque<subscription_event> const& subscriptions() const { return subscriptions_; }

    void clear();

private:
    /// By the ids of mails.
    std::map<std::string, std::vector<std::string>, std::less<>> skipped_;
    std::deque<delivery_event> deliveries_;
    std::deque<engagement> opens_;
    std::deque<engagement> clicks_;
    std::deque<subscription_event> subscriptions_;
};

} // namespace postmark::sandbox::detail

#endif

// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_SERVICE_HPP
#define POSTMARK_SANDBOX_SERVICE_HPP

#include "sandbox/bounces.hpp"
#include "sandbox/faults.hpp"
#include "sandbox/monitor.hpp"
#include "sandbox/request.hpp"
#include "sandbox/router.hpp"
#include "sandbox/store.hpp"
#include "sandbox/templates.hpp"
#include "sandbox/validation.hpp"

#include <postmark/sandbox.hpp>

#include <boost/json/value.hpp>

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::sandbox {

/// The service without its connections: a request in, an answer out. What it answers with success is kept before the
/// answer is returned.
class service {
public:
    service(settings const& configuration, monitor& counts, fault_plan& faults);

    /// Takes the body out of the request.
    [[nodiscard]] reply handle(request& incoming, route const& to);

    [[nodiscard]] store& messages() { return messages_; }
    [[nodiscard]] bounce_book& bounces() { return bounces_; }
    [[nodiscard]] template_library& templates() { return templates_; }
    void set_index_delay(std::chrono::milliseconds delay) { index_delay_ = delay.count(); }

    /// Bytes of a body that the endpoint takes.
    [[nodiscard]] static std::uint64_t body_limit(route const& to);

private:
    struct sending;

    // Sending (service.cpp)
    [[nodiscard]] bool is_valid_token(std::string_view token) const;
    [[nodiscard]] reply send(request& incoming, endpoint via);
    [[nodiscard]] reply send_single(sending& call, boost::json::value const& body, std::string& text);
    [[nodiscard]] reply send_batch(sending& call, boost::json::value const& body, std::string_view text);
    [[nodiscard]] std::optional<refusal> send_one(sending& call, mail const& message, boost::json::value const& value,
                                                  std::string text, std::string& out);
    [[nodiscard]] std::optional<refusal> find_suppressed(mail const& message, recipient_list const& recipients,
                                                         std::string& suppressed) const;
    [[nodiscard]] std::optional<refusal> render_template(mail const& message, boost::json::value const& value,
                                                         std::unique_ptr<rendered_parts>& into) const;
    void bounce_recipients(mail const& message, recipient_list const& recipients, std::string_view subject,
                           std::string_view message_id, time_point now);

    // Everything else of the service (queries.cpp)
    [[nodiscard]] reply delivery_stats() const;
    [[nodiscard]] reply list_bounces(std::string_view query) const;
    [[nodiscard]] reply get_bounce(std::string_view id) const;
    [[nodiscard]] reply get_bounce_dump(std::string_view id) const;
    [[nodiscard]] reply get_bounce_tags() const;
    [[nodiscard]] reply activate_bounce(std::string_view id);
    [[nodiscard]] reply list_messages(std::string_view query) const;
    [[nodiscard]] reply get_message_details(std::string_view id) const;
    [[nodiscard]] bool is_indexed(record const& entry, time_point now) const;

    // The sandbox's own endpoints (control.cpp)
    [[nodiscard]] reply control(request& incoming, route const& to);
    [[nodiscard]] reply control_messages(std::string_view query) const;
    [[nodiscard]] reply control_stats() const;

    std::vector<std::string> tokens_;
    monitor& counts_;
    fault_plan& faults_;
    store messages_;
    bounce_book bounces_;
    template_library templates_;
    std::atomic<std::int64_t> index_delay_;
};

} // namespace postmark::sandbox

#endif

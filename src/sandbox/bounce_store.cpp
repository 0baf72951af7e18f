// SPDX-License-Identifier: BSL-1.0

#include "sandbox/bounce_store.hpp"

#include <algorithm>

namespace postmark::sandbox::detail {
namespace {

constexpr std::string_view bounce_domain = "@bounce-testing.postmarkapp.com";

bounce make_seed(std::int64_t id, std::string_view type, std::string_view email, bool inactive, bool can_activate)
{
    bounce result;
    result.id = id;
    result.type = find_bounce_type(type);
    result.email = email;
    result.inactive = inactive;
    result.can_activate = can_activate;
    result.stream = "outbound";
    result.from = "shop@sender.example";
    result.subject = "Your order";
    result.bounced_at = std::chrono::system_clock::now() - std::chrono::hours{30};
    return result;
}

} // namespace

std::vector<bounce_type> const& bounce_types()
{
    static std::vector<bounce_type> const types{
        {"HardBounce", 1, "Hard bounce",
         "The server was unable to deliver your message (ex: unknown user, mailbox not found)."},
        {"Transient", 2, "Message delayed/Undeliverable",
         "The server could not temporarily deliver your message (ex: Message is delayed due to network troubles)."},
        {"Unsubscribe", 16, "Unsubscribe request", "Unsubscribe or Remove request."},
        {"Subscribe", 32, "Subscribe request",
         "Subscribe request from someone wanting to get added to the mailing list."},
        {"AutoResponder", 64, "Auto responder",
         "Automatic email responder (ex: \"Out of Office\" or \"On Vacation\")."},
        {"AddressChange", 128, "Address change", "The recipient has requested an address change."},
        {"DnsError", 256, "DNS error", "A temporary DNS error."},
        {"SpamNotification", 512, "Spam notification",
         "The message was delivered, but was either blocked by the user, or classified as spam, bulk mail, or had "
         "rejected content."},
        {"OpenRelayTest", 1024, "Open relay test",
         "The NDR is actually a test email message to see if the mail server is "
         "an open relay."},
        {"Unknown", 2048, "Unknown", "Unable to classify the NDR."},
        {"SoftBounce", 4096, "Soft bounce",
         "Unable to temporarily deliver message (i.e. mailbox full, account disabled, exceeds quota, out of disk "
         "space)."},
        {"VirusNotification", 8192, "Virus notification",
         "The bounce is actually a virus notification warning about a "
         "virus/code infected message."},
        {"ChallengeVerification", 16384, "Spam challenge verification",
         "The bounce is a challenge asking for verification you actually sent the email."},
        {"BadEmailAddress", 100000, "Invalid email address", "The address is not a valid email address."},
        {"SpamComplaint", 100001, "Spam complaint", "The subscriber explicitly marked this message as spam."},
        {"ManuallyDeactivated", 100002, "Manually deactivated", "The email was manually deactivated."},
        {"Unconfirmed", 100003, "Registration not confirmed",
         "The subscriber has not clicked on the confirmation link."},
        {"Blocked", 100006, "ISP block", "Blocked from this ISP due to content or blacklisting."},
        {"SMTPApiError", 100007, "SMTP API error", "An error occurred while accepting an email through the SMTP API."},
        {"InboundError", 100008, "Processing failed", "Unable to deliver inbound message to destination inbound hook."},
        {"DMARCPolicy", 100009, "DMARC Policy", "Email rejected due DMARC Policy."},
        {"TemplateRenderingFailed", 100010, "Template rendering failed",
         "An error occurred while attempting to render "
         "your template."},
    };
    return types;
}

bounce_type const* find_bounce_type(std::string_view name)
{
    std::string plain{name};
    std::erase(plain, '_');
    for (auto const& candidate : bounce_types()) {
        if (equals_ignoring_case(candidate.type, plain)) {
            return &candidate;
        }
    }
    return nullptr;
}

bounce_type const* provoked_bounce(std::string_view address, std::string_view header)
{
    if (address.size() <= bounce_domain.size() ||
        !equals_ignoring_case(address.substr(address.size() - bounce_domain.size()), bounce_domain)) {
        return nullptr;
    }
    auto const* type =
        find_bounce_type(header.empty() ? address.substr(0, address.size() - bounce_domain.size()) : header);
    if (!type || type->type == "SpamComplaint") {
        type = find_bounce_type("HardBounce");
    }
    return type;
}

bounce* bounce_store::find(std::int64_t id)
{
    auto const found =
        std::find_if(bounces_.begin(), bounces_.end(), [&](bounce const& entry) { return entry.id == id; });
    return found == bounces_.end() ? nullptr : &*found;
}

void bounce_store::activate(std::string_view stream, std::string_view address)
{
    for (auto& entry : bounces_) {
        if (entry.stream == stream && equals_ignoring_case(entry.email, address)) {
            entry.inactive = false;
        }
    }
}

std::vector<bounce> make_seed_bounces(std::int64_t& id)
{
    auto hard = make_seed(id++, "HardBounce", "gone@recipient.example", true, true);
    hard.tag = "welcome";
    hard.message_id = "2c1b63fe-43f2-4db5-91b0-8bdfa44a9316";
    hard.details = "smtp;550 5.1.1 The email account that you tried to reach does not exist.\r\nPlease try "
                   "double-checking the recipient's email address.";
    hard.dump = "From: postmaster@recipient.example\r\nSubject: Delivery Status Notification (Failure)\r\n\r\n"
                "550 5.1.1 unknown user\r\n";
    auto complaint = make_seed(id++, "SpamComplaint", "complained@recipient.example", true, false);
    complaint.message_id = "b6a1dd5a-8e3e-4d49-8b1e-5f3c52a1c6d0";
    complaint.tag = "newsletter";
    auto soft = make_seed(id++, "SoftBounce", "full@recipient.example", false, true);
    soft.message_id = "7f1c2f0e-5d0b-4a0a-9a7e-1c2d3e4f5a6b";
    soft.details = "smtp;452 4.2.2 mailbox full";
    return {std::move(hard), std::move(complaint), std::move(soft)};
}

} // namespace postmark::sandbox::detail

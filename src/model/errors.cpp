// SPDX-License-Identifier: BSL-1.0

#include <postmark/error.hpp>
#include <postmark/error_code.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>
#include <utility>

namespace postmark {

namespace {

char const* errc_text(int value) noexcept
{
    switch (static_cast<errc>(value)) {
    case errc::invalid_message:
        return "the message cannot be sent as it is";
    case errc::invalid_configuration:
        return "the configuration is invalid";
    case errc::no_trust_anchors:
        return "no trusted certificates were found";
    case errc::queue_full:
        return "too many requests are waiting";
    case errc::resolve_failed:
        return "the host name could not be resolved";
    case errc::connect_failed:
        return "no connection could be made";
    case errc::proxy_refused:
        return "the proxy did not open the tunnel";
    case errc::handshake_failed:
        return "the TLS handshake failed";
    case errc::certificate_refused:
        return "the certificate of the server was not accepted";
    case errc::write_failed:
        return "the connection failed before the request was sent";
    case errc::timed_out_before_sent:
        return "timed out before the request was sent";
    case errc::cancelled_before_sent:
        return "cancelled before the request was sent";
    case errc::client_closed:
        return "the client is closed";
    case errc::connection_lost:
        return "the connection was lost before the answer";
    case errc::timed_out_in_flight:
        return "timed out waiting for the answer";
    case errc::cancelled_in_flight:
        return "cancelled while waiting for the answer";
    case errc::malformed_reply:
        return "the answer could not be understood";
    case errc::reply_too_large:
        return "the answer is too large";
    case errc::item_count_mismatch:
        return "the answer has the wrong number of items";
    case errc::server_error:
        return "the service failed";
    case errc::http_refused:
        return "the service refused the request";
    }
    return value == 0 ? "no error" : nullptr;
}

char const* api_errc_text(int value) noexcept
{
    switch (static_cast<api_errc>(value)) {
    case api_errc::ok:
        return "no error";
    case api_errc::bad_token:
        return "the token is missing, wrong, or of the wrong kind";
    case api_errc::multiple_errors:
        return "several fields are invalid";
    case api_errc::bulk_request_not_found:
        return "no such bulk request";
    case api_errc::invalid_pagination_key:
        return "the pagination key is invalid";
    case api_errc::bulk_not_approved:
        return "the account is not approved for bulk sending";
    case api_errc::maintenance:
        return "the service is offline for maintenance";
    case api_errc::unexpected_error:
        return "the service failed internally";
    case api_errc::invalid_email_request:
        return "the message is invalid";
    case api_errc::sender_signature_not_found:
        return "the sender has no signature and no verified domain";
    case api_errc::sender_signature_not_confirmed:
        return "the sender signature is not confirmed";
    case api_errc::invalid_json:
        return "the request is not valid JSON";
    case api_errc::invalid_request_field:
        return "a field of the request has the wrong type or form";
    case api_errc::not_allowed_to_send:
        return "the account may not send: out of credits";
    case api_errc::inactive_recipient:
        return "every recipient is suppressed";
    case api_errc::json_required:
        return "the request is not declared as JSON";
    case api_errc::too_many_batch_messages:
        return "the batch has too many messages";
    case api_errc::forbidden_attachment_type:
        return "the type of an attachment is not allowed";
    case api_errc::account_pending:
        return "the account awaits approval";
    case api_errc::account_may_not_send:
        return "the account may not send";
    case api_errc::invalid_server_or_account:
        return "the server or the account is invalid";
    case api_errc::rate_limit_exceeded:
        return "too many requests";
    case api_errc::sender_query_invalid:
        return "the query for signatures or domains is invalid";
    case api_errc::sender_not_found:
        return "no such sender signature";
    case api_errc::no_sender_data:
        return "the sender signature is empty";
    case api_errc::public_domain_not_allowed:
        return "public mail domains are not allowed";
    case api_errc::sender_exists:
        return "the sender signature exists already";
    case api_errc::dkim_renewal_in_progress:
        return "the DKIM key is being renewed already";
    case api_errc::sender_already_confirmed:
        return "the sender signature is confirmed already";
    case api_errc::sender_not_owned:
        return "the sender signature belongs to another account";
    case api_errc::dkim_not_renewing:
        return "no DKIM key is being renewed";
    case api_errc::domain_not_found:
        return "no such domain";
    case api_errc::invalid_fields:
        return "fields of the domain are invalid";
    case api_errc::domain_exists:
        return "the domain exists already";
    case api_errc::domain_not_owned:
        return "the domain belongs to another account";
    case api_errc::domain_name_required:
        return "the domain name is missing";
    case api_errc::domain_name_too_long:
        return "the domain name is too long";
    case api_errc::domain_name_invalid:
        return "the domain name is invalid";
    case api_errc::sender_field_required:
        return "a field of the sender signature is missing";
    case api_errc::sender_field_too_long:
        return "a field of the sender signature is too long";
    case api_errc::sender_field_invalid:
        return "a field of the sender signature is invalid";
    case api_errc::cname_record_required:
        return "the CNAME record was not found";
    case api_errc::server_query_invalid:
        return "the query for servers is invalid";
    case api_errc::server_not_found:
        return "no such server";
    case api_errc::inbound_domain_in_use:
        return "the inbound domain is in use";
    case api_errc::server_name_exists:
        return "the server name is in use";
    case api_errc::server_delete_not_allowed:
        return "the account may not delete servers";
    case api_errc::server_delete_failed:
        return "the server could not be deleted";
    case api_errc::invalid_hook_url:
        return "a webhook URL is invalid";
    case api_errc::invalid_server_color:
        return "the server color is unknown";
    case api_errc::invalid_server_name:
        return "the server name is missing or invalid";
    case api_errc::no_server_data:
        return "the server is empty";
    case api_errc::inbound_mx_missing:
        return "the MX record of the inbound domain is missing";
    case api_errc::invalid_spam_threshold:
        return "the spam threshold is out of range";
    case api_errc::invalid_track_links:
        return "the kind of link tracking is unknown";
    case api_errc::invalid_delivery_type:
        return "the delivery type is unknown";
    case api_errc::entitlement_limit:
        return "a limit of the plan is reached";
    case api_errc::action_not_supported:
        return "the action is not supported";
    case api_errc::message_query_invalid:
        return "the query for messages is invalid";
    case api_errc::message_not_found:
        return "no such message";
    case api_errc::inbound_bypass_failed:
        return "the blocked inbound message could not be let through";
    case api_errc::inbound_retry_failed:
        return "the inbound message could not be processed again";
    case api_errc::dkim_configuration_invalid:
        return "the DKIM configuration is invalid";
    case api_errc::trigger_query_invalid:
        return "the query for inbound rules is invalid";
    case api_errc::no_trigger_data:
        return "the inbound rule is empty";
    case api_errc::inbound_rule_exists:
        return "the inbound rule exists already";
    case api_errc::inbound_rule_delete_failed:
        return "the inbound rule could not be deleted";
    case api_errc::inbound_rule_not_found:
        return "no such inbound rule";
    case api_errc::inbound_rule_invalid:
        return "the inbound rule is neither an address nor a domain";
    case api_errc::stats_query_invalid:
        return "the query for statistics is invalid";
    case api_errc::bounce_query_invalid:
        return "the query for bounces is invalid";
    case api_errc::bounce_not_found:
        return "no such bounce, or its dump is gone";
    case api_errc::bounce_id_required:
        return "the id of the bounce is missing";
    case api_errc::bounce_not_activatable:
        return "this kind of bounce cannot be activated";
    case api_errc::template_query_invalid:
        return "the query for templates is invalid";
    case api_errc::template_not_found:
        return "no such template";
    case api_errc::template_limit:
        return "there are too many templates";
    case api_errc::no_template_data:
        return "the template is empty";
    case api_errc::template_field_required:
        return "a field of the template is missing";
    case api_errc::template_field_too_long:
        return "a field of the template is too long";
    case api_errc::template_field_invalid:
        return "a field of the template is invalid";
    case api_errc::template_field_not_allowed:
        return "fields of the template exclude each other";
    case api_errc::no_templates_to_push:
        return "there are no templates to push";
    case api_errc::template_type_mismatch:
        return "template and layout share an alias";
    case api_errc::layout_in_use:
        return "the layout is in use";
    case api_errc::layout_placeholder_invalid:
        return "the layout must hold its placeholder exactly once";
    case api_errc::stream_api_forbidden:
        return "the message streams API is not allowed";
    case api_errc::stream_type_invalid:
        return "the type of the message stream is invalid";
    case api_errc::stream_id_required:
        return "the id of the message stream is missing";
    case api_errc::stream_name_required:
        return "the name of the message stream is missing";
    case api_errc::stream_name_too_long:
        return "the name of the message stream is too long";
    case api_errc::stream_limit:
        return "there are too many message streams";
    case api_errc::stream_not_found:
        return "no such message stream";
    case api_errc::stream_id_invalid:
        return "the id of the message stream is invalid";
    case api_errc::inbound_stream_exists:
        return "there is an inbound stream already";
    case api_errc::default_stream_not_archivable:
        return "a default message stream cannot be archived";
    case api_errc::stream_id_exists:
        return "the id of the message stream is in use";
    case api_errc::stream_description_too_long:
        return "the description of the message stream is too long";
    case api_errc::stream_not_unarchivable:
        return "the message stream can no longer be restored";
    case api_errc::stream_id_prefix_reserved:
        return "the prefix of the message stream's id is reserved";
    case api_errc::stream_description_html:
        return "the description of the message stream must not hold HTML";
    case api_errc::stream_unknown_for_send:
        return "the message stream to send on does not exist";
    case api_errc::stream_cannot_send:
        return "the message stream cannot send";
    case api_errc::stream_id_reserved:
        return "the id of the message stream is reserved";
    case api_errc::custom_unsubscribe_forbidden:
        return "custom unsubscribe handling is not allowed";
    case api_errc::unsubscribe_handling_unsupported:
        return "the message stream does not support this unsubscribe handling";
    case api_errc::unsubscribe_handling_invalid:
        return "the unsubscribe handling is unknown";
    case api_errc::stream_archive_unavailable:
        return "the message stream cannot be archived now";
    case api_errc::data_removal_invalid:
        return "the data removal request is invalid";
    case api_errc::data_removal_not_found:
        return "no such data removal request";
    case api_errc::data_removal_forbidden:
        return "data removal is not enabled for the account";
    case api_errc::webhook_stream_archived:
        return "the webhook's message stream is archived";
    case api_errc::webhook_stream_inbound:
        return "an inbound stream takes no webhooks";
    case api_errc::webhook_not_found:
        return "no such webhook";
    case api_errc::webhook_trigger_unsupported:
        return "the message stream does not support this webhook trigger";
    case api_errc::webhook_url_invalid:
        return "the webhook URL is missing or invalid";
    case api_errc::webhook_body_required:
        return "the webhook is empty";
    case api_errc::webhook_id_not_allowed:
        return "a new webhook must not have an id";
    case api_errc::webhook_immutable_field:
        return "a field of the webhook cannot be changed";
    case api_errc::webhook_header_invalid:
        return "a header of the webhook is invalid";
    case api_errc::webhook_limit:
        return "there are too many webhooks";
    case api_errc::webhook_integration_locked:
        return "the webhook belongs to an integration";
    case api_errc::webhook_field_invalid:
        return "a field of the webhook is invalid";
    case api_errc::webhook_status_invalid:
        return "the status of the webhook is unknown";
    case api_errc::webhook_status_read_only:
        return "the status of the webhook cannot be set";
    case api_errc::webhook_verification_failed:
        return "the webhook endpoint failed its test";
    case api_errc::suppression_count_invalid:
        return "the count is invalid";
    case api_errc::suppression_count_required:
        return "the count is missing";
    case api_errc::suppression_offset_invalid:
        return "the offset is invalid";
    case api_errc::suppression_offset_required:
        return "the offset is missing";
    case api_errc::suppression_reason_invalid:
        return "the suppression reason is unknown";
    case api_errc::suppression_origin_invalid:
        return "the suppression origin is unknown";
    case api_errc::suppression_not_authorized:
        return "the suppression may not be changed";
    case api_errc::suppression_failed:
        return "the suppression could not be processed";
    case api_errc::suppression_address_invalid:
        return "the address to suppress is invalid";
    case api_errc::suppression_body_required:
        return "the suppressions are missing";
    case api_errc::suppression_limit:
        return "there are too many suppressions";
    case api_errc::suppression_address_required:
        return "the address to suppress is missing";
    case api_errc::smtp_token_server_id_required:
        return "the server id of the SMTP token is missing";
    case api_errc::smtp_token_not_found:
        return "no such SMTP token";
    case api_errc::smtp_token_body_required:
        return "the SMTP token is empty";
    case api_errc::smtp_token_server_not_found:
        return "the server of the SMTP token does not exist";
    case api_errc::smtp_token_stream_invalid:
        return "the message stream of the SMTP token is missing or unknown";
    case api_errc::smtp_token_server_id_invalid:
        return "the server id of the SMTP token is invalid";
    case api_errc::smtp_token_length_invalid:
        return "a field of the SMTP token has the wrong length";
    case api_errc::smtp_token_stream_inbound:
        return "an inbound stream takes no SMTP tokens";
    case api_errc::smtp_token_limit:
        return "there are too many SMTP tokens";
    case api_errc::smtp_token_stream_archived:
        return "the message stream of the SMTP token is archived";
    case api_errc::smtp_token_smtp_disabled:
        return "SMTP is switched off";
    case api_errc::ip_not_authorized:
        return "the IP address may not send for this account";
    case api_errc::stats_from_too_old:
        return "the statistics begin more than a year ago";
    case api_errc::stats_count_invalid:
        return "the count of the statistics is invalid";
    case api_errc::stats_range_invalid:
        return "the statistics end before they begin";
    }
    return nullptr;
}

char const* condition_text(int value) noexcept
{
    switch (static_cast<condition>(value)) {
    case condition::rejected:
        return "rejected by the service";
    case condition::not_sent:
        return "not sent";
    case condition::outcome_unknown:
        return "the outcome is unknown";
    case condition::unauthorized:
        return "the token was not accepted";
    case condition::retryable:
        return "may succeed when it is tried again";
    }
    return nullptr;
}

// Categories are never deleted, so the base has no virtual destructor.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"

class text_category : public boost::system::error_category {
public:
    using text_function = char const* (*)(int) noexcept;

    // The numbers make a category equal to itself across shared libraries that each hold a copy of it.
    constexpr text_category(char const* name, text_function text, unsigned long long id) noexcept
        : error_category{id}
        , name_{name}
        , text_{text}
    {
    }

    [[nodiscard]] char const* name() const noexcept override { return name_; }

    [[nodiscard]] std::string message(int value) const override
    {
        if (auto const* const text = text_(value)) {
            return text;
        }
        return "Postmark error " + std::to_string(value);
    }

    char const* message(int value, char* buffer, std::size_t size) const noexcept override
    {
        if (auto const* const text = text_(value)) {
            return text;
        }
        if (size == 0) {
            return buffer;
        }
        std::snprintf(buffer, size, "Postmark error %d", value);
        return buffer;
    }

private:
    char const* name_;
    text_function text_;
};

bool is_between(int value, errc first, errc last) noexcept
{
    return value >= static_cast<int>(first) && value <= static_cast<int>(last);
}

bool is_retryable(errc value) noexcept
{
    switch (value) {
    case errc::queue_full:
    case errc::resolve_failed:
    case errc::connect_failed:
    case errc::handshake_failed:
    case errc::write_failed:
    case errc::timed_out_before_sent:
        return true;
    default:
        return false;
    }
}

class matching_category final : public text_category {
public:
    using text_category::equivalent;
    using text_category::text_category;

    bool equivalent(error_code const& error, int wanted) const noexcept override
    {
        bool const ours = error.category() == postmark::error_category();
        bool const from_service = error.category() == postmark::api_category();
        switch (static_cast<condition>(wanted)) {
        case condition::rejected:
            return (from_service && error.value() != 0) || error == errc::http_refused;
        case condition::not_sent:
            return ours && is_between(error.value(), errc::invalid_message, errc::client_closed);
        case condition::outcome_unknown:
            return ours && is_between(error.value(), errc::connection_lost, errc::server_error);
        case condition::unauthorized:
            return error == api_errc::bad_token;
        case condition::retryable:
            return (ours && is_retryable(static_cast<errc>(error.value()))) || error == api_errc::rate_limit_exceeded ||
                   error == api_errc::maintenance;
        }
        return false;
    }
};

#pragma GCC diagnostic pop

constinit text_category const error_instance{"postmark", errc_text, 0x3b1f6a0c52d94e71};
constinit text_category const api_instance{"postmark.api", api_errc_text, 0x3b1f6a0c52d94e72};
constinit matching_category const condition_instance{"postmark.condition", condition_text, 0x3b1f6a0c52d94e73};

receipt const& first_with(error_code const& error, std::vector<receipt> const& receipts)
{
    static receipt const none;
    auto const found = std::ranges::find(receipts, error, &receipt::error);
    return found == receipts.end() ? none : *found;
}

} // namespace

boost::system::error_category const& error_category() noexcept
{
    return error_instance;
}

boost::system::error_category const& api_category() noexcept
{
    return api_instance;
}

boost::system::error_category const& condition_category() noexcept
{
    return condition_instance;
}

namespace {

/// What is wrong with the configuration is said in the library's own words, which hold neither addresses nor secrets.
boost::system::system_error shown(postmark::error_code error, std::string const& detail)
{
    if (error == errc::invalid_configuration || error == errc::no_trust_anchors) {
        return {error, detail};
    }
    return boost::system::system_error{error};
}

} // namespace

call_error::call_error(postmark::error_code error, int api_code, std::string detail)
    : system_error{shown(error, detail)}
    , api_code_{api_code}
    , detail_{std::move(detail)}
{
}

send_error::send_error(postmark::receipt value)
    : call_error{value.error, value.api_code, value.detail}
    , receipt_{std::move(value)}
{
}

batch_error::batch_error(postmark::error_code error, std::vector<postmark::receipt> receipts)
    : call_error{error, first_with(error, receipts).api_code, first_with(error, receipts).detail}
    , receipts_{std::move(receipts)}
{
}

} // namespace postmark

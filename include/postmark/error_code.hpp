// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_ERROR_CODE_HPP
#define POSTMARK_ERROR_CODE_HPP

#include <boost/system/error_code.hpp>

#include <type_traits>

namespace postmark {

// Codes and conditions (exceptions are in error.hpp):
//
//   error_code
//   +-- errc                           what the library found
//   |   +-- invalid_message ...        outcome not_sent
//   |   +-- connection_lost ...        outcome unknown
//   |   +-- http_refused               outcome rejected
//   +-- api_errc                       the service's ErrorCodes, outcome rejected
//
//   condition                          to compare an error_code with
//   +-- rejected, not_sent, outcome_unknown   exactly the codes of that outcome
//   +-- unauthorized, retryable               some of them

/// The error type of every operation of this library.
using error_code = boost::system::error_code;

/// An error that the library found, as opposed to the service.
///
/// Each value belongs to exactly one outcome, so that an error alone tells whether a mail may have been accepted.
enum class errc : int {
    // Outcome not_sent: the last byte of the request was never handed to the operating system.

    /// The message, or an argument of the call, cannot be sent as it is; nothing left the process. The detail says why.
    invalid_message = 1,
    /// The configuration of the client cannot work; the detail says which field and why.
    invalid_configuration,
    /// No trusted certificate was found, so no server could be verified.
    no_trust_anchors,
    /// The queue is full: `config::limits` allows no more waiting requests.
    queue_full,
    /// The host name could not be resolved.
    resolve_failed,
    /// No connection could be made.
    connect_failed,
    /// The proxy refused to open the tunnel: HTTP 4xx except 408 and 429. Any other failure of a proxy is
    /// `connect_failed`.
    proxy_refused,
    /// The TLS handshake failed.
    handshake_failed,
    /// The server's certificate was not accepted.
    certificate_refused,
    /// The connection failed before the whole request was written.
    write_failed,
    /// The deadline passed before the whole request was written.
    timed_out_before_sent,
    /// The call was cancelled before the whole request was written.
    cancelled_before_sent,
    /// The client was destroyed or drained, or is draining.
    client_closed,

    // Outcome unknown: the whole request was sent and no complete, meaningful reply came back.

    /// The connection ended before a complete reply.
    connection_lost = 100,
    /// No complete reply arrived in time.
    timed_out_in_flight,
    /// The call was cancelled while it waited for the reply.
    cancelled_in_flight,
    /// The reply does not follow HTTP, or is not one that the service gives.
    malformed_reply,
    /// The reply is larger than `config::limits` allows.
    reply_too_large,
    /// The reply to a batch has more or fewer items than the request.
    item_count_mismatch,
    /// The reply has status 5xx, or another one that says nothing about the mail.
    server_error,

    // Outcome rejected: the service refused.

    /// The service refused without an ErrorCode; the HTTP status is in the receipt.
    http_refused = 200,
};

/// The service's ErrorCodes, by the table of its documentation. Unknown numbers are kept as they are: every integer is
/// a valid value. The message of an error code describes each of them.
enum class api_errc : int {
    ok = 0,
    bad_token = 10,
    multiple_errors = 11,
    bulk_request_not_found = 12,
    invalid_pagination_key = 13,
    bulk_not_approved = 14,
    maintenance = 100,
    unexpected_error = 101,
    invalid_email_request = 300,
    sender_signature_not_found = 400,
    sender_signature_not_confirmed = 401,
    invalid_json = 402,
    invalid_request_field = 403,
    not_allowed_to_send = 405,
    inactive_recipient = 406,
    json_required = 409,
    too_many_batch_messages = 410,
    forbidden_attachment_type = 411,
    account_pending = 412,
    account_may_not_send = 413,
    invalid_server_or_account = 422,
    rate_limit_exceeded = 429,
    sender_query_invalid = 500,
    sender_not_found = 501,
    no_sender_data = 502,
    public_domain_not_allowed = 503,
    sender_exists = 504,
    dkim_renewal_in_progress = 505,
    sender_already_confirmed = 506,
    sender_not_owned = 507,
    dkim_not_renewing = 508,
    domain_not_found = 510,
    invalid_fields = 511,
    domain_exists = 512,
    domain_not_owned = 513,
    domain_name_required = 514,
    domain_name_too_long = 515,
    domain_name_invalid = 516,
    sender_field_required = 520,
    sender_field_too_long = 521,
    sender_field_invalid = 522,
    cname_record_required = 523,
    server_query_invalid = 600,
    server_not_found = 601,
    inbound_domain_in_use = 602,
    server_name_exists = 603,
    server_delete_not_allowed = 604,
    server_delete_failed = 605,
    invalid_hook_url = 606,
    invalid_server_color = 607,
    invalid_server_name = 608,
    no_server_data = 609,
    inbound_mx_missing = 610,
    invalid_spam_threshold = 611,
    invalid_track_links = 612,
    invalid_delivery_type = 613,
    entitlement_limit = 614,
    action_not_supported = 615,
    message_query_invalid = 700,
    message_not_found = 701,
    inbound_bypass_failed = 702,
    inbound_retry_failed = 703,
    dkim_configuration_invalid = 709,
    trigger_query_invalid = 800,
    no_trigger_data = 809,
    inbound_rule_exists = 810,
    inbound_rule_delete_failed = 811,
    inbound_rule_not_found = 812,
    inbound_rule_invalid = 813,
    stats_query_invalid = 900,
    bounce_query_invalid = 1000,
    bounce_not_found = 1001,
    bounce_id_required = 1002,
    bounce_not_activatable = 1003,
    template_query_invalid = 1100,
    template_not_found = 1101,
    template_limit = 1105,
    no_template_data = 1109,
    template_field_required = 1120,
    template_field_too_long = 1121,
    template_field_invalid = 1122,
    template_field_not_allowed = 1123,
    no_templates_to_push = 1124,
    template_type_mismatch = 1125,
    layout_in_use = 1130,
    layout_placeholder_invalid = 1131,
    stream_api_forbidden = 1220,
    stream_type_invalid = 1221,
    stream_id_required = 1222,
    stream_name_required = 1223,
    stream_name_too_long = 1224,
    stream_limit = 1225,
    stream_not_found = 1226,
    stream_id_invalid = 1227,
    inbound_stream_exists = 1228,
    default_stream_not_archivable = 1229,
    stream_id_exists = 1230,
    stream_description_too_long = 1231,
    stream_not_unarchivable = 1232,
    stream_id_prefix_reserved = 1233,
    stream_description_html = 1234,
    stream_unknown_for_send = 1235,
    stream_cannot_send = 1236,
    stream_id_reserved = 1237,
    custom_unsubscribe_forbidden = 1238,
    unsubscribe_handling_unsupported = 1239,
    unsubscribe_handling_invalid = 1240,
    stream_archive_unavailable = 1241,
    data_removal_invalid = 1300,
    data_removal_not_found = 1301,
    data_removal_forbidden = 1302,
    webhook_stream_archived = 1350,
    webhook_stream_inbound = 1351,
    webhook_not_found = 1352,
    webhook_trigger_unsupported = 1353,
    webhook_url_invalid = 1354,
    webhook_body_required = 1355,
    webhook_id_not_allowed = 1356,
    webhook_immutable_field = 1357,
    webhook_header_invalid = 1358,
    webhook_limit = 1359,
    webhook_integration_locked = 1360,
    webhook_field_invalid = 1361,
    webhook_status_invalid = 1362,
    webhook_status_read_only = 1363,
    webhook_verification_failed = 1364,
    suppression_count_invalid = 1400,
    suppression_count_required = 1401,
    suppression_offset_invalid = 1402,
    suppression_offset_required = 1403,
    suppression_reason_invalid = 1404,
    suppression_origin_invalid = 1405,
    suppression_not_authorized = 1406,
    suppression_failed = 1407,
    suppression_address_invalid = 1408,
    suppression_body_required = 1409,
    suppression_limit = 1410,
    suppression_address_required = 1411,
    smtp_token_server_id_required = 1450,
    smtp_token_not_found = 1451,
    smtp_token_body_required = 1452,
    smtp_token_server_not_found = 1453,
    smtp_token_stream_invalid = 1454,
    smtp_token_server_id_invalid = 1455,
    smtp_token_length_invalid = 1456,
    smtp_token_stream_inbound = 1457,
    smtp_token_limit = 1458,
    smtp_token_stream_archived = 1459,
    smtp_token_smtp_disabled = 1460,
    ip_not_authorized = 1480,
    stats_from_too_old = 1500,
    stats_count_invalid = 1501,
    stats_range_invalid = 1502,
};

/// A class of errors, to compare an error code with when the exact cause does not matter.
///
/// `rejected`, `not_sent` and `outcome_unknown` hold exactly for the receipts of those outcomes.
enum class condition : int {
    /// The service refused: the mail was certainly not accepted.
    rejected = 1,
    /// The whole request was never sent: the mail was certainly not accepted.
    not_sent,
    /// The request was sent and no meaningful reply came back: the mail may be accepted or not.
    outcome_unknown,
    /// The service reported that the token is missing, wrong, or of the wrong kind: ErrorCode 10. Does not hold for an
    /// HTTP 401 without an ErrorCode, which is `errc::http_refused`, nor for a token that is not set.
    unauthorized,
    /// The same call may succeed later and cannot send twice: HTTP 429, ErrorCode 100, and `not_sent` by a cause that
    /// may pass (`queue_full`, `resolve_failed`, `connect_failed`, `handshake_failed`, `write_failed`,
    /// `timed_out_before_sent`). This is about one message: the error of a batch is that of one of its messages only.
    retryable,
};

/// The category of `errc`. The reference is valid until the program ends.
[[nodiscard]] boost::system::error_category const& error_category() noexcept;

/// The category of `api_errc`. The reference is valid until the program ends.
[[nodiscard]] boost::system::error_category const& api_category() noexcept;

/// The category of `condition`. The reference is valid until the program ends.
[[nodiscard]] boost::system::error_category const& condition_category() noexcept;

/// The error code of an `errc`; `error_code code = errc::queue_full;` uses it.
[[nodiscard]] inline error_code make_error_code(errc value) noexcept
{
    return {static_cast<int>(value), error_category()};
}

/// The error code of an ErrorCode of the service.
[[nodiscard]] inline error_code make_error_code(api_errc value) noexcept
{
    return {static_cast<int>(value), api_category()};
}

/// The error condition of a `condition`; `code == condition::retryable` uses it.
[[nodiscard]] inline boost::system::error_condition make_error_condition(condition value) noexcept
{
    return {static_cast<int>(value), condition_category()};
}

} // namespace postmark

namespace boost::system {

template <>
struct is_error_code_enum<postmark::errc> : std::true_type {};

template <>
struct is_error_code_enum<postmark::api_errc> : std::true_type {};

template <>
struct is_error_condition_enum<postmark::condition> : std::true_type {};

} // namespace boost::system

#endif

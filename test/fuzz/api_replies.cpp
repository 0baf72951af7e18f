// SPDX-License-Identifier: BSL-1.0

#include "fuzz.hpp"
#include "protocol/json_document.hpp"
#include "protocol/message_schema.hpp"
#include "protocol/read_api_reply.hpp"
#include "protocol/schema.hpp"

#include <postmark/api.hpp>
#include <postmark/api/acknowledgement.hpp>

#include <array>
#include <sstream>

using namespace postmark;
using fuzz::require;

namespace {

constexpr std::size_t max_elements = 20;

/// The checks of one described type.
struct described_type {
    void (*check)(unsigned status, std::string_view body, bool json);
};

template <class T>
std::string printed(T const& value)
{
    std::ostringstream stream;
    protocol::print(stream, T::describe(), &value);
    return stream.str();
}

/// Reads a body as a reply of the type, by itself and with the members that every reply has.
template <class Reply>
void check_reply(unsigned status, std::string_view body, bool json)
{
    Reply alone;
    protocol::read_state state;
    state.max_elements = max_elements;
    std::string problem;
    bool const readable = protocol::read(Reply::describe(), body, &alone, problem, state);
    require(readable == problem.empty());
    require(json || !readable);

    Reply reply;
    auto const error = protocol::read_api_reply(status, body, reply, Reply::describe(), &reply, max_elements);
    require(reply.http_status == status);
    require(!error == (status == 200 && reply.api_code == 0 && readable));
    require(!error || !reply.detail.empty());
    require((error == condition::rejected) != (!error || error == condition::outcome_unknown));
    if (readable) {
        // The value prints without control characters, and a copy is equal to it.
        for (char const byte : printed(alone)) {
            require(static_cast<unsigned char>(byte) >= ' ');
        }
        Reply const copy{alone};
        require(copy == alone);
    }
    if (!error) {
        // Both ways to read give the same value, except for the members that every reply has.
        static_cast<api_reply&>(alone) = reply;
        require(alone == reply);
    }
}

/// The reply to a search is interpreted by a function of its own.
void check_search(unsigned status, std::string_view body, bool json)
{
    reconciliation reply;
    find_stamped{"stamp"}.expect(reply);
    bool asked = false;
    bool readable = false;
    auto const error = protocol::read_api_reply(status, body, reply, [&](std::string_view text, std::string& problem) {
        asked = true;
        readable = reply.read(text, problem);
        require(readable == problem.empty());
        return readable;
    });
    require(json || !readable);
    require(reply.found == !reply.message_id.empty());
    require(asked == (status == 200 && reply.api_code == 0));
    require(!error == readable);
}

/// A body that a described type could be read from is written as JSON from which the same value is read.
void check_message(unsigned, std::string_view body, bool)
{
    message first;
    protocol::read_state state;
    state.strict = true;
    std::string problem;
    if (!protocol::read(protocol::message_schema(), body, &first, problem, state)) {
        require(!problem.empty());
        return;
    }
    protocol::byte_buffer written;
    protocol::write(written, protocol::message_schema(), &first);
    message second;
    require(protocol::read(protocol::message_schema(), written.view(), &second, problem, state));
    protocol::byte_buffer again;
    protocol::write(again, protocol::message_schema(), &second);
    require(written.view() == again.view());
}

constexpr auto types = std::to_array<described_type>({
    {check_reply<acknowledgement>},
    {check_reply<activate_bounce_reply>},
    {check_reply<archived_message_stream_reply>},
    {check_reply<bounce_dump_reply>},
    {check_reply<bounce_reply>},
    {check_reply<bounce_tags_reply>},
    {check_reply<bounces_reply>},
    {check_reply<bulk_request_reply>},
    {check_reply<bulk_requests_reply>},
    {check_reply<click_counts_reply>},
    {check_reply<click_locations_reply>},
    {check_reply<data_removal_reply>},
    {check_reply<delivery_stats_reply>},
    {check_reply<domain_reply>},
    {check_reply<domain_spf_reply>},
    {check_reply<domains_reply>},
    {check_reply<email_open_counts_reply>},
    {check_reply<inbound_message_details_reply>},
    {check_reply<inbound_messages_reply>},
    {check_reply<inbound_rule_reply>},
    {check_reply<inbound_rules_reply>},
    {check_reply<message_clicks_reply>},
    {check_reply<message_dump_reply>},
    {check_reply<message_opens_reply>},
    {check_reply<message_stream_reply>},
    {check_reply<message_streams_reply>},
    {check_reply<named_counts_reply>},
    {check_reply<outbound_message_details_reply>},
    {check_reply<outbound_messages_reply>},
    {check_reply<outbound_overview_reply>},
    {check_reply<platforms_reply>},
    {check_reply<pushed_templates_reply>},
    {check_reply<sender_signature_reply>},
    {check_reply<sender_signatures_reply>},
    {check_reply<sent_counts_reply>},
    {check_reply<server_reply>},
    {check_reply<servers_reply>},
    {check_reply<spam_complaint_counts_reply>},
    {check_reply<suppression_changes_reply>},
    {check_reply<suppressions_reply>},
    {check_reply<template_info_reply>},
    {check_reply<template_reply>},
    {check_reply<template_validation_reply>},
    {check_reply<templates_reply>},
    {check_reply<tracked_email_counts_reply>},
    {check_reply<webhook_reply>},
    {check_reply<webhook_statistics_reply>},
    {check_reply<webhook_verification_reply>},
    {check_reply<webhooks_reply>},
    {check_search},
    {check_message},
});

} // namespace

// The input: the HTTP status on a line, then the body, which is read as every type.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto body = fuzz::as_text(data, size);
    auto line = fuzz::take_line(body);
    unsigned const status = fuzz::take_status(line);
    bool const json = protocol::json_document{body}.value() != nullptr;
    for (auto const& type : types) {
        type.check(status, body, json);
    }
    return 0;
}

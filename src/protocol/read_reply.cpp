// SPDX-License-Identifier: BSL-1.0

#include "protocol/read_reply.hpp"

#include "model/text.hpp"
#include "protocol/reply_reader.hpp"
#include "protocol/reply_rules.hpp"

#include <string>
#include <utility>

namespace postmark::protocol {

reply_class read_send_reply(unsigned http_status, std::string_view body, receipt& result)
{
    reply_fields fields;
    body_kind const kind = read_object(http_status, body, result, fields);
    if (http_status == 200) {
        switch (kind) {
        case body_kind::as_expected:
            return classify(result, fields);
        case body_kind::wrong_type:
            set_unknown(result, errc::malformed_reply, "the reply is not a JSON object");
            break;
        case body_kind::incomplete:
            set_unknown(result, errc::malformed_reply, body.empty() ? "the reply is empty" : "the reply is cut short");
            break;
        case body_kind::not_json:
            set_unknown(result, errc::malformed_reply, "the reply is not JSON");
            break;
        }
        return reply_class::unknown;
    }

    result.api_code = fields.code;
    postmark::error_code const error = refusal_of(http_status, fields.code);
    explain(result.detail, http_status, body);
    if (error == make_error_code(errc::server_error)) {
        std::string const detail = std::move(result.detail);
        set_unknown(result, errc::server_error, detail);
        return reply_class::unknown;
    }
    set_rejected(result, error);
    return should_wait(http_status, fields.code) ? reply_class::retry_later : reply_class::refused;
}

reply_class read_batch_reply(unsigned http_status, std::string_view body, std::span<receipt* const> receipts)
{
    auto const all_unknown = [&](errc error, std::string_view cause) {
        for (receipt* const result : receipts) {
            set_unknown(*result, error, cause);
            result->api_code = 0;
            result->http_status = http_status;
        }
        return reply_class::unknown;
    };

    if (http_status == 200) {
        reply_items const items = read_items(http_status, body, receipts);
        switch (items.kind) {
        case body_kind::wrong_type:
            return all_unknown(errc::malformed_reply, "the reply to a batch is not a JSON array");
        case body_kind::incomplete:
            return all_unknown(errc::malformed_reply, "the reply to a batch is cut short");
        case body_kind::not_json:
            return all_unknown(errc::malformed_reply, "the reply to a batch is not JSON");
        case body_kind::as_expected:
            break;
        }
        if (items.count != receipts.size()) {
            return all_unknown(errc::item_count_mismatch, "the reply has " + std::to_string(items.count) +
                                                              " items for " + std::to_string(receipts.size()) +
                                                              " messages");
        }
        return reply_class::accepted;
    }

    receipt whole;
    reply_class const found = read_send_reply(http_status, body, whole);
    for (receipt* const result : receipts) {
        reset(*result, http_status);
        result->outcome = whole.outcome;
        result->error = whole.error;
        result->api_code = whole.api_code;
        result->detail = whole.detail;
        result->suppressed = whole.suppressed;
    }
    return found == reply_class::refused && worth_splitting(http_status, whole.api_code) ? reply_class::split : found;
}

} // namespace postmark::protocol

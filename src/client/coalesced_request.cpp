// SPDX-License-Identifier: BSL-1.0

#include "client/coalesced_request.hpp"

#include "client/reply_status.hpp"
#include "protocol/read_reply.hpp"

namespace postmark::detail {

void coalesced_request::write(protocol::request_bytes& request, call_setup const& setup,
                              std::span<scheduler::call* const> calls)
{
    bool const templated = calls.front()->terms.shares == shares_templated;
    auto const endpoint = templated ? send_endpoint::template_batch : send_endpoint::plain_batch;
    std::string_view const head = setup.head_of(endpoint);

    std::size_t size = opening_of(endpoint).size() + closing_of(endpoint).size();
    for (scheduler::call* const each : calls) {
        size += static_cast<mail_operation*>(each)->message_json().size() + 1;
    }
    request.begin(head.size() + protocol::request_bytes::length_reserve, size);
    protocol::byte_buffer& body = request.body();
    body.append(opening_of(endpoint));
    bool first = true;
    for (scheduler::call* const each : calls) {
        if (!std::exchange(first, false)) {
            body.append(",");
        }
        body.append(static_cast<mail_operation*>(each)->message_json());
    }
    body.append(closing_of(endpoint));
    request.finish(head);
}

std::span<scheduler::reply_status const> coalesced_request::read(transport::reply const& said,
                                                                 std::span<scheduler::call* const> calls)
{
    // Whoever did not wait has nowhere to read into.
    receipt nobodys;
    receipts_.clear();
    for (scheduler::call* const each : calls) {
        receipts_.push_back(each == nullptr ? &nobodys : &static_cast<mail_operation*>(each)->answer());
    }

    verdicts_.clear();
    protocol::reply_class const whole = protocol::read_batch_reply(said.status, said.body, receipts_);
    if (whole == protocol::reply_class::accepted) {
        for (receipt const* const each : receipts_) {
            verdicts_.push_back(reply_status_of(item_class(*each), each->error, said));
        }
    } else {
        verdicts_.push_back(reply_status_of(whole, receipts_.front()->error, said));
    }
    return verdicts_;
}

} // namespace postmark::detail

// SPDX-License-Identifier: BSL-1.0

#include "client/coalesced_request.hpp"

#include "client/batch_body.hpp"
#include "client/reply_status.hpp"
#include "protocol/read_reply.hpp"

#include <boost/assert.hpp>

namespace postmark::detail {

namespace {

/// A call of a request that several calls share. The scheduler joins only calls with a coalesce group, which single
/// sends alone have.
coalescible_send& coalescible(scheduler::call& call)
{
    coalescible_send* const send = operation::of(call).as_coalescible();
    BOOST_ASSERT(send != nullptr);
    return *send;
}

} // namespace

coalesced_request::contents coalesced_request::write(std::span<scheduler::call* const> calls,
                                                     protocol::request_bytes& buffer, call_setup const& setup)
{
    operation& first = operation::of(*calls.front());
    if (calls.size() == 1) {
        return {first.prepare(buffer), first.reply_limit, first.reply_timeout};
    }
    bool const templated = first.policy.coalesce_group == template_group;
    auto const endpoint = templated ? send_endpoint::template_batch : send_endpoint::plain_batch;
    std::size_t size = 0;
    for (scheduler::call* const call : calls) {
        size += coalescible(*call).message_json().size() + 1;
    }
    batch_body body{buffer, endpoint, setup.head_of(endpoint), size};
    for (scheduler::call* const call : calls) {
        body.append(coalescible(*call).message_json());
    }
    body.finish();
    call_limits const limits = setup.limits_of(call_kind::batch_chunk);
    return {buffer.view(), limits.reply_bytes, limits.reply_timeout};
}

std::span<scheduler::reply_status const> coalesced_request::read(transport::reply const& reply,
                                                                 std::span<scheduler::call* const> calls)
{
    statuses_.clear();
    if (calls.size() == 1) {
        statuses_.push_back(operation::of(*calls.front()).interpret(reply));
    } else {
        read_batch(reply, calls);
    }
    return statuses_;
}

void coalesced_request::read_batch(transport::reply const& reply, std::span<scheduler::call* const> calls)
{
    // Takes what the reply says of calls that were cancelled.
    receipt ignored;
    receipts_.clear();
    for (scheduler::call* const call : calls) {
        receipts_.push_back(call == nullptr ? &ignored : &coalescible(*call).reply_receipt());
    }
    auto const whole = protocol::read_batch_reply(reply.status, reply.body, receipts_);
    if (whole != protocol::reply_class::accepted) {
        statuses_.push_back(reply_status_of(whole, receipts_.front()->error, receipts_.front()->api_code, reply));
        return;
    }
    for (receipt const* const result : receipts_) {
        statuses_.push_back(reply_status_of(item_class(*result), result->error, result->api_code, reply));
    }
}

} // namespace postmark::detail

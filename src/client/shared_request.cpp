#include "client/shared_request.hpp"

#include "call/answer.hpp"
#include "call/answer_rules.hpp"
#include "client/verdict.hpp"

namespace postmark::detail {

void shared_request::write(call::request_bytes& request, call_setup const& setup,
                           std::span<dispatch::call* const> calls)
{
    bool const templated = calls.front()->terms.shares == shares_templated;
    auto const endpoint = templated ? send_endpoint::template_batch : send_endpoint::plain_batch;
    std::string_view const head = setup.head_of(endpoint);

    std::size_t size = opening_of(endpoint).size() + closing_of(endpoint).size();
    for (dispatch::call* const each : calls)
        size += static_cast<mail_operation*>(each)->message_json().size() + 1;
    request.begin(head.size() + call::request_bytes::length_room, size);
    call::byte_buffer& body = request.body();
    body.append(opening_of(endpoint));
    bool first = true;
    for (dispatch::call* const each : calls) {
        if (!std::exchange(first, false))
            body.append(",");
        body.append(static_cast<mail_operation*>(each)->message_json());
    }
    body.append(closing_of(endpoint));
    request.finish(head);
}

std::span<dispatch::verdict const> shared_request::read(transport::reply const& said,
                                                        std::span<dispatch::call* const> calls)
{
    // Whoever did not wait has nowhere to read into.
    receipt nobodys;
    receipts_.clear();
    for (dispatch::call* const each : calls)
        receipts_.push_back(each == nullptr ? &nobodys : &static_cast<mail_operation*>(each)->answer());

    verdicts_.clear();
    switch (call::read_batch_answer(said.status, said.body, receipts_)) {
    case call::batch_answer::items:
        for (receipt const* const each : receipts_)
            verdicts_.push_back(verdict_of(*each, said));
        break;
    case call::batch_answer::refused:
        if (call::worth_splitting(said.status, receipts_.front()->error_code)) {
            verdicts_.push_back({.what = dispatch::verdict::kind::divide});
            break;
        }
        [[fallthrough]];
    case call::batch_answer::unknown:
        verdicts_.push_back(verdict_of(*receipts_.front(), said));
        break;
    }
    return verdicts_;
}

} // namespace postmark::detail

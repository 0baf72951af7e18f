// SPDX-License-Identifier: BSL-1.0

#include "client/batch_body.hpp"

#include <utility>

namespace postmark::detail {

namespace {

/// What the body holds before and after the messages.
std::string_view opening_of(send_endpoint endpoint) noexcept
{
    return endpoint == send_endpoint::template_batch ? R"({"Messages":[)" : "[";
}

std::string_view closing_of(send_endpoint endpoint) noexcept
{
    return endpoint == send_endpoint::template_batch ? "]}" : "]";
}

} // namespace

batch_body::batch_body(protocol::request_bytes& request, send_endpoint endpoint, std::string_view head,
                       std::size_t expected_size)
    : request_{request}
    , endpoint_{endpoint}
    , head_{head}
{
    std::string_view const opening = opening_of(endpoint);
    request_.begin(head.size() + protocol::request_bytes::length_reserve,
                   expected_size + opening.size() + closing_of(endpoint).size());
    request_.body().append(opening);
}

std::size_t batch_body::first_begin(send_endpoint endpoint) noexcept
{
    return opening_of(endpoint).size();
}

protocol::byte_buffer& batch_body::begin_item()
{
    protocol::byte_buffer& body = request_.body();
    before_last_ = body.size();
    if (!std::exchange(empty_, false)) {
        body.push_back(',');
    }
    return body;
}

void batch_body::append(std::string_view json)
{
    begin_item().append(json);
}

void batch_body::remove_last()
{
    request_.body().truncate(before_last_);
}

void batch_body::finish()
{
    request_.body().append(closing_of(endpoint_));
    request_.finish(head_);
}

} // namespace postmark::detail

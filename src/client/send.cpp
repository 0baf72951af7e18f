// SPDX-License-Identifier: BSL-1.0

#include "client/bound_handler.hpp"
#include "client/coalesced_request.hpp"
#include "client/engine.hpp"
#include "client/reply_status.hpp"
#include "protocol/message_writer.hpp"
#include "protocol/read_reply.hpp"
#include "protocol/request_bytes.hpp"

#include <boost/assert.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace postmark::detail {

namespace {

/// Buffers larger than this are freed with their send.
constexpr std::size_t max_kept_request = 16 * 1024;

/// Bodies up to this size are stored without a head, and copied after one when they are sent.
constexpr std::size_t max_copied_body = 4 * 1024;

/// The texts of a receipt that is larger than this are freed with it.
constexpr std::size_t max_kept_receipt = 512;

/// Whether a receipt may be kept for another send, for the memory of its texts. Stamp and stream are in the request as
/// well, which is limited by itself.
bool is_small(receipt const& value) noexcept
{
    std::size_t const texts = value.message_id.capacity() + value.to.capacity() + value.detail.capacity();
    return texts <= max_kept_receipt && value.suppressed.capacity() == 0;
}

/// A single send. When it has completed it may be used for another one, which saves allocating its memory.
class send_operation final : public coalescible_send {
public:
    /// Takes one from the cache, or makes it.
    [[nodiscard]] static std::unique_ptr<send_operation> acquire(operation_cache& cache)
    {
        if (std::unique_ptr<operation> cached = cache.acquire_send()) {
            // The cache holds nothing else.
            BOOST_ASSERT(dynamic_cast<send_operation*>(cached.get()) != nullptr);
            return std::unique_ptr<send_operation>{static_cast<send_operation*>(cached.release())};
        }
        return std::make_unique<send_operation>();
    }

    /// Makes it ready for a send, whatever it was used for before.
    void start(engine& owner, bool same_executor, send_handler&& handler)
    {
        reset();
        submitted_at = {};
        owner_ = &owner;
        handler_.emplace(std::move(handler), same_executor, owner.get_executor());
        if (result_) {
            // A reply replaces all other fields.
            result_->stamp.clear();
            result_->message_stream.clear();
        }
    }

    void write(call_setup& setup, message const& msg, call_options const& options)
    {
        std::string stamp = setup.make_stamp(msg);
        std::string storage;
        endpoint_ = msg.uses_template() ? send_endpoint::templated : send_endpoint::plain;
        std::string_view const head = setup.head_of(endpoint_, options, storage);
        std::size_t const size = postmark::protocol::expected_size(msg, setup.defaults(), stamp);
        // Many calls may wait, and a coalesced request needs one head only. A long body is not worth copying.
        writes_head_late_ = storage.empty() && size <= max_copied_body;
        request_.begin(writes_head_late_ ? 0 : head.size() + postmark::protocol::request_bytes::length_reserve, size);
        postmark::protocol::write_message(request_.body(), msg, setup.defaults(), stamp);
        if (!writes_head_late_) {
            request_.finish(head);
        }
        if (!stamp.empty()) {
            reply_receipt().stamp = std::move(stamp);
            reply_receipt().message_stream = msg.message_stream;
        }
    }

    [[nodiscard]] std::size_t memory() const noexcept { return request_.memory(); }
    [[nodiscard]] bound_handler<send_handler>& handler() noexcept { return *handler_; }

    std::string_view prepare(postmark::protocol::request_bytes& buffer) override
    {
        if (!writes_head_late_) {
            return request_.view();
        }
        std::string_view const head = owner_->setup().head_of(endpoint_);
        buffer.begin(head.size() + postmark::protocol::request_bytes::length_reserve, request_.body_view().size());
        buffer.body().append(request_.body_view());
        buffer.finish(head);
        return buffer.view();
    }

    std::string_view message_json() const noexcept override { return request_.body_view(); }

    receipt& reply_receipt() override
    {
        if (!result_) {
            result_ = std::make_unique<receipt>();
        }
        return *result_;
    }

    scheduler::reply_status interpret(transport::reply const& reply) override
    {
        auto const reply_class = postmark::protocol::read_send_reply(reply.status, reply.body, reply_receipt());
        return reply_status_of(reply_class, result_->error, result_->api_code, reply);
    }

    void fail(errc error, std::string const& detail) override
    {
        // Out of memory: without a receipt, `complete` makes one from `ended()`.
        if (result_ || !detail.empty() || !ended().error) {
            fail_receipt(reply_receipt(), error, detail);
        }
    }

    error_code result() const noexcept override { return result_ ? result_->error : error_code{*ended().error}; }

    void complete(std::unique_ptr<operation> self) override
    {
        bound_handler<send_handler>& handler = *handler_;
        if (result_) {
            error_code const error = result_->error;
            std::move(handler)(error, std::move(*result_));
        } else {
            receipt failed;
            fail_receipt(failed, *ended().error, {});
            error_code const error = failed.error;
            std::move(handler)(error, std::move(failed));
        }
        recycle(std::move(self));
    }

private:
    /// Keeps this operation for another send, with the memory of the texts that the handler left in the receipt.
    void recycle(std::unique_ptr<operation> self)
    {
        handler_.reset();
        if (result_ && !is_small(*result_)) {
            result_.reset();
        }
        if (request_.memory() <= max_kept_request) {
            owner_->operations().release_send(std::move(self));
        }
    }

    engine* owner_ = nullptr;
    /// Constructed in place: a type-erased handler cannot be assigned to.
    std::optional<bound_handler<send_handler>> handler_;
    /// The whole request, or its body alone.
    postmark::protocol::request_bytes request_;
    send_endpoint endpoint_{};
    /// The head is written when the request is sent.
    bool writes_head_late_ = false;
    /// Made when there is something to store: many calls may wait, and a receipt is larger than all else that they
    /// hold.
    std::unique_ptr<receipt> result_;
};

} // namespace

void start_send(std::shared_ptr<engine> const& client, message&& msg, call_options&& options, bool same_executor,
                send_handler&& handler)
{
    call_setup& setup = client->setup();
    auto op = send_operation::acquire(client->operations());
    op->start(*client, same_executor, std::move(handler));
    input_error error = client->check(options, token_kind::server);
    if (!error) {
        error = setup.check(msg);
    }
    if (error) {
        op->fail(error.error, error.text);
        return client->complete_later(std::move(op));
    }

    op->write(setup, msg, options);
    // The clock is read once, since that is not free, and after what takes time: a request whose deadline has passed
    // must not be sent.
    auto const now = scheduler::clock::now();
    setup.prepare(*op, call_kind::single_send, options, token_kind::server, now);
    op->policy.bytes = op->memory();
    if (setup.may_coalesce(options)) {
        op->policy.coalesce_group = msg.uses_template() ? template_group : plain_group;
    }
    // The message is in the request now: a long one need not exist twice while it waits. After `submit` it is not
    // touched, since the handler may own it.
    if (!is_small(msg)) {
        msg = {};
    }
    auto& bound = op->handler();
    submit_cancellable(client, std::move(op), bound, now);
}

} // namespace postmark::detail

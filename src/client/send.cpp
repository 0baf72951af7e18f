// SPDX-License-Identifier: BSL-1.0

#include "client/coalesced_request.hpp"
#include "client/engine.hpp"
#include "client/reply_status.hpp"
#include "protocol/message_writer.hpp"
#include "protocol/read_reply.hpp"
#include "protocol/request_bytes.hpp"
#include "scheduler/outcome.hpp"

#include <memory>
#include <optional>
#include <utility>

namespace postmark::detail {

namespace {

/// Buffers larger than this do not stay with a send that is over.
constexpr std::size_t kept_request = 16 * 1024;

/// Bodies up to this size are copied behind their head when they leave.
constexpr std::size_t most_copied = 4 * 1024;

/// A single send. It may be used again for another one when it is over, which saves allocating its memory.
class send_operation final : public mail_operation {
public:
    /// Begins, over.
    void begin(engine& owner, bool at_home, send_handler&& handler)
    {
        renew();
        submitted_at = {};
        owner_ = &owner;
        handler_.emplace(std::move(handler), at_home, owner.home());
        // What the last one left, as far as an answer does not replace it.
        if (result_) {
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
        // Many may wait, and a request that is shared needs one head only. Where the body is long, copying it costs more.
        head_follows_ = storage.empty() && size <= most_copied;
        request_.begin(head_follows_ ? 0 : head.size() + postmark::protocol::request_bytes::length_reserve, size);
        postmark::protocol::write_message(request_.body(), msg, setup.defaults(), stamp);
        if (!head_follows_) {
            request_.finish(head);
        }
        if (!stamp.empty()) {
            answer().stamp = std::move(stamp);
            answer().message_stream = msg.message_stream;
        }
    }

    [[nodiscard]] std::size_t memory() const noexcept { return request_.memory(); }
    [[nodiscard]] caller<send_handler>& handler() noexcept { return *handler_; }

    std::string_view prepare(postmark::protocol::request_bytes& room) override
    {
        if (!head_follows_) {
            return request_.view();
        }
        std::string_view const head = owner_->setup().head_of(endpoint_);
        room.begin(head.size() + postmark::protocol::request_bytes::length_reserve, request_.body_view().size());
        room.body().append(request_.body_view());
        room.finish(head);
        return room.view();
    }

    std::string_view message_json() const noexcept override { return request_.body_view(); }

    receipt& answer() override
    {
        if (!result_) {
            result_ = std::make_unique<receipt>();
        }
        return *result_;
    }

    scheduler::reply_status interpret(transport::reply const& said) override
    {
        auto const found = postmark::protocol::read_send_reply(said.status, said.body, answer());
        return reply_status_of(found, result_->error, said);
    }

    void fail(errc error, std::string const& detail) override
    {
        // One that has no receipt yet makes do without, if it must: how it ended is known all the same.
        if (result_ || !detail.empty() || !ended().error) {
            fail_receipt(answer(), error, detail);
        }
    }

    error_code result() const noexcept override { return result_ ? result_->error : error_code{*ended().error}; }

    void complete(std::unique_ptr<operation> self) override
    {
        caller<send_handler> handler{std::move(*handler_)};
        receipt result{result_ ? std::move(*result_) : receipt{}};
        if (!result_) {
            fail_receipt(result, *ended().error, {});
        }
        error_code const error = result.error;
        // Before the handler is called, which may send again.
        recycle(std::move(self));
        caller<send_handler>::call(std::move(handler), error, std::move(result));
    }

private:
    void recycle(std::unique_ptr<operation> self)
    {
        handler_.reset();
        if (request_.memory() > kept_request) {
            return;
        }
        owner_->spare().keep_send(std::move(self));
    }

    engine* owner_ = nullptr;
    /// Constructed in place: an erased handler cannot be assigned to.
    std::optional<caller<send_handler>> handler_;
    /// The whole request, or its body alone.
    postmark::protocol::request_bytes request_;
    send_endpoint endpoint_{};
    /// The head is written when the request leaves.
    bool head_follows_ = false;
    /// Not there before there is something to say: many calls may wait, and a receipt is larger than all else that they hold.
    std::unique_ptr<receipt> result_;
};

} // namespace

void start_send(std::shared_ptr<engine> const& client, message&& msg, call_options&& options, bool at_home,
                send_handler&& handler)
{
    std::unique_ptr<send_operation> subject;
    if (auto spare = client->spare().take_send()) {
        subject.reset(static_cast<send_operation*>(spare.release()));
    } else {
        subject = std::make_unique<send_operation>();
    }
    subject->begin(*client, at_home, std::move(handler));
    refusal refused = client->check(options, token_kind::server);
    if (!refused) {
        refused = client->setup().check(msg);
    }
    if (refused) {
        subject->fail(refused.error, refused.detail);
        return client->complete_later(std::move(subject));
    }

    call_setup& setup = client->setup();
    subject->write(setup, msg, options);
    // Read once, since that costs more than it seems, and after what takes time: a request whose deadline has passed must not
    // leave.
    auto const now = scheduler::clock::now();
    subject->terms = setup.terms_of(options, client->settings().timeouts.call, token_kind::server, now);
    subject->terms.bytes = subject->memory();
    if (setup.may_share(options)) {
        subject->terms.shares = msg.uses_template() ? shares_templated : shares_plain;
    }
    subject->reply_limit = client->settings().limits.reply_bytes;
    subject->reply_timeout = client->settings().timeouts.reply;
    // The message is in the request now; a long one need not be there twice while it waits.
    if (!is_small(msg)) {
        msg = {};
    }

    cancel_call* const cancelled = subject->handler().when_cancelled(cancel_call{client->weak_from_this()});
    client->submit(std::move(subject), now, false, [&](scheduler::call::key place) {
        if (cancelled != nullptr) {
            cancelled->place = place;
        }
    });
}

} // namespace postmark::detail

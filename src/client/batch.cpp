// SPDX-License-Identifier: BSL-1.0

#include "client/batch_body.hpp"
#include "client/batch_plan.hpp"
#include "client/bound_handler.hpp"
#include "client/engine.hpp"
#include "client/operation.hpp"
#include "client/reply_status.hpp"
#include "protocol/message_writer.hpp"
#include "protocol/read_reply.hpp"
#include "protocol/reply_rules.hpp"
#include "scheduler/request_limits.hpp"

#include <boost/container/static_vector.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace postmark::detail {

namespace {

constexpr std::size_t max_chunks_in_flight = 2;

bool is_forced(boost::asio::cancellation_type type) noexcept
{
    using boost::asio::cancellation_type;
    return (type & (cancellation_type::partial | cancellation_type::terminal)) != cancellation_type::none;
}

class chunk_operation;

/// The life of a batch: any number of messages, sent in chunks, with one receipt each.
///
/// A message is serialised when a connection is free for it, so that the queue holds almost nothing of a waiting batch.
/// The batch's mutex is never held while the engine runs, so that writing a large request delays this batch alone.
class batch : public std::enable_shared_from_this<batch> {
public:
    batch(std::shared_ptr<engine> owner, std::vector<message>&& messages, call_options&& options,
          bound_handler<batch_handler>&& handler)
        : engine_{std::move(owner)}
        , messages_{std::move(messages)}
        , receipts_{messages_.size()}
        , plan_{messages_.size()}
        , options_{std::move(options)}
        , handler_{std::move(handler)}
    {
    }

    ~batch();
    batch(batch const&) = delete;
    batch& operator=(batch const&) = delete;

    void start();

    // Called by its chunks.
    [[nodiscard]] receipt& receipt_of(message_index message) noexcept { return receipts_[message]; }
    /// A connection is free: writes as many messages as fit into one request.
    void fill(chunk_operation& chunk);
    /// A chunk ended before it had taken its messages.
    void fail_ticket(send_endpoint endpoint, errc error, std::string const& detail);
    void chunk_ended(chunk_operation& chunk);

private:
    /// A chunk that was registered and has not ended.
    struct chunk_entry {
        chunk_operation const* chunk = nullptr;
        scheduler::call::key_type key{};
    };
    using lock = std::unique_lock<std::mutex>;
    using ready_chunks = boost::container::static_vector<std::unique_ptr<operation>, max_chunks_in_flight>;

    void cancel(boost::asio::cancellation_type type);
    [[nodiscard]] ready_chunks register_chunks();
    void submit_chunks();
    [[nodiscard]] batch_chunk write_chunk(send_endpoint endpoint);
    void release_messages(std::span<message_index const> written);
    void drop_unsent(errc error, std::string const& detail) noexcept;
    void drop_unsent(errc error) noexcept;
    void split(chunk_operation const& chunk) noexcept;
    [[nodiscard]] bool split_in_halves(batch_chunk const& refused) noexcept;
    [[nodiscard]] bool is_complete();
    void complete();

    std::shared_ptr<engine> engine_;
    std::mutex mutex_;
    std::vector<message> messages_;
    std::vector<receipt> receipts_;
    batch_plan plan_;
    call_options options_;
    bound_handler<batch_handler> handler_;
    boost::container::static_vector<chunk_entry, max_chunks_in_flight> in_flight_;
    /// How often the client had cancelled everything when this batch began.
    std::uint64_t cancellations_ = 0;
    std::optional<engine::work_id> work_;
    bool complete_ = false;
};

/// One request of a batch.
class chunk_operation final : public operation {
public:
    chunk_operation(std::shared_ptr<batch> owner, batch_chunk&& chunk) noexcept
        : content{std::move(chunk)}
        , batch_{std::move(owner)}
    {
    }

    std::string_view prepare(postmark::protocol::request_bytes&) override
    {
        if (content.members.empty()) {
            batch_->fill(*this);
        }
        return content.request.view();
    }

    scheduler::reply_status interpret(transport::reply const& received) override
    {
        std::vector<receipt*> receipts;
        receipts.reserve(content.members.size());
        for (message_index const member : content.members) {
            receipts.push_back(&batch_->receipt_of(member));
        }
        using postmark::protocol::reply_class;
        reply = postmark::protocol::read_batch_reply(received.status, received.body, receipts);
        if (reply == reply_class::accepted && maybe_accepted()) {
            // A refusal now does not mean that an earlier attempt was refused.
            for (receipt* const one : receipts) {
                if (one->outcome == outcome::rejected) {
                    fail_receipt(*one, unknown_error(), error_code{unknown_error()}.message());
                }
            }
        }
        // This call ends with the refusal; its parts are calls of their own.
        auto const status = reply == reply_class::split ? reply_class::refused : *reply;
        return reply_status_of(status, receipts.front()->error, receipts.front()->api_code, received);
    }

    void fail(errc error, std::string const& detail) override
    {
        failure = error;
        reply.reset();
        if (content.members.empty()) {
            return batch_->fail_ticket(content.endpoint, error, detail);
        }
        for (message_index const member : content.members) {
            fail_receipt(batch_->receipt_of(member), error, detail);
        }
    }

    error_code result() const noexcept override
    {
        if (failure) {
            return *failure;
        }
        if (content.members.empty() || reply == postmark::protocol::reply_class::accepted) {
            return {};
        }
        return batch_->receipt_of(content.members.front()).error;
    }

    void complete(std::unique_ptr<operation>) override { batch_->chunk_ended(*this); }

    batch_chunk content;
    /// The class of the last reply; empty if the chunk ended without one.
    std::optional<postmark::protocol::reply_class> reply;
    std::optional<errc> failure;

private:
    std::shared_ptr<batch> batch_;
};

void batch::start()
{
    cancellations_ = engine_->cancellations();
    work_ = engine_->add_work();
    input_error refused = engine_->check(options_, token_kind::server);
    if (!refused && !work_) {
        refused = {errc::client_closed, error_code{errc::client_closed}.message()};
    }
    for (std::size_t index = 0; index != messages_.size(); ++index) {
        input_error const error = refused ? refused : engine_->setup().check(messages_[index]);
        if (error) {
            fail_receipt(receipts_[index], error.error, error.text);
        } else {
            plan_.add(static_cast<message_index>(index), messages_[index].uses_template());
        }
    }
    handler_.on_cancel([weak = weak_from_this()](boost::asio::cancellation_type type) {
        if (auto const self = weak.lock()) {
            self->cancel(type);
        }
    });
    submit_chunks();
    if (is_complete()) {
        engine_->post([self = shared_from_this()] { self->complete(); });
    }
}

/// The work was counted: it is uncounted on every path, also where the handler was never called for want of memory.
batch::~batch()
{
    if (work_) {
        engine_->remove_work(*work_);
    }
}

/// Whether every message has its receipt; true once.
bool batch::is_complete()
{
    lock const guard{mutex_};
    return in_flight_.empty() && !std::exchange(complete_, true);
}

/// Makes chunks for the messages that are left, up to the number that may be in flight, and makes them known.
batch::ready_chunks batch::register_chunks()
{
    lock const guard{mutex_};
    // `client::cancel` was called: stop submitting.
    if (engine_->cancellations() != cancellations_) {
        drop_unsent(errc::cancelled_before_sent);
    }
    ready_chunks ready;
    while (in_flight_.size() != max_chunks_in_flight) {
        std::optional<batch_chunk> next = plan_.next_chunk();
        if (!next) {
            break;
        }
        std::unique_ptr<chunk_operation> chunk;
        try {
            chunk = std::make_unique<chunk_operation>(shared_from_this(), std::move(*next));
            engine_->setup().prepare(*chunk, call_kind::batch_chunk, options_, token_kind::server,
                                     scheduler::clock::now());
            chunk->policy.bytes = chunk->content.request.memory();
            chunk->policy.part_of_accepted = true;
            engine_->register_call(*chunk);
        } catch (std::bad_alloc const&) {
            plan_.put_back(chunk ? std::move(chunk->content) : std::move(*next));
            // Chunks that are in flight try again when they end.
            if (in_flight_.empty()) {
                drop_unsent(errc::queue_full, "out of memory");
            }
            break;
        }
        in_flight_.push_back({chunk.get(), chunk->key()});
        ready.push_back(std::move(chunk));
    }
    return ready;
}

/// Submits chunks while there are messages for them. To be called under no lock: a chunk may take its messages, or end,
/// before this returns.
void batch::submit_chunks()
{
    ready_chunks ready = register_chunks();
    for (auto& chunk : ready) {
        engine_->submit(std::move(chunk), scheduler::clock::now());
    }
}

void batch::fill(chunk_operation& chunk)
{
    lock guard{mutex_};
    send_endpoint const endpoint = chunk.content.endpoint;
    if (plan_.available(endpoint).empty()) {
        // The batch was cancelled while the chunk waited.
        return plan_.return_ticket(endpoint);
    }
    // The chunk takes the messages when all of them are written: if that throws, it has none.
    chunk.content = write_chunk(endpoint);
    chunk.policy.bytes = chunk.content.request.memory();
    plan_.take(endpoint, chunk.content.members.size());
    release_messages(chunk.content.members);
    bool const another_wanted = !plan_.all_taken() && in_flight_.size() != max_chunks_in_flight;
    guard.unlock();
    if (!another_wanted) {
        return;
    }
    // Not from here: this chunk is not on its connection yet.
    try {
        engine_->post([self = shared_from_this()] { self->submit_chunks(); });
    } catch (std::bad_alloc const&) {
        // The end of this chunk submits the next one.
    }
}

batch_chunk batch::write_chunk(send_endpoint endpoint)
{
    call_setup& setup = engine_->setup();
    std::span<message_index const> available = plan_.available(endpoint);
    std::size_t expected = 0;
    std::size_t fitting = 0;
    for (message_index const member : available) {
        std::size_t const size = postmark::protocol::expected_size(messages_[member], setup.defaults(), {}) + 1;
        if (fitting != 0 && expected + size > scheduler::max_bytes_per_request) {
            break;
        }
        expected += size;
        ++fitting;
    }
    available = available.first(fitting);

    batch_chunk chunk{endpoint};
    chunk.members.reserve(fitting);
    chunk.ends.reserve(fitting);
    chunk.request = engine_->operations().acquire_buffer();
    std::string storage;
    std::string_view const head = setup.head_of(endpoint, options_, storage);
    batch_body body{chunk.request, endpoint, head, std::min(expected, scheduler::max_bytes_per_request)};
    for (message_index const member : available) {
        message const& msg = messages_[member];
        std::string stamp = setup.make_stamp(msg);
        body.append_with([&](postmark::protocol::byte_buffer& to) {
            postmark::protocol::write_message(to, msg, setup.defaults(), stamp);
        });
        // Escapes can make a message longer than expected.
        if (!chunk.members.empty() && body.size() > scheduler::max_bytes_per_request) {
            body.remove_last();
            break;
        }
        if (!stamp.empty()) {
            receipts_[member].stamp = std::move(stamp);
            receipts_[member].message_stream = msg.message_stream;
        }
        chunk.members.push_back(member);
        chunk.ends.push_back(body.size());
    }
    body.finish();
    return chunk;
}

/// Frees what is in a request now: it need not exist twice while the request waits for its reply. Message by message,
/// while the processor's cache still holds it.
void batch::release_messages(std::span<message_index const> written)
{
    if (plan_.all_taken()) {
        messages_ = std::vector<message>{};
        return;
    }
    for (message_index const member : written) {
        std::destroy_at(&messages_[member]);
        std::construct_at(&messages_[member]);
    }
}

void batch::fail_ticket(send_endpoint endpoint, errc error, std::string const& detail)
{
    lock const guard{mutex_};
    if (error != errc::timed_out_before_sent) {
        plan_.return_ticket(endpoint);
        // Whatever else keeps one chunk from being sent keeps all of them.
        return drop_unsent(error, detail);
    }
    // Time ran out for this chunk alone.
    std::span<message_index const> const lost = plan_.available(endpoint);
    for (message_index const member : lost) {
        fail_receipt(receipts_[member], error, detail);
    }
    plan_.take(endpoint, lost.size());
}

void batch::drop_unsent(errc error, std::string const& detail) noexcept
{
    plan_.drop_unsent([&](message_index member) { fail_receipt(receipts_[member], error, detail); });
}

void batch::drop_unsent(errc error) noexcept
{
    std::string detail;
    try {
        detail = error_code{error}.message();
    } catch (std::bad_alloc const&) {
        // The outcome and the error are what counts; `detail` stays empty.
    }
    drop_unsent(error, detail);
}

void batch::chunk_ended(chunk_operation& chunk)
{
    {
        lock const guard{mutex_};
        in_flight_.erase(std::ranges::find(in_flight_, &chunk, &chunk_entry::chunk));
        if (!chunk.failure) {
            split(chunk);
        } else if (*chunk.failure == errc::cancelled_in_flight || *chunk.failure == errc::cancelled_before_sent) {
            drop_unsent(errc::cancelled_before_sent);
        } else if (*chunk.failure == errc::client_closed) {
            drop_unsent(errc::client_closed);
        }
    }
    engine_->operations().release_buffer(std::move(chunk.content.request));
    submit_chunks();
    if (is_complete()) {
        complete();
    }
}

/// If a chunk was refused as a whole, finds the messages that are to blame, by halves.
void batch::split(chunk_operation const& chunk) noexcept
{
    using postmark::protocol::reply_class;
    if (!chunk.reply || chunk.reply == reply_class::accepted || chunk.reply == reply_class::unknown) {
        return;
    }
    if (chunk.reply == reply_class::split && split_in_halves(chunk.content)) {
        return;
    }
    plan_.mark_refused(chunk.content);
}

/// \return false if there is no memory, or one message only
bool batch::split_in_halves(batch_chunk const& refused) noexcept
{
    try {
        std::string storage;
        return plan_.split(refused, engine_->setup().head_of(refused.endpoint, options_, storage));
    } catch (std::bad_alloc const&) {
        return false;
    }
}

void batch::cancel(boost::asio::cancellation_type type)
{
    boost::container::static_vector<scheduler::call::key_type, max_chunks_in_flight> keys;
    {
        lock const guard{mutex_};
        // Once a part was sent, stopping the rest would have an effect: only a forced cancellation may have one.
        if (!is_forced(type) && plan_.has_begun()) {
            return;
        }
        for (chunk_entry const& entry : in_flight_) {
            keys.push_back(entry.key);
        }
        drop_unsent(errc::cancelled_before_sent);
    }
    for (auto const& key : keys) {
        engine_->cancel(key, type);
    }
}

void batch::complete()
{
    error_code const error = plan_.result(receipts_);
    // The batch counts as work until it is destroyed, after the handler.
    bound_handler<batch_handler> handler{std::move(handler_)};
    std::vector<receipt> receipts{std::move(receipts_)};
    std::move(handler)(error, std::move(receipts));
}

} // namespace

void start_batch(std::shared_ptr<engine> const& client, std::vector<message>&& messages, call_options&& options,
                 bool same_executor, batch_handler&& handler)
{
    std::make_shared<batch>(client, std::move(messages), std::move(options),
                            bound_handler<batch_handler>{std::move(handler), same_executor, client->get_executor()})
        ->start();
}

} // namespace postmark::detail

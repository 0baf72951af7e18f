// SPDX-License-Identifier: BSL-1.0

#include "client/engine.hpp"
#include "client/operation.hpp"
#include "client/reply_status.hpp"
#include "protocol/message_writer.hpp"
#include "protocol/read_reply.hpp"
#include "protocol/request_bytes.hpp"
#include "scheduler/outcome.hpp"
#include "scheduler/request_limits.hpp"

#include <boost/container/static_vector.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <utility>

namespace postmark::detail {

namespace {

constexpr std::size_t chunks_at_a_time = 2;

using index = std::uint32_t;

class chunk_operation;

/// What a request of a batch holds.
struct chunk_content {
    send_endpoint endpoint{};
    std::vector<index> members{};
    /// Where each message ends in the body.
    std::vector<std::size_t> ends{};
    postmark::protocol::request_bytes request{};
};

/// Any number of messages, sent in chunks; one receipt for each.
///
/// Messages are serialised when a connection is there for them, so that a batch of any size costs the queue next to nothing.
class batch : public std::enable_shared_from_this<batch> {
public:
    batch(std::shared_ptr<engine> owner, std::vector<message>&& messages, call_options&& options,
          caller<batch_handler>&& handler)
        : engine_{std::move(owner)}
        , messages_{std::move(messages)}
        , receipts_{messages_.size()}
        , whole_refused_(messages_.size(), false)
        , options_{std::move(options)}
        , handler_{std::move(handler)}
    {
    }

    ~batch();
    batch(batch const&) = delete;
    batch& operator=(batch const&) = delete;

    void begin();
    void cancel(boost::asio::cancellation_type type);

    // What a chunk uses.
    [[nodiscard]] engine& client() const noexcept { return *engine_; }
    [[nodiscard]] receipt& receipt_of(index which) noexcept { return receipts_[which]; }
    void fill(chunk_operation& chunk);
    void give_up(chunk_operation& chunk, errc error, std::string const& detail);
    void chunk_ended(chunk_operation& chunk);

private:
    /// Messages for one endpoint.
    struct group {
        send_endpoint endpoint{};
        std::vector<index> members{};
        std::size_t next = 0;
        /// Chunks that are submitted and have not taken their messages yet.
        std::size_t expecting = 0;

        [[nodiscard]] std::size_t left() const noexcept { return members.size() - next; }
    };
    /// A chunk that is submitted, or about to be: then it has no id yet.
    struct part {
        chunk_operation* chunk = nullptr;
        scheduler::call::key place{};
    };
    using lock = std::unique_lock<std::mutex>;

    void pump(lock& held);
    void submit(std::unique_ptr<chunk_operation> chunk);
    void give_back(std::span<index const> written);
    void fail_rest(errc error, std::string const& detail);
    void forget(chunk_operation const& chunk) noexcept;
    [[nodiscard]] chunk_content write_chunk(group const& from);
    void split(chunk_operation const& chunk) noexcept;
    [[nodiscard]] chunk_content part_of(chunk_content const& whole, std::size_t first, std::size_t last);
    [[nodiscard]] bool is_over();
    void finish();

    std::shared_ptr<engine> engine_;
    std::mutex mutex_;
    std::vector<message> messages_;
    std::vector<receipt> receipts_;
    std::vector<bool> whole_refused_;
    call_options options_;
    caller<batch_handler> handler_;
    std::array<group, 2> groups_{group{send_endpoint::plain_batch}, group{send_endpoint::template_batch}};
    /// Parts of chunks that were refused as a whole; they wait to be sent again.
    std::vector<chunk_content> halves_;
    boost::container::static_vector<part, chunks_at_a_time> under_way_;
    /// The strongest cancellation so far.
    boost::asio::cancellation_type cancelled_ = boost::asio::cancellation_type::none;
    /// Of the client's cancellations, how many this batch has seen begin.
    std::uint64_t cancellations_ = 0;
    bool entered_ = false;
    bool over_ = false;
};

/// One request of a batch.
class chunk_operation final : public operation {
public:
    chunk_operation(std::shared_ptr<batch> owner, chunk_content&& what)
        : content{std::move(what)}
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

    scheduler::reply_status interpret(transport::reply const& said) override
    {
        std::vector<receipt*> receipts;
        receipts.reserve(content.members.size());
        for (index const each : content.members) {
            receipts.push_back(&batch_->receipt_of(each));
        }
        answer = postmark::protocol::read_batch_reply(said.status, said.body, receipts);
        if (answer == postmark::protocol::reply_class::accepted && maybe_accepted()) {
            // A refusal now says nothing about the attempt before.
            for (receipt* const each : receipts) {
                if (each->outcome == outcome::rejected) {
                    fail_receipt(*each, unknown_error(), error_code{unknown_error()}.message());
                }
            }
        }
        // This call ends with a refusal that others are made of: see `split`.
        auto const found =
            answer == postmark::protocol::reply_class::split ? postmark::protocol::reply_class::refused : *answer;
        return reply_status_of(found, receipts.front()->error, said);
    }

    void fail(errc error, std::string const& detail) override
    {
        failed_with = error;
        answer.reset();
        if (content.members.empty()) {
            return batch_->give_up(*this, error, detail);
        }
        for (index const each : content.members) {
            fail_receipt(batch_->receipt_of(each), error, detail);
        }
    }

    error_code result() const noexcept override
    {
        if (failed_with) {
            return *failed_with;
        }
        if (content.members.empty()) {
            return {};
        }
        return answer == postmark::protocol::reply_class::accepted ? error_code{}
                                                                   : batch_->receipt_of(content.members.front()).error;
    }

    void complete(std::unique_ptr<operation>) override { batch_->chunk_ended(*this); }

    chunk_content content;
    std::optional<postmark::protocol::reply_class> answer;
    std::optional<errc> failed_with;

private:
    std::shared_ptr<batch> batch_;
};

void batch::begin()
{
    refusal const refused = engine_->check(options_, token_kind::server);
    cancellations_ = engine_->cancellations();
    bool const taken = engine_->enter();
    entered_ = taken;
    for (std::size_t which = 0; which != messages_.size(); ++which) {
        refusal why = refused;
        if (!why && !taken) {
            why = {errc::client_closed, error_code{errc::client_closed}.message()};
        }
        if (!why) {
            why = engine_->setup().check(messages_[which]);
        }
        if (why) {
            fail_receipt(receipts_[which], why.error, why.detail);
        } else {
            groups_[messages_[which].uses_template() ? 1 : 0].members.push_back(static_cast<index>(which));
        }
    }
    handler_.when_cancelled([weak = weak_from_this()](boost::asio::cancellation_type type) {
        if (auto const self = weak.lock()) {
            self->cancel(type);
        }
    });

    lock held{mutex_};
    pump(held);
    if (is_over()) {
        engine_->post([self = shared_from_this()] { self->finish(); });
    }
}

/// What was entered is left, also if nobody was told for want of memory.
batch::~batch()
{
    if (entered_) {
        engine_->leave();
    }
}

/// Whether every message has its receipt; true once.
bool batch::is_over()
{
    return under_way_.empty() && !std::exchange(over_, true);
}

/// Submits chunks while there are messages for them, two at a time.
void batch::pump(lock& held)
{
    // The client was told to cancel everything: what has not left does not leave any more.
    if (engine_->cancellations() != cancellations_) {
        fail_rest(errc::cancelled_before_sent, error_code{errc::cancelled_before_sent}.message());
    }

    boost::container::static_vector<std::unique_ptr<chunk_operation>, chunks_at_a_time> ready;
    auto const room = [&] { return under_way_.size() + ready.size() < chunks_at_a_time; };
    while (room() && !halves_.empty()) {
        ready.push_back(std::make_unique<chunk_operation>(shared_from_this(), std::move(halves_.back())));
        halves_.pop_back();
    }
    for (group& each : groups_) {
        // A chunk that has not taken its messages yet may take as many as a chunk can hold.
        while (room() && each.left() > each.expecting * scheduler::most_messages_a_request) {
            ready.push_back(std::make_unique<chunk_operation>(shared_from_this(), chunk_content{each.endpoint}));
            ++each.expecting;
        }
    }
    for (auto const& each : ready) {
        under_way_.push_back({each.get()});
    }
    if (ready.empty()) {
        return;
    }
    // A chunk may come back for its messages before it is submitted.
    held.unlock();
    for (auto& each : ready) {
        submit(std::move(each));
    }
    held.lock();
}

void batch::submit(std::unique_ptr<chunk_operation> chunk)
{
    chunk_operation* const submitted = chunk.get();
    auto const now = scheduler::clock::now();
    try {
        chunk->terms =
            engine_->setup().terms_of(options_, engine_->settings().timeouts.batch_call, token_kind::server, now);
        chunk->terms.bytes = chunk->content.request.memory();
        chunk->terms.part_of_accepted = true;
        chunk->reply_limit = engine_->settings().limits.large_reply_bytes;
        chunk->reply_timeout = engine_->settings().timeouts.batch_reply;
        engine_->expect(*chunk);
    } catch (std::bad_alloc const&) {
        // It was not taken, so nobody else ends it.
        chunk->fail(errc::queue_full, "no memory");
        lock const held{mutex_};
        forget(*chunk);
        return;
    }

    scheduler::call::key at{};
    auto cancelled = boost::asio::cancellation_type::none;
    engine_->submit(std::move(chunk), now, false, [&](scheduler::call::key place) {
        lock const held{mutex_};
        at = place;
        cancelled = cancelled_;
        for (part& each : under_way_) {
            if (each.chunk == submitted) {
                each.place = place;
            }
        }
    });
    // A cancellation that came before the chunk could be found.
    if (cancelled != boost::asio::cancellation_type::none) {
        engine_->cancel(at, cancelled);
    }
}

void batch::forget(chunk_operation const& chunk) noexcept
{
    auto const found = std::ranges::find(under_way_, &chunk, &part::chunk);
    under_way_.erase(found);
}

/// A connection is there: writes as many messages as fit into one request.
void batch::fill(chunk_operation& chunk)
{
    lock held{mutex_};
    group& from = groups_[chunk.content.endpoint == send_endpoint::template_batch ? 1 : 0];
    // The batch was cancelled while the chunk waited.
    if (from.left() == 0) {
        --from.expecting;
        return;
    }

    // The chunk takes them when all is written: what throws leaves it without any.
    chunk_content taken = write_chunk(from);
    --from.expecting;
    from.next += taken.members.size();
    chunk.content = std::move(taken);
    chunk.terms.bytes = chunk.content.request.memory();
    give_back(chunk.content.members);

    // Now it is known whether another chunk is needed.
    pump(held);
}

chunk_content batch::write_chunk(group const& from)
{
    std::size_t const most = std::min(from.left(), scheduler::most_messages_a_request);
    std::size_t expected = 16;
    std::size_t fitting = 0;
    for (; fitting != most; ++fitting) {
        message const& msg = messages_[from.members[from.next + fitting]];
        std::size_t const size = postmark::protocol::expected_size(msg, engine_->setup().defaults(), {}) + 1;
        if (fitting != 0 && expected + size > scheduler::most_bytes_a_request) {
            break;
        }
        expected += size;
    }

    chunk_content into{from.endpoint};
    into.members.reserve(fitting);
    into.ends.reserve(fitting);
    std::string storage;
    std::string_view const head = engine_->setup().head_of(into.endpoint, options_, storage);
    into.request = engine_->spare().take_buffer();
    into.request.begin(head.size() + postmark::protocol::request_bytes::length_reserve,
                       std::min(expected, scheduler::most_bytes_a_request));
    postmark::protocol::byte_buffer& body = into.request.body();
    std::size_t const body_begin = body.size();
    body.append(opening_of(into.endpoint));
    while (into.members.size() != fitting) {
        index const which = from.members[from.next + into.members.size()];
        std::size_t const before = body.size();
        if (!into.members.empty()) {
            body.push_back(',');
        }
        std::string stamp = engine_->setup().make_stamp(messages_[which]);
        postmark::protocol::write_message(body, messages_[which], engine_->setup().defaults(), stamp);
        // Escapes can make it longer than it looked.
        if (!into.members.empty() && body.size() - body_begin > scheduler::most_bytes_a_request) {
            body.truncate(before);
            break;
        }
        if (!stamp.empty()) {
            receipts_[which].stamp = std::move(stamp);
            receipts_[which].message_stream = messages_[which].message_stream;
        }
        into.members.push_back(which);
        into.ends.push_back(body.size() - body_begin);
    }
    body.append(closing_of(into.endpoint));
    into.request.finish(head);
    return into;
}

/// Messages that are in a request now need not be there twice while it waits for its answer. What they hold is given back
/// while the processor's cache still has it.
void batch::give_back(std::span<index const> written)
{
    if (std::ranges::all_of(groups_, [](group const& each) { return each.left() == 0; })) {
        messages_ = std::vector<message>{};
        return;
    }
    for (index const which : written) {
        std::destroy_at(&messages_[which]);
        std::construct_at(&messages_[which]);
    }
}

/// A chunk that never got as far as to take its messages.
void batch::give_up(chunk_operation& chunk, errc error, std::string const& detail)
{
    lock const held{mutex_};
    group& from = groups_[chunk.content.endpoint == send_endpoint::template_batch ? 1 : 0];
    --from.expecting;
    // Time ran out for this chunk alone. Whatever else keeps a chunk from being started keeps all of them.
    if (error != errc::timed_out_before_sent) {
        return fail_rest(error, detail);
    }
    for (std::size_t taken = 0; taken != scheduler::most_messages_a_request && from.left() != 0; ++taken) {
        fail_receipt(receipts_[from.members[from.next++]], error, detail);
    }
}

void batch::fail_rest(errc error, std::string const& detail)
{
    for (group& each : groups_) {
        while (each.left() != 0) {
            fail_receipt(receipts_[each.members[each.next++]], error, detail);
        }
    }
    for (auto const& half : halves_) {
        for (index const which : half.members) {
            fail_receipt(receipts_[which], error, detail);
        }
    }
    halves_.clear();
}

void batch::chunk_ended(chunk_operation& chunk)
{
    lock held{mutex_};
    forget(chunk);
    if (chunk.failed_with) {
        error_code const error = *chunk.failed_with;
        if (error == errc::cancelled_in_flight || error == errc::cancelled_before_sent) {
            fail_rest(errc::cancelled_before_sent, error_code{errc::cancelled_before_sent}.message());
        } else if (error == errc::client_closed) {
            fail_rest(errc::client_closed, error_code{errc::client_closed}.message());
        }
    } else if (chunk.answer && chunk.answer != postmark::protocol::reply_class::accepted &&
               chunk.answer != postmark::protocol::reply_class::unknown) {
        split(chunk);
    }
    engine_->spare().keep_buffer(std::move(chunk.content.request));
    try {
        pump(held);
    } catch (std::bad_alloc const&) {
        fail_rest(errc::queue_full, "no memory");
    }
    bool const over = is_over();
    held.unlock();
    if (over) {
        finish();
    }
}

/// Finds the messages that are to blame: halves what was refused as a whole, until single messages are left.
void batch::split(chunk_operation const& chunk) noexcept
{
    chunk_content const& refused = chunk.content;
    std::size_t const count = refused.members.size();
    if (count != 1 && chunk.answer == postmark::protocol::reply_class::split) {
        try {
            std::size_t const middle = count / 2;
            chunk_content first = part_of(refused, 0, middle);
            chunk_content second = part_of(refused, middle, count);
            halves_.reserve(halves_.size() + 2);
            // The one that stands last is sent first.
            halves_.push_back(std::move(second));
            halves_.push_back(std::move(first));
            return;
        } catch (std::bad_alloc const&) {
            // There is no memory to find out more. That all of them were refused is true.
        }
    }
    for (index const which : refused.members) {
        whole_refused_[which] = true;
    }
}

chunk_content batch::part_of(chunk_content const& whole, std::size_t first, std::size_t last)
{
    std::string storage;
    std::string_view const head = engine_->setup().head_of(whole.endpoint, options_, storage);
    chunk_content some{whole.endpoint};
    // Behind the comma, or behind the opening.
    std::size_t const begin = first == 0 ? opening_of(whole.endpoint).size() : whole.ends[first - 1] + 1;
    std::string_view const slice = whole.request.body_view().substr(begin, whole.ends[last - 1] - begin);
    some.request.begin(head.size() + postmark::protocol::request_bytes::length_reserve, slice.size() + 16);
    postmark::protocol::byte_buffer& body = some.request.body();
    body.append(opening_of(whole.endpoint));
    body.append(slice);
    body.append(closing_of(whole.endpoint));
    some.request.finish(head);
    std::size_t const shift = begin - opening_of(whole.endpoint).size();
    for (std::size_t each = first; each != last; ++each) {
        some.members.push_back(whole.members[each]);
        some.ends.push_back(whole.ends[each] - shift);
    }
    return some;
}

void batch::cancel(boost::asio::cancellation_type type)
{
    bool const forced = (type & (boost::asio::cancellation_type::partial | boost::asio::cancellation_type::terminal)) !=
                        boost::asio::cancellation_type::none;
    std::vector<scheduler::call::key> places;
    {
        lock const held{mutex_};
        // Once a part has left, the rest cannot be stopped without a trace.
        bool const begun =
            std::any_of(groups_.begin(), groups_.end(), [](group const& each) { return each.next != 0; });
        if (!forced && begun) {
            return;
        }
        cancelled_ |= type;
        for (part const& each : under_way_) {
            places.push_back(each.place);
        }
        fail_rest(errc::cancelled_before_sent, error_code{errc::cancelled_before_sent}.message());
    }
    for (auto const& place : places) {
        engine_->cancel(place, type);
    }
}

void batch::finish()
{
    error_code error;
    for (std::size_t which = 0; which != receipts_.size() && !error; ++which) {
        receipt const& each = receipts_[which];
        if (each.outcome == outcome::not_sent || each.outcome == outcome::unknown || whole_refused_[which]) {
            error = each.error;
        }
    }
    if (std::exchange(entered_, false)) {
        engine_->leave();
    }
    caller<batch_handler> handler{std::move(handler_)};
    std::vector<receipt> receipts{std::move(receipts_)};
    caller<batch_handler>::call(std::move(handler), error, std::move(receipts));
}

} // namespace

void start_batch(std::shared_ptr<engine> const& client, std::vector<message>&& messages, call_options&& options,
                 bool at_home, batch_handler&& handler)
{
    std::make_shared<batch>(client, std::move(messages), std::move(options),
                            caller<batch_handler>{std::move(handler), at_home, client->home()})
        ->begin();
}

} // namespace postmark::detail

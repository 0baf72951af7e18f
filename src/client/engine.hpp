// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_ENGINE_HPP
#define POSTMARK_CLIENT_ENGINE_HPP

#include "client/call_setup.hpp"
#include "client/operation.hpp"
#include "client/operation_cache.hpp"
#include "client/reporter.hpp"
#include "scheduler/call_scheduler.hpp"
#include "transport/connection.hpp"

#include <postmark/config.hpp>
#include <postmark/detail/engine.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postmark::detail {

class drain_operation;
class link;

/// Carries out what the call_scheduler decides, and tells it what happened.
///
/// One mutex guards the dispatcher, the timer and the drains; it is never held while a connection works, a handler runs or
/// a request is written.
class engine : public std::enable_shared_from_this<engine> {
public:
    engine(executor executor, config settings);
    ~engine();
    engine(engine const&) = delete;
    engine& operator=(engine const&) = delete;

    /// To be called once, when the engine is owned.
    void begin();

    [[nodiscard]] executor const& home() const noexcept { return home_; }
    [[nodiscard]] config const& settings() const noexcept { return settings_; }
    [[nodiscard]] call_setup& setup() noexcept { return setup_; }

    /// Why no call can work at all.
    [[nodiscard]] refusal const& problem() const noexcept { return problem_; }
    /// Why a call with these options cannot work.
    [[nodiscard]] refusal check(call_options const& options, token_kind kind) const
    {
        return problem_ ? problem_ : setup_.check(options, kind);
    }

    [[nodiscard]] spares& spare() noexcept { return spare_; }

    /// Makes an operation known that will be submitted; what throws, throws here.
    void expect(operation& subject)
    {
        std::lock_guard const lock{mutex_};
        scheduler_.admit(subject);
    }

    /// Takes an operation over.
    /// \param now      when the caller asked for it
    /// \param in_place this is the client's executor and no initiating function, so that handlers may be called here
    /// \param on_submitted called under the lock with the operation's place, before it can end
    template <class OnSubmitted>
    void submit(std::unique_ptr<operation> subject, scheduler::time_point now, bool in_place,
                OnSubmitted&& on_submitted)
    {
        subject->submitted_at = now;
        scheduler::actions todo;
        {
            std::lock_guard const lock{mutex_};
            // What throws, throws before the call is taken.
            scheduler_.admit(*subject);
            operation& submitted = *subject.release();
            scheduler_.submit(submitted, now, todo);
            on_submitted(submitted.place());
            watch(now, todo);
            if (reporter_ && submitted.state() == scheduler::call_state::queued) {
                report_queued(submitted);
            }
        }
        perform(todo, in_place);
    }

    /// Something begins that will submit one operation after the other; false if no new work is taken.
    [[nodiscard]] bool enter();
    void leave();

    /// How often everything was cancelled so far.
    [[nodiscard]] std::uint64_t cancellations() const noexcept { return cancellations_; }

    /// Runs something later on the client's executor; nothing, once the context has ended.
    template <class Function>
    void post(Function&& function)
    {
        if (!abandoned_) {
            boost::asio::post(home_, std::forward<Function>(function));
        }
    }

    /// Completes, later and on the client's executor, an operation that was never submitted.
    void complete_later(std::unique_ptr<operation> subject);

    // What a client, a cancellation slot or the context asks for.
    void cancel(scheduler::call::key place, boost::asio::cancellation_type type);
    void cancel_all();
    void close_idle();
    void drain(std::unique_ptr<drain_operation> subject);
    void cancel_drain(std::uint64_t id);
    [[nodiscard]] std::uint64_t next_drain_id() noexcept { return ++last_drain_id_; }
    void destroy();
    /// The context ends: everything is dropped, and no handler called.
    void abandon() noexcept;

    // What connections tell.
    void on_opened(link& where, bool resumed);
    void on_open_failed(link& where, transport::failure const& cause);
    void on_replied(link& where, transport::reply const& said);
    void on_exchange_failed(link& where, transport::failure const& cause);
    void on_due(scheduler::time_point when);

private:
    void flush();
    [[nodiscard]] std::shared_ptr<scheduler::connection> make_link();
    void perform(scheduler::actions& todo, bool in_place, std::string_view cause = {});
    void settle_ended(scheduler::actions& todo, std::string_view cause, scheduler::call_list& into);
    [[nodiscard]] std::string carry_out(scheduler::action const& what, bool in_place, scheduler::actions& todo);
    [[nodiscard]] std::string start(scheduler::action const& what, bool in_place, scheduler::actions& todo);
    [[nodiscard]] std::string_view write_shared(link& where, transport::exchange_request& request,
                                                scheduler::actions& todo);
    void tell_open_failure(link& where, transport::failure const& cause, bool in_place, scheduler::actions& todo);
    void tell_failure(link& where, transport::failure const& cause, bool in_place, scheduler::actions& todo);
    void flush_later(scheduler::actions& todo);
    void complete(scheduler::call_list& ended);
    void complete_later(scheduler::call_list& ended);
    void complete_ended();
    static void dispose(scheduler::call_list& operations) noexcept;
    void finish_drains();
    void rest();
    void watch(scheduler::time_point now, scheduler::actions const& todo);
    void arm(scheduler::time_point when);
    void on_timer(std::uint64_t generation);
    void report_queued(operation const& subject);

    executor home_;
    config settings_;
    std::shared_ptr<transport::connection_params const> connection_params_;
    call_setup setup_;
    reporter reporter_;
    refusal problem_;
    /// No phase of a connection is shorter, so that a timer armed for it is never late.
    std::chrono::milliseconds shortest_phase_{};

    spares spare_;

    std::mutex mutex_;
    std::minstd_rand random_;
    scheduler::call_scheduler scheduler_;
    /// Empty once the context has ended.
    std::optional<boost::asio::steady_timer> timer_;
    /// What is over and was not told yet, and whether that was asked for.
    scheduler::call_list ended_;
    bool completing_ = false;
    scheduler::time_point armed_ = scheduler::time_point::max();
    std::uint64_t timer_generation_ = 0;
    std::vector<std::unique_ptr<drain_operation>> drains_;
    std::atomic<std::uint64_t> last_drain_id_{0};
    std::string last_open_failure_;
    std::uint64_t links_ = 0;
    std::atomic<std::uint64_t> cancellations_{0};
    std::atomic<bool> abandoned_{false};
};

/// Cancels a call when its caller says so. It is in the caller's slot before the call has a place by which it is found.
struct cancel_call {
    std::weak_ptr<engine> who;
    scheduler::call::key place{};

    void operator()(boost::asio::cancellation_type type) const
    {
        if (auto const found = who.lock()) {
            found->cancel(place, type);
        }
    }
};

} // namespace postmark::detail

#endif

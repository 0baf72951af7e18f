#ifndef POSTMARK_CLIENT_ENGINE_HPP
#define POSTMARK_CLIENT_ENGINE_HPP

#include "call/message_writer.hpp"
#include "client/operation.hpp"
#include "dispatch/dispatcher.hpp"
#include "transport/connection.hpp"

#include <postmark/config.hpp>
#include <postmark/detail/engine.hpp>
#include <postmark/observer.hpp>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
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

/// The endpoints that mail goes to.
enum class send_endpoint : std::uint8_t { plain, templated, plain_batch, template_batch };

/// What a call cannot begin without: the error and its cause, or nothing.
struct refusal {
    errc error{};
    std::string detail{};
    explicit operator bool() const noexcept { return error != errc{}; }
};

/// When a timeout that begins now is over. One that is not positive is over at once; none is longer than a year.
[[nodiscard]] dispatch::time_point deadline_after(std::chrono::milliseconds timeout) noexcept;

/// Carries out what the dispatcher decides, and tells it what happened.
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
    [[nodiscard]] call::message_defaults const& defaults() const noexcept { return defaults_; }

    // What the initiating functions use.

    /// Why no call can work at all.
    [[nodiscard]] refusal const& problem() const noexcept { return problem_; }
    /// Why a call with these options cannot work.
    [[nodiscard]] refusal check(call_options const& options, token_kind kind) const;
    /// Why a message is not sent.
    [[nodiscard]] refusal check(message const& msg) const;
    [[nodiscard]] secret token_of(call_options const& options, token_kind kind) const;
    /// The head of a request to a mail endpoint, up to its length. `storage` holds it where it is not one of the usual four.
    [[nodiscard]] std::string_view head_of(send_endpoint endpoint, call_options const& options,
                                           std::string& storage) const;
    [[nodiscard]] std::string make_head(http_method method, std::string_view target, call_options const& options,
                                        token_kind kind, bool has_body) const;
    [[nodiscard]] dispatch::call_terms terms_of(call_options const& options, std::chrono::milliseconds timeout,
                                                token_kind kind) const;
    /// A new stamp for a message, or nothing where none is wanted or fits.
    [[nodiscard]] std::string make_stamp(message const& msg);

    /// Takes an operation over.
    /// \param in_place this is the client's executor and no initiating function, so that handlers may be called here
    /// \param on_submitted called under the lock with the operation's place, before it can end
    template <class OnSubmitted>
    void submit(std::unique_ptr<operation> subject, bool in_place, OnSubmitted&& on_submitted)
    {
        auto const now = dispatch::clock::now();
        subject->submitted_at = now;
        dispatch::actions todo;
        {
            std::lock_guard const lock{mutex_};
            operation& submitted = *subject.release();
            dispatcher_.submit(submitted, now, todo);
            on_submitted(submitted.place());
            watch(now, todo);
            if (settings_.observer && submitted.state() == dispatch::call_state::queued)
                report_queued(submitted);
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
        if (!abandoned_)
            boost::asio::post(home_, std::forward<Function>(function));
    }

    /// Completes, later and on the client's executor, an operation that was never submitted.
    void complete_later(std::unique_ptr<operation> subject);

    // What a client, a cancellation slot or the context asks for.
    void cancel(dispatch::call::key place, boost::asio::cancellation_type type);
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
    void on_due(dispatch::time_point when);

private:
    [[nodiscard]] std::shared_ptr<dispatch::connection> make_link();
    void perform(dispatch::actions& todo, bool in_place, std::string const& cause = {});
    void start(dispatch::action const& what, dispatch::actions& todo, std::string& cause);
    void tell_failure(link& where, transport::failure const& cause, dispatch::actions& todo);
    void complete(operation& subject, std::optional<errc> error, std::string const& cause, bool in_place);
    void report_completion(operation const& subject) const;
    void finish_drains();
    void settle();
    void watch(dispatch::time_point now, dispatch::actions const& todo);
    void arm(dispatch::time_point when);
    void on_timer(std::uint64_t generation);
    void report_queued(operation const& subject);
    void report_attempt(link const& where, operation const& subject, error_code error, unsigned status,
                        std::size_t reply_bytes) const;

    executor home_;
    config settings_;
    std::shared_ptr<transport::route> route_;
    call::message_defaults defaults_;
    refusal problem_;
    std::string host_header_;
    std::array<std::string, 4> heads_;
    std::string stamp_prefix_;
    std::atomic<std::uint64_t> stamps_{0};
    /// No phase of a connection is shorter, so that a timer armed for it is never late.
    std::chrono::milliseconds shortest_phase_{};

    std::mutex mutex_;
    std::minstd_rand random_;
    dispatch::dispatcher dispatcher_;
    /// Empty once the context has ended.
    std::optional<boost::asio::steady_timer> timer_;
    dispatch::time_point armed_ = dispatch::time_point::max();
    std::uint64_t timer_generation_ = 0;
    std::vector<std::unique_ptr<drain_operation>> drains_;
    std::atomic<std::uint64_t> last_drain_id_{0};
    std::string last_open_failure_;
    std::uint64_t links_ = 0;
    std::atomic<std::uint64_t> cancellations_{0};
    std::atomic<bool> abandoned_{false};
};

} // namespace postmark::detail

#endif

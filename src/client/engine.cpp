#include "client/engine.hpp"

#include "call/answer.hpp"
#include "call/base64.hpp"
#include "call/head.hpp"
#include "client/context_watch.hpp"
#include "client/drain.hpp"
#include "client/link.hpp"
#include "dispatch/outcome.hpp"
#include "values/host.hpp"
#include "values/validation.hpp"

#include <boost/asio/query.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <functional>
#include <utility>

namespace postmark::detail {

namespace asio = boost::asio;

namespace {

/// Deadlines are kept to within this, so that many of them cost one wake-up.
constexpr std::chrono::milliseconds timer_grain{5};

constexpr std::string_view test_token = "POSTMARK_API_TEST";

constexpr std::array<std::string_view, 4> targets{"/email", "/email/withTemplate", "/email/batch",
                                                  "/email/batchWithTemplates"};

std::string to_hex(std::uint64_t number)
{
    std::string text(16, '0');
    for (auto digit = text.rbegin(); digit != text.rend(); ++digit, number >>= 4)
        *digit = "0123456789abcdef"[number & 15];
    return text;
}

std::shared_ptr<transport::route> make_route(config const& settings)
{
    auto where = std::make_shared<transport::route>();
    where->host = settings.host;
    where->port = settings.effective_port();
    where->timeouts = settings.timeouts;
    if (settings.https)
        where->tls = std::make_shared<transport::tls_context>(settings.tls);
    if (!settings.proxy.empty() && !values::bypasses_proxy(settings.host, settings.no_proxy)) {
        values::proxy_address const proxy = values::parse_proxy_url(settings.proxy);
        where->proxy.emplace();
        where->proxy->host = proxy.host;
        where->proxy->port = proxy.port;
        if (!proxy.user.empty() || !proxy.password.empty()) {
            call::byte_buffer encoded;
            call::append_base64(encoded, proxy.user + ":" + proxy.password);
            where->proxy->authorization = "Basic " + std::string{encoded.view()};
        }
    }
    return where;
}

} // namespace

dispatch::time_point deadline_after(std::chrono::milliseconds timeout) noexcept
{
    // Far enough away for everybody, and near enough for every clock.
    constexpr std::chrono::milliseconds longest = std::chrono::hours{24 * 365};
    return dispatch::clock::now() + std::clamp(timeout, std::chrono::milliseconds::zero(), longest);
}

namespace {

/// What a receipt says of a failure: the cause where one is known, else what the code means.
std::string explain(errc error, std::string const& cause)
{
    switch (error) {
    case errc::queue_full:
    case errc::cancelled_before_sent:
    case errc::cancelled_in_flight:
    case errc::client_closed:
        return error_code{error}.message();
    case errc::timed_out_before_sent:
    case errc::timed_out_in_flight:
        return error_code{error}.message() + (cause.empty() ? "" : ": " + cause);
    default:
        return cause.empty() ? error_code{error}.message() : cause;
    }
}

std::chrono::milliseconds shortest_of(timeout_settings const& timeouts)
{
    return std::min({timeouts.resolve, timeouts.connect, timeouts.handshake, timeouts.write_stall, timeouts.reply,
                     timeouts.batch_reply});
}

} // namespace

engine::engine(executor where, config settings)
    : home_{std::move(where)}
    , settings_{std::move(settings)}
    , shortest_phase_{shortest_of(settings_.timeouts)}
    , random_{std::random_device{}()}
    , dispatcher_{{settings_.pool, settings_.limits, settings_.retry},
                  [this] { return make_link(); },
                  [this] { return std::uniform_real_distribution<double>{0.0, 1.0}(random_); }}
    , timer_{std::in_place, home_}
{
    defaults_.from = settings_.default_sender;
    defaults_.reply_to = settings_.default_reply_to;
    defaults_.headers = settings_.default_headers;

    if (std::string problem = settings_.problem(); !problem.empty())
        problem_ = {errc::invalid_configuration, std::move(problem)};
    route_ = make_route(settings_);
    if (!problem_ && route_->tls && route_->tls->problem())
        problem_ = {route_->tls->problem()->error, route_->tls->problem()->detail};

    host_header_ = call::host_header(settings_.host, settings_.effective_port(), settings_.https);
    for (std::size_t index = 0; index != heads_.size(); ++index)
        heads_[index] = make_head(http_method::post, targets[index], {}, token_kind::server, true);
    if (settings_.stamp_messages) {
        std::random_device source;
        stamp_prefix_ = to_hex((std::uint64_t{source()} << 32) | source()) + "-";
    }
}

engine::~engine()
{
    abandon();
}

void engine::begin()
{
    asio::use_service<context_watch>(asio::query(home_, asio::execution::context)).add(weak_from_this());
}

// ---------------------------------------------------------------------------------------------------------------------
// What the initiating functions use

secret engine::token_of(call_options const& options, token_kind kind) const
{
    if (kind == token_kind::account)
        return options.api_key.value_or(settings_.account_key);
    bool const test = options.test_api.value_or(settings_.test_api && !options.api_key);
    return test ? secret{test_token} : options.api_key.value_or(settings_.api_key);
}

refusal engine::check(call_options const& options, token_kind kind) const
{
    if (problem_)
        return problem_;
    secret const token = token_of(options, kind);
    if (token.empty())
        return {errc::invalid_configuration, kind == token_kind::account ? "account_key: no token for an account-level call"
                                                                         : "api_key: the token is empty"};
    if (options.api_key && !call::is_header_value(token.reveal()))
        return {errc::invalid_configuration, "api_key: the token holds characters that no token has"};
    for (http_header const& each : options.headers) {
        if (std::string problem = call::header_problem(each.name, each.value); !problem.empty())
            return {errc::invalid_message, std::move(problem)};
    }
    if (options.retry) {
        auto const possible = [](std::chrono::milliseconds delay) {
            return delay >= std::chrono::milliseconds::zero() && delay <= std::chrono::hours{24 * 365};
        };
        if (options.retry->attempts == 0)
            return {errc::invalid_configuration, "retry.attempts: must be at least 1"};
        if (!possible(options.retry->first_delay) || !possible(options.retry->max_delay))
            return {errc::invalid_configuration, "retry: a delay must be from 0 to a year"};
    }
    return {};
}

refusal engine::check(message const& msg) const
{
    if (std::string problem = values::header_injection(msg); !problem.empty())
        return {errc::invalid_message, std::move(problem)};
    if (settings_.verify_messages) {
        error_code error;
        refusal found{errc::invalid_message, {}};
        if (msg.from || !defaults_.from) {
            msg.verify(error, found.detail);
        }
        else {
            message with_sender = msg;
            with_sender.from = defaults_.from;
            with_sender.verify(error, found.detail);
        }
        if (error)
            return found;
    }
    if (std::string problem = call::unwritable(msg); !problem.empty())
        return {errc::invalid_message, std::move(problem)};
    return {};
}

std::string engine::make_head(http_method method, std::string_view target, call_options const& options, token_kind kind,
                              bool has_body) const
{
    std::string extra;
    for (http_header const& each : options.headers)
        call::append_header_line(extra, each.name, each.value);
    auto const token_header = kind == token_kind::account ? call::account_token_header : call::server_token_header;
    return call::make_head_prefix(method, target, host_header_, token_header, token_of(options, kind).reveal(), has_body,
                                  extra);
}

std::string_view engine::head_of(send_endpoint endpoint, call_options const& options, std::string& storage) const
{
    auto const index = static_cast<std::size_t>(endpoint);
    if (!options.api_key && !options.test_api && options.headers.empty())
        return heads_[index];
    storage = make_head(http_method::post, targets[index], options, token_kind::server, true);
    return storage;
}

dispatch::call_terms engine::terms_of(call_options const& options, std::chrono::milliseconds timeout,
                                      token_kind kind) const
{
    dispatch::call_terms terms;
    terms.deadline = deadline_after(options.timeout.value_or(timeout));
    terms.retry = options.retry.value_or(settings_.retry);
    // The number 0 is the token of calls that name none, by whatever way a call comes to it.
    if (kind == token_kind::account || options.api_key || options.test_api) {
        secret const token = token_of(options, kind);
        if (kind == token_kind::account || token != token_of({}, token_kind::server))
            terms.token = std::hash<std::string>{}(token.reveal()) | 1;
    }
    return terms;
}

std::string engine::make_stamp(message const& msg)
{
    if (!settings_.stamp_messages || !call::can_stamp(msg))
        return {};
    return stamp_prefix_ + to_hex(stamps_.fetch_add(1, std::memory_order_relaxed));
}

bool engine::enter()
{
    std::lock_guard const lock{mutex_};
    return dispatcher_.enter();
}

void engine::leave()
{
    dispatch::actions todo;
    {
        std::lock_guard const lock{mutex_};
        if (abandoned_)
            return;
        dispatcher_.leave(todo);
    }
    perform(todo, false);
}

void engine::complete_later(std::unique_ptr<operation> subject)
{
    // One that was refused before it was submitted took no time.
    if (subject->submitted_at == dispatch::time_point{})
        subject->submitted_at = dispatch::clock::now();
    post([self = shared_from_this(), subject = std::move(subject)]() mutable {
        operation& ended = *subject;
        if (self->settings_.observer)
            self->report_completion(ended);
        ended.complete(std::move(subject));
    });
}

// ---------------------------------------------------------------------------------------------------------------------
// What is asked for

void engine::cancel(dispatch::call::key place, asio::cancellation_type type)
{
    bool const in_flight = (type & (asio::cancellation_type::partial | asio::cancellation_type::terminal)) !=
                           asio::cancellation_type::none;
    dispatch::actions todo;
    {
        std::lock_guard const lock{mutex_};
        if (dispatch::call* const subject = dispatcher_.find(place))
            dispatcher_.cancel(*subject, in_flight, todo);
    }
    perform(todo, false);
}

void engine::cancel_all()
{
    dispatch::actions todo;
    {
        std::lock_guard const lock{mutex_};
        ++cancellations_;
        dispatcher_.cancel_all(todo);
    }
    perform(todo, false);
}

void engine::close_idle()
{
    dispatch::actions todo;
    {
        std::lock_guard const lock{mutex_};
        dispatcher_.close_idle(todo);
    }
    perform(todo, false);
}

void engine::drain(std::unique_ptr<drain_operation> subject)
{
    dispatch::actions todo;
    {
        std::lock_guard const lock{mutex_};
        dispatch::time_point const deadline = subject->deadline;
        drains_.push_back(std::move(subject));
        dispatcher_.drain(todo);
        if (dispatcher_.outstanding() != 0)
            arm(deadline);
    }
    perform(todo, false);
}

void engine::cancel_drain(std::uint64_t id)
{
    std::lock_guard const lock{mutex_};
    auto const found = std::find_if(drains_.begin(), drains_.end(), [id](auto const& each) { return each->id == id; });
    if (found == drains_.end())
        return;
    (*found)->result = errc::cancelled_before_sent;
    post([self = shared_from_this(), ended = std::move(*found)] {
        caller<drain_handler>::call(std::move(ended->handler), error_code{ended->result});
    });
    drains_.erase(found);
}

void engine::destroy()
{
    dispatch::actions todo;
    {
        std::lock_guard const lock{mutex_};
        if (abandoned_)
            return;
        dispatcher_.shutdown(todo);
        dispatcher_.drain(todo);
    }
    perform(todo, false);
}

void engine::abandon() noexcept
{
    std::vector<std::shared_ptr<dispatch::connection>> connections;
    std::vector<std::unique_ptr<operation>> operations;
    std::vector<std::unique_ptr<drain_operation>> drains;
    {
        std::lock_guard const lock{mutex_};
        if (abandoned_.exchange(true))
            return;
        connections = dispatcher_.connections();
        dispatcher_.abandon([&](dispatch::call& each) { operations.emplace_back(&static_cast<operation&>(each)); });
        drains.swap(drains_);
        // Neither a timer nor an executor may outlive its context.
        timer_.reset();
        home_ = {};
    }
    for (auto const& each : connections)
        static_cast<link&>(*each).wire->close();
}

// ---------------------------------------------------------------------------------------------------------------------
// What connections tell

std::shared_ptr<dispatch::connection> engine::make_link()
{
    auto made = std::make_shared<link>(shared_from_this(), ++links_);
    made->wire = std::make_shared<transport::connection>(home_, route_, made);
    return made;
}

void engine::on_opened(link& where, bool resumed)
{
    auto const now = dispatch::clock::now();
    // From here on the connection may be put to use, elsewhere.
    auto const took = now - where.began_at;
    dispatch::actions todo;
    {
        std::lock_guard const lock{mutex_};
        if (where.state() != dispatch::connection_state::opening)
            return;
        last_open_failure_.clear();
        dispatcher_.opened(where, now, todo);
        watch(now, todo);
    }
    if (settings_.observer) {
        connected_event event;
        event.connection = where.number();
        event.duration = std::chrono::duration_cast<std::chrono::microseconds>(took);
        event.resumed = resumed;
        settings_.observer->on_connected(event);
    }
    perform(todo, true);
}

void engine::on_open_failed(link& where, transport::failure const& cause)
{
    auto const now = dispatch::clock::now();
    dispatch::actions todo;
    {
        std::lock_guard const lock{mutex_};
        if (where.state() != dispatch::connection_state::opening)
            return;
        last_open_failure_ = cause.detail;
        dispatcher_.open_failed(where, cause.error, now, todo);
        watch(now, todo);
    }
    if (settings_.observer) {
        connected_event event;
        event.connection = where.number();
        event.error = cause.error;
        event.duration = std::chrono::duration_cast<std::chrono::microseconds>(now - where.began_at);
        settings_.observer->on_connected(event);
    }
    perform(todo, true, cause.detail);
}

void engine::on_replied(link& where, transport::reply const& said)
{
    // The call is this connection's alone until the dispatcher hears of the answer.
    auto& subject = static_cast<operation&>(*where.current());
    dispatch::verdict verdict;
    std::string cause;
    bool readable = true;
    try {
        verdict = subject.interpret(said);
    }
    catch (std::exception const& error) {
        // A program's own reply type, or no memory. The call must end all the same.
        readable = false;
        cause = std::string{"the reply could not be read: "} + error.what();
    }
    catch (...) {
        readable = false;
        cause = "the reply could not be read";
    }
    if (settings_.observer)
        report_attempt(where, subject, {}, said.status, said.body.size());
    auto const now = dispatch::clock::now();
    dispatch::actions todo;
    {
        std::lock_guard const lock{mutex_};
        if (abandoned_)
            return;
        if (!readable) {
            dispatcher_.exchange_failed(where, {.error = errc::malformed_reply, .written = said.written}, now, todo);
        }
        // An answer that says nothing about the mail, to a request that had not left whole: then nothing was accepted.
        else if (verdict.what == dispatch::verdict::kind::unknown && !said.written) {
            cause = "the server answered with status " + std::to_string(said.status) + " before it had the whole request";
            dispatcher_.exchange_failed(where, {.error = errc::write_failed}, now, todo);
        }
        else {
            dispatcher_.answered(where, verdict, said.reusable, now, todo);
        }
        watch(now, todo);
    }
    perform(todo, true, cause);
}

void engine::on_exchange_failed(link& where, transport::failure const& cause)
{
    auto const now = dispatch::clock::now();
    if (settings_.observer)
        report_attempt(where, static_cast<operation&>(*where.current()), cause.error, 0, 0);
    dispatch::actions todo;
    {
        std::lock_guard const lock{mutex_};
        if (abandoned_)
            return;
        dispatcher_.exchange_failed(where, {cause.error, cause.written, cause.untouched}, now, todo);
        watch(now, todo);
    }
    perform(todo, true, cause.detail);
}

void engine::on_due(dispatch::time_point when)
{
    std::lock_guard const lock{mutex_};
    if (dispatcher_.outstanding() != 0)
        arm(when);
}

void engine::report_queued(operation const& subject)
{
    queued_event event;
    event.call = subject.id();
    event.request_bytes = subject.terms.bytes;
    event.waiting = dispatcher_.waiting();
    // An observer hears of everything on the client's executor, and under no lock.
    post([self = shared_from_this(), event] { self->settings_.observer->on_queued(event); });
}

void engine::report_attempt(link const& where, operation const& subject, error_code error, unsigned status,
                            std::size_t reply_bytes) const
{
    attempt_event event;
    event.call = subject.id();
    event.connection = where.number();
    event.error = error;
    event.http_status = status;
    event.request_bytes = where.request_bytes;
    event.reply_bytes = reply_bytes;
    event.duration = std::chrono::duration_cast<std::chrono::microseconds>(dispatch::clock::now() - where.began_at);
    settings_.observer->on_attempt(event);
}

// ---------------------------------------------------------------------------------------------------------------------
// What the dispatcher decided

/// Carries out decisions, those included that follow from them.
/// \param in_place handlers may be called here; else they are posted
/// \param cause    what the error of a call that is completed is due to, for people
void engine::perform(dispatch::actions& todo, bool in_place, std::string const& cause)
{
    std::string latest_cause = cause;
    std::exception_ptr thrown;
    for (std::size_t index = 0; index != todo.size(); ++index) {
        // By value: carrying it out may add to the list.
        dispatch::action const what = std::move(todo[index]);
        switch (what.what) {
        case dispatch::action::kind::open: {
            auto& where = static_cast<link&>(*what.keep);
            auto const now = dispatch::clock::now();
            where.began_at = now;
            where.wire->open(now);
            break;
        }
        case dispatch::action::kind::start:
            start(what, todo, latest_cause);
            break;
        case dispatch::action::kind::abort: {
            auto& where = static_cast<link&>(*what.keep);
            // What else failed is not why this one ends.
            latest_cause.clear();
            if (auto const failed = where.wire->abort(what.exchange))
                tell_failure(where, *failed, todo);
            break;
        }
        case dispatch::action::kind::close:
            static_cast<link&>(*what.keep).wire->close();
            break;
        case dispatch::action::kind::complete:
            try {
                complete(static_cast<operation&>(*what.subject), what.error, latest_cause, in_place && !thrown);
            }
            catch (...) {
                // A handler threw, which is for whoever runs the context. The rest is done first; no other handler is called
                // here any more.
                thrown = std::current_exception();
            }
            break;
        case dispatch::action::kind::drained:
            finish_drains();
            break;
        }
    }
    settle();
    if (thrown)
        std::rethrow_exception(thrown);
}

void engine::start(dispatch::action const& what, dispatch::actions& todo, std::string& cause)
{
    auto& where = static_cast<link&>(*what.where);
    auto& subject = static_cast<operation&>(*what.subject);
    transport::exchange_request request;
    request.number = what.exchange;
    request.bytes = subject.prepare();
    request.reply_limit = subject.reply_limit;
    request.reply_timeout = subject.reply_timeout;
    request.after_idling = what.after_idling;
    auto const now = dispatch::clock::now();
    if (request.bytes.empty()) {
        std::lock_guard const lock{mutex_};
        // One that has idled was not looked at, so it is not handed on.
        dispatcher_.answered(where, {.what = dispatch::verdict::kind::success}, !what.after_idling, now, todo);
        return watch(now, todo);
    }
    where.began_at = now;
    where.request_bytes = request.bytes.size();
    if (auto const failed = where.wire->exchange(request, now)) {
        cause = failed->detail;
        tell_failure(where, *failed, todo);
    }
}

/// What a connection said at once instead of later.
void engine::tell_failure(link& where, transport::failure const& cause, dispatch::actions& todo)
{
    auto const now = dispatch::clock::now();
    std::lock_guard const lock{mutex_};
    if (abandoned_)
        return;
    dispatcher_.exchange_failed(where, {cause.error, cause.written, cause.untouched}, now, todo);
    watch(now, todo);
}

void engine::complete(operation& subject, std::optional<errc> error, std::string const& cause, bool in_place)
{
    std::unique_ptr<operation> owned{&subject};
    if (error)
        subject.fail(*error, explain(*error, cause));
    if (!in_place)
        return complete_later(std::move(owned));
    if (settings_.observer)
        report_completion(subject);
    subject.complete(std::move(owned));
}

void engine::report_completion(operation const& subject) const
{
    completed_event event;
    event.call = subject.id();
    event.error = subject.result();
    event.attempts = subject.attempts();
    event.duration =
        std::chrono::duration_cast<std::chrono::microseconds>(dispatch::clock::now() - subject.submitted_at);
    settings_.observer->on_completed(event);
}

/// Nobody waits for a drain in vain: all of them end together.
void engine::finish_drains()
{
    std::vector<std::unique_ptr<drain_operation>> ended;
    {
        std::lock_guard const lock{mutex_};
        ended.swap(drains_);
    }
    for (auto& each : ended) {
        post([self = shared_from_this(), each = std::move(each)] {
            caller<drain_handler>::call(std::move(each->handler), error_code{each->result});
        });
    }
}

/// When nothing is outstanding, nothing may be left pending either.
void engine::settle()
{
    if (dispatcher_.outstanding() != 0)
        return;
    dispatch::actions todo;
    {
        std::lock_guard const lock{mutex_};
        if (dispatcher_.outstanding() != 0 || abandoned_)
            return;
        dispatcher_.rest(todo);
        if (armed_ != dispatch::time_point::max()) {
            armed_ = dispatch::time_point::max();
            ++timer_generation_;
            timer_->cancel();
        }
    }
    for (dispatch::action const& each : todo)
        static_cast<link&>(*each.keep).wire->close();
}

// ---------------------------------------------------------------------------------------------------------------------
// Time

/// Sees to it that the timer is not late for what was decided.
void engine::watch(dispatch::time_point now, dispatch::actions const& todo)
{
    bool const begins = std::any_of(todo.begin(), todo.end(), [](dispatch::action const& each) {
        return each.what == dispatch::action::kind::start || each.what == dispatch::action::kind::open;
    });
    auto next = dispatcher_.next_tick();
    if (begins)
        next = std::min(next, now + shortest_phase_);
    arm(next);
}

void engine::arm(dispatch::time_point when)
{
    if (when >= armed_ || !timer_)
        return;
    armed_ = when;
    timer_->expires_at(when);
    timer_->async_wait([self = shared_from_this(), generation = ++timer_generation_](boost::system::error_code error) {
        if (!error)
            self->on_timer(generation);
    });
}

void engine::on_timer(std::uint64_t generation)
{
    auto const now = dispatch::clock::now();
    dispatch::actions todo;
    std::vector<std::shared_ptr<dispatch::connection>> connections;
    std::string cause;
    {
        std::lock_guard const lock{mutex_};
        if (generation != timer_generation_ || abandoned_)
            return;
        armed_ = dispatch::time_point::max();
        dispatcher_.tick(now, todo);
        bool const drain_is_over =
            std::any_of(drains_.begin(), drains_.end(), [now](auto const& each) { return each->deadline <= now; });
        if (drain_is_over) {
            ++cancellations_;
            dispatcher_.cancel_all(todo);
        }
        connections = dispatcher_.connections();
        if (!todo.empty())
            cause = last_open_failure_;
    }
    // Nothing is called in place here: what a handler throws must not keep the timer from being armed again.
    perform(todo, false, cause);

    auto next = dispatch::time_point::max();
    for (auto const& each : connections) {
        auto const& wire = static_cast<link&>(*each).wire;
        auto const due = wire->deadline();
        if (due <= now)
            post([wire, now] { wire->tick(now); });
        else
            next = std::min(next, due);
        // A phase that begins meanwhile may be over sooner than the one that is under way.
        if (due != dispatch::time_point::max())
            next = std::min(next, now + shortest_phase_);
    }
    std::lock_guard const lock{mutex_};
    if (dispatcher_.outstanding() == 0 || abandoned_)
        return;
    next = std::min(next, dispatcher_.next_tick());
    for (auto const& each : drains_)
        next = std::min(next, each->deadline > now ? each->deadline : dispatch::time_point::max());
    arm(std::max(next, now + timer_grain));
}

} // namespace postmark::detail

// SPDX-License-Identifier: BSL-1.0

#include "trial_ledger.hpp"

#include "agreement.hpp"

#include <postmark/error.hpp>

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <string_view>

namespace postmark::test {

namespace {

/// The reason that an error of an unknown outcome gives.
effect reason_of(error_code const& error)
{
    if (error == errc::connection_lost) {
        return effect::lost;
    }
    if (error == errc::timed_out_in_flight) {
        return effect::late;
    }
    if (error == errc::malformed_reply) {
        return effect::malformed;
    }
    if (error == errc::server_error) {
        return effect::server_error;
    }
    if (error == errc::item_count_mismatch) {
        return effect::wrong_count;
    }
    if (error == errc::reply_too_large) {
        return effect::too_large;
    }
    return effect::none;
}

bool is_refused_for_now(error_code const& error)
{
    return error == api_errc::rate_limit_exceeded || error == api_errc::maintenance;
}

std::size_t times(server_process::report const& server, std::string const& action)
{
    auto const found = server.faults.find(action);
    return found == server.faults.end() ? 0 : found->second;
}

/// How often a fault with this effect was played.
std::size_t times(server_process::report const& server, effect wanted)
{
    std::set<std::string> actions;
    for (random_fault const& fault : random_faults()) {
        if (fault.what == wanted) {
            actions.insert(fault.action);
        }
    }
    std::size_t sum = 0;
    for (std::string const& action : actions) {
        sum += times(server, action);
    }
    return sum;
}

/// The requests, or the connections, that a fault could meet.
std::size_t occasions(server_process::report const& server, target kind)
{
    if (kind == target::connection) {
        return server.connections;
    }
    auto const paths = paths_of(kind);
    if (paths.empty()) {
        return server.requests;
    }
    std::size_t sum = 0;
    for (std::string const& path : paths) {
        auto const found = server.requests_by_endpoint.find(path);
        sum += found == server.requests_by_endpoint.end() ? 0 : found->second;
    }
    return sum;
}

std::size_t excess(std::size_t value, std::size_t limit)
{
    return value > limit ? value - limit : 0;
}

} // namespace

trial_ledger::trial_ledger(trial_options const& options)
    : options_{options}
    , reported_(options.messages)
    , recorded_(options.messages)
{
}

void trial_ledger::record(std::size_t number, std::size_t call, receipt const& result, bool agrees)
{
    reported& mail = reported_.at(number);
    error_code const& error = result.error;
    ++mail.completions;
    mail.call = static_cast<std::uint32_t>(call);
    mail.outcome = result.outcome;
    mail.hash = std::hash<std::string>{}(result.message_id);
    if (result.outcome == outcome::unknown) {
        mail.reason = reason_of(error);
    } else if (result.outcome == outcome::rejected && error != api_errc::inactive_recipient) {
        mail.reason = is_refused_for_now(error) ? effect::again : effect::refused;
    }
    mail.cancelled = error == errc::cancelled_in_flight;
    agrees = agrees && test::agrees(result);
    // The script and the messages cause no other refusals.
    if (result.outcome == outcome::rejected) {
        agrees =
            agrees && (is_refused_for_now(error) || error == api_errc::invalid_email_request ||
                       error == errc::http_refused || (is_refused(number) && error == api_errc::inactive_recipient));
    }
    mail.contradicts_itself = !agrees;
    ++completed_;
}

findings trial_ledger::compare(server_process& server, std::size_t cancellations)
{
    findings found;
    read_record(server, found);
    judge_messages(found);
    judge_reasons(found, cancellations);
    if (options_.at_least_once) {
        found.too_sure += too_few_repetitions(found);
    } else if (options_.coalesce) {
        found.too_sure += split_requests();
    }
    find_missing(found);
    return found;
}

void trial_ledger::read_record(server_process& server, findings& found)
{
    found.server = server.finish([&](server_process::acceptance const& accepted) {
        if (accepted.number >= options_.messages) {
            ++found.wrong;
            return;
        }
        recorded& mail = recorded_[accepted.number];
        ++mail.times;
        if (std::hash<std::string>{}(accepted.message_id) == reported_[accepted.number].hash) {
            mail.matches = true;
        }
        if (options_.coalesce) {
            record_.push_back(
                {static_cast<std::uint32_t>(accepted.number), accepted.endpoint.find("batch") != std::string::npos});
        }
    });
}

/// Checks each message by itself.
void trial_ledger::judge_messages(findings& found) const
{
    for (std::size_t number = 0; number != options_.messages; ++number) {
        reported const& mail = reported_[number];
        recorded const& record = recorded_[number];
        ++found.by_outcome.at(static_cast<std::size_t>(mail.outcome));
        found.lost += mail.completions == 1 ? 0 : 1;
        found.duplicates += record.times > 1 ? 1U : 0U;
        bool const says_yes = mail.outcome == outcome::accepted;
        bool const says_no = mail.outcome == outcome::rejected || mail.outcome == outcome::not_sent;
        bool const is_wrong = (says_yes && !record.matches) || (says_no && record.times != 0) ||
                              mail.contradicts_itself || (is_refused(number) && (says_yes || record.times != 0));
        found.wrong += is_wrong ? 1U : 0U;
        found.needless += mail.outcome == outcome::unknown && mail.reason == effect::none && !mail.cancelled ? 1U : 0U;
        found.cancelled += mail.cancelled ? 1U : 0U;
    }
}

/// Compares the reasons of unknown outcomes with the faults that the server played.
void trial_ledger::judge_reasons(findings& found, std::size_t cancellations) const
{
    bool const batches = options_.batch != 0;
    bool const many = batches || options_.coalesce;
    for (effect const reason : unknown_effects) {
        // Each request ended for one reason, which all of its messages have. The client does not report which messages
        // were coalesced into one request.
        std::size_t const ended = parts_where([&](reported const& mail) { return mail.reason == reason; });
        std::size_t const played = times(found.server, reason);
        std::size_t minimum = played;
        std::size_t maximum = played;
        std::size_t spared = 0;
        switch (reason) {
        case effect::lost:
            maximum += times(found.server, effect::chance);
            spared = 4 * large_mails();
            break;
        case effect::late:
            spared = 4 * large_mails();
            break;
        case effect::malformed:
            // A refusal without its ErrorCode has no meaning.
            maximum += many ? times(found.server, "no_error_code") : 0;
            spared = refused_alone(found);
            break;
        case effect::wrong_count:
            // A coalesced request has at least two messages.
            minimum *= options_.coalesce ? 2 : 1;
            break;
        case effect::too_large:
            // The size of a refusal is not checked further.
            spared = parts_where([](reported const& mail) { return mail.reason == effect::refused; });
            break;
        default:
            break;
        }
        // A cancelled call may end before its fault is played.
        if (options_.cancel != 0) {
            spared += parts_where([](reported const& mail) { return mail.cancelled; }) + large_mails();
        }
        // A batch that is refused whole is split, and each half may be refused again.
        spared += batches ? 2 * times(found.server, effect::refused) : 0;
        if (options_.coalesce) {
            maximum *= std::min<std::size_t>(options_.callers, 500);
        }
        found.needless += excess(ended, maximum);
        // A repeated send may be accepted in the end.
        if (!options_.at_least_once) {
            found.too_sure += excess(minimum, ended + spared);
        }
    }
    // A cancellation ends one call, with at most `batch` messages.
    found.needless += excess(found.cancelled, cancellations * std::max<std::size_t>(options_.batch, 1));
}

/// A request without a meaningful reply, and one that the server asked to send later, is either repeated, or its part
/// of the call ends without a certain outcome. The number of requests that the server received shows whether that
/// holds.
/// \return requests with such a fault that were followed by neither
std::size_t trial_ledger::too_few_repetitions(findings const& found) const
{
    std::size_t const parts = parts_where([](reported const&) { return true; });
    std::size_t const open = parts_where([](reported const& mail) {
        return mail.outcome == outcome::unknown || mail.outcome == outcome::not_sent || mail.reason == effect::again;
    });
    std::size_t forced = times(found.server, effect::again);
    for (effect const reason : unknown_effects) {
        forced += times(found.server, reason);
    }
    // A refusal counts as one whatever its body is.
    std::size_t spared = refused_alone(found);
    std::size_t halvings = 0;
    if (options_.batch != 0) {
        // A request that is refused whole is split, unless it holds one message or may have been accepted by an earlier
        // attempt. A half of one message may be refused for good.
        std::size_t const refused = times(found.server, effect::refused);
        std::size_t const rejected = static_cast<std::size_t>(std::count_if(
            reported_.begin(), reported_.end(), [](reported const& mail) { return mail.reason == effect::refused; }));
        spared += refused;
        halvings = excess(refused, rejected + open);
    }
    // Each half adds one last request.
    return excess(forced + parts + halvings, found.server.requests + open + spared);
}

/// What ends a shared request ends it for all of its messages, which stand together in the server's record.
/// \return messages that are mail to have lost their request, while those beside them say nothing of the kind
std::size_t trial_ledger::split_requests() const
{
    std::size_t torn = 0;
    for (effect const reason : {effect::lost, effect::server_error, effect::wrong_count}) {
        auto const fits = [&](std::size_t at) {
            if (at >= record_.size() || !record_[at].coalesced) {
                return false;
            }
            reported const& mail = reported_[record_[at].number];
            // A message whose call ended earlier has a reason of its own.
            return mail.reason == reason || mail.reason == effect::late || mail.cancelled;
        };
        std::size_t alone = 0;
        for (std::size_t at = 0; at != record_.size(); ++at) {
            if (record_[at].coalesced && reported_[record_[at].number].reason == reason && !fits(at - 1) &&
                !fits(at + 1)) {
                ++alone;
            }
        }
        // Refused messages are not in the server's record.
        std::size_t absent = 0;
        for (std::size_t number = 0; number != options_.messages; ++number) {
            absent += is_refused(number) && reported_[number].reason == reason ? 1U : 0U;
        }
        torn += excess(alone, absent);
    }
    return torn;
}

void trial_ledger::find_missing(findings& found) const
{
    auto const& faults = random_faults();
    auto const shares = shares_of_faults(options_.faults);
    std::map<std::string, double> expected;
    for (std::size_t at = 0; at != faults.size(); ++at) {
        expected[faults[at].action] += shares[at] * static_cast<double>(occasions(found.server, faults[at].meets));
    }
    for (auto const& [action, expectation] : expected) {
        // By chance this happens once in 500 million runs.
        if (expectation > 20 && !found.server.faults.contains(action)) {
            found.missing.push_back(action);
        }
    }
}

/// Counts the parts of calls with a message that fulfils the condition.
template <class Condition>
std::size_t trial_ledger::parts_where(Condition const& condition) const
{
    // The messages of a call have consecutive numbers; those with templates are among the others.
    std::array<std::uint32_t, 2> last{};
    last.fill(std::numeric_limits<std::uint32_t>::max());
    std::size_t count = 0;
    for (std::size_t number = 0; number != options_.messages; ++number) {
        reported const& mail = reported_[number];
        std::uint32_t& before = last.at(is_template(number) ? 1 : 0);
        if (mail.call == before || !condition(mail)) {
            continue;
        }
        before = mail.call;
        ++count;
    }
    return count;
}

/// The maximum number of refused messages that were alone in their request.
std::size_t trial_ledger::refused_alone(findings const& found) const
{
    std::size_t count = 0;
    for (std::size_t number = 0; number != options_.messages; ++number) {
        count += is_refused(number) && reported_[number].outcome == outcome::rejected ? 1U : 0U;
    }
    return std::min(count, occasions(found.server, target::request_of_one));
}

std::size_t trial_ledger::large_mails() const
{
    std::size_t count = 0;
    for (std::size_t number = 0; number != options_.messages; ++number) {
        count += is_large(options_, number) ? 1U : 0U;
    }
    return count;
}

} // namespace postmark::test

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

/// Why an outcome is unknown; nothing else may be the reason.
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

std::size_t times(server_process::report const& said, std::string const& action)
{
    auto const found = said.faults.find(action);
    return found == said.faults.end() ? 0 : found->second;
}

/// How often a fault with this effect was played.
std::size_t times(server_process::report const& said, effect what)
{
    std::set<std::string> actions;
    for (random_fault const& each : random_faults()) {
        if (each.what == what) {
            actions.insert(each.action);
        }
    }
    std::size_t sum = 0;
    for (std::string const& each : actions) {
        sum += times(said, each);
    }
    return sum;
}

/// The requests, or the connections, that a fault could meet.
std::size_t occasions(server_process::report const& said, target which)
{
    if (which == target::connection) {
        return said.connections;
    }
    auto const paths = paths_of(which);
    if (paths.empty()) {
        return said.requests;
    }
    std::size_t sum = 0;
    for (std::string const& each : paths) {
        auto const found = said.requests_by_endpoint.find(each);
        sum += found == said.requests_by_endpoint.end() ? 0 : found->second;
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
    , verdicts_(options.messages)
    , entries_(options.messages)
{
}

void trial_ledger::enter(std::size_t number, std::size_t call, receipt const& said, bool agrees)
{
    verdict& kept = verdicts_.at(number);
    error_code const& error = said.error;
    ++kept.completions;
    kept.call = static_cast<std::uint32_t>(call);
    kept.what = said.outcome;
    kept.hash = std::hash<std::string>{}(said.message_id);
    if (said.outcome == outcome::unknown) {
        kept.why = reason_of(error);
    } else if (said.outcome == outcome::rejected && error != api_errc::inactive_recipient) {
        kept.why = is_refused_for_now(error) ? effect::again : effect::refused;
    }
    kept.cancelled = error == errc::cancelled_in_flight;
    agrees = agrees && test::agrees(said);
    // Only these refusals were scripted, or are due to the message.
    if (said.outcome == outcome::rejected) {
        agrees =
            agrees && (is_refused_for_now(error) || error == api_errc::invalid_email_request ||
                       error == errc::http_refused || (is_refused(number) && error == api_errc::inactive_recipient));
    }
    kept.contradicts_itself = !agrees;
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
        found.too_sure += torn_requests();
    }
    find_missing(found);
    return found;
}

void trial_ledger::read_record(server_process& server, findings& found)
{
    found.server = server.finish([&](server_process::acceptance const& each) {
        if (each.number >= options_.messages) {
            ++found.wrong;
            return;
        }
        entry& kept = entries_[each.number];
        ++kept.times;
        if (std::hash<std::string>{}(each.message_id) == verdicts_[each.number].hash) {
            kept.matches = true;
        }
        if (options_.coalesce) {
            record_.push_back(
                {static_cast<std::uint32_t>(each.number), each.endpoint.find("batch") != std::string::npos});
        }
    });
}

/// What is certain of each message by itself.
void trial_ledger::judge_messages(findings& found) const
{
    for (std::size_t number = 0; number != options_.messages; ++number) {
        verdict const& said = verdicts_[number];
        entry const& known = entries_[number];
        ++found.by_outcome.at(static_cast<std::size_t>(said.what));
        found.lost += said.completions == 1 ? 0 : 1;
        found.duplicates += known.times > 1 ? 1U : 0U;
        bool const says_yes = said.what == outcome::accepted;
        bool const says_no = said.what == outcome::rejected || said.what == outcome::not_sent;
        bool const is_wrong = (says_yes && !known.matches) || (says_no && known.times != 0) ||
                              said.contradicts_itself || (is_refused(number) && (says_yes || known.times != 0));
        found.wrong += is_wrong ? 1U : 0U;
        found.needless += said.what == outcome::unknown && said.why == effect::none && !said.cancelled ? 1U : 0U;
        found.cancelled += said.cancelled ? 1U : 0U;
    }
}

/// Compares the reasons for not knowing with the faults that were played.
void trial_ledger::judge_reasons(findings& found, std::size_t cancellations) const
{
    bool const batches = options_.batch != 0;
    bool const many = batches || options_.coalesce;
    for (effect const why : unknown_effects) {
        // Each request ended for one reason. Of those that were shared it is not known who shared them, but each of
        // their messages has the reason.
        std::size_t const ended = parts_where([&](verdict const& said) { return said.why == why; });
        std::size_t const played = times(found.server, why);
        std::size_t least = played;
        std::size_t most = played;
        std::size_t spared = 0;
        switch (why) {
        case effect::lost:
            most += times(found.server, effect::chance);
            spared = 4 * large_mails();
            break;
        case effect::late:
            spared = 4 * large_mails();
            break;
        case effect::malformed:
            // An item without an ErrorCode that would have been a refusal says nothing at all.
            most += many ? times(found.server, "no_error_code") : 0;
            spared = refused_alone(found);
            break;
        case effect::wrong_count:
            // Two messages at least share a request.
            least *= options_.coalesce ? 2 : 1;
            break;
        case effect::too_large:
            // Of a refusal nothing else is read then.
            spared = parts_where([](verdict const& said) { return said.why == effect::refused; });
            break;
        default:
            break;
        }
        // What was cancelled does not wait for its fault.
        if (options_.cancel != 0) {
            spared += parts_where([](verdict const& said) { return said.cancelled; }) + large_mails();
        }
        // A batch that is refused whole is halved, and each half may meet the same again.
        spared += batches ? 2 * times(found.server, effect::refused) : 0;
        if (options_.coalesce) {
            most *= std::min<std::size_t>(options_.callers, 500);
        }
        found.needless += excess(ended, most);
        // What is repeated may end well after all.
        if (!options_.at_least_once) {
            found.too_sure += excess(least, ended + spared);
        }
    }
    // A cancellation ends one call, which is of so many messages at most.
    found.needless += excess(found.cancelled, cancellations * std::max<std::size_t>(options_.batch, 1));
}

/// Each request that was left without a meaningful answer, or was told to come again, was repeated, or else its part of
/// the call ended without a certain outcome. So the requests that the server saw say whether there were enough of
/// either.
/// \return requests with such a fault after which there was neither
std::size_t trial_ledger::too_few_repetitions(findings const& found) const
{
    std::size_t const parts = parts_where([](verdict const&) { return true; });
    std::size_t const open = parts_where([](verdict const& said) {
        return said.what == outcome::unknown || said.what == outcome::not_sent || said.why == effect::again;
    });
    std::size_t forced = times(found.server, effect::again);
    for (effect const why : unknown_effects) {
        forced += times(found.server, why);
    }
    // A refusal is one whatever its body is like.
    std::size_t spared = refused_alone(found);
    std::size_t halvings = 0;
    if (options_.batch != 0) {
        // What is refused whole is halved, unless it is one message, or may have been accepted before. A half of one
        // message may be a refusal.
        std::size_t const refused = times(found.server, effect::refused);
        std::size_t const rejected = static_cast<std::size_t>(std::count_if(
            verdicts_.begin(), verdicts_.end(), [](verdict const& said) { return said.why == effect::refused; }));
        spared += refused;
        halvings = excess(refused, rejected + open);
    }
    // Each half is one more that has a last request.
    return excess(forced + parts + halvings, found.server.requests + open + spared);
}

/// What ends a shared request ends it for all of its messages, which stand together in the server's record.
/// \return messages that are said to have lost their request, while those beside them say nothing of the kind
std::size_t trial_ledger::torn_requests() const
{
    std::size_t torn = 0;
    for (effect const why : {effect::lost, effect::server_error, effect::wrong_count}) {
        auto const fits = [&](std::size_t at) {
            if (at >= record_.size() || !record_[at].shared) {
                return false;
            }
            verdict const& said = verdicts_[record_[at].number];
            // Who did not wait until the end says so.
            return said.why == why || said.why == effect::late || said.cancelled;
        };
        std::size_t alone = 0;
        for (std::size_t at = 0; at != record_.size(); ++at) {
            if (record_[at].shared && verdicts_[record_[at].number].why == why && !fits(at - 1) && !fits(at + 1)) {
                ++alone;
            }
        }
        // What the service refuses is not in its record.
        std::size_t absent = 0;
        for (std::size_t number = 0; number != options_.messages; ++number) {
            absent += is_refused(number) && verdicts_[number].why == why ? 1U : 0U;
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
        // By chance that happens once in 500 million runs.
        if (expectation > 20 && !found.server.faults.contains(action)) {
            found.missing.push_back(action);
        }
    }
}

/// Counts the parts of calls that have a message of which the condition holds.
template <class Condition>
std::size_t trial_ledger::parts_where(Condition const& condition) const
{
    // The messages of a call follow each other, those with templates among the others.
    std::array<std::uint32_t, 2> last{};
    last.fill(std::numeric_limits<std::uint32_t>::max());
    std::size_t count = 0;
    for (std::size_t number = 0; number != options_.messages; ++number) {
        verdict const& said = verdicts_[number];
        std::uint32_t& before = last.at(is_template(number) ? 1 : 0);
        if (said.call == before || !condition(said)) {
            continue;
        }
        before = said.call;
        ++count;
    }
    return count;
}

/// Messages that the service refused and that were a request of their own, at most: a refusal is one whatever its body
/// is like.
std::size_t trial_ledger::refused_alone(findings const& found) const
{
    std::size_t count = 0;
    for (std::size_t number = 0; number != options_.messages; ++number) {
        count += is_refused(number) && verdicts_[number].what == outcome::rejected ? 1U : 0U;
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

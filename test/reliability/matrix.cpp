// SPDX-License-Identifier: BSL-1.0

// Plays every fault of the sandbox in every way to send, and compares each receipt with what the sandbox really
// accepted and with what the promise says. Writes the table of that, and can tell whether the one in a document is
// still the same.

#include "command_line.hpp"
#include "fault_bench.hpp"
#include "fault_rows.hpp"
#include "matrix_document.hpp"
#include "random_faults.hpp"

#include <postmark/error.hpp>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

using postmark::errc;
using postmark::outcome;
using postmark::test::fault_bench;
using postmark::test::fault_row;
using postmark::test::item_row;
using postmark::test::large_row;
using postmark::test::numbered_message;
using postmark::test::phase;
using postmark::test::way;
using postmark::test::ways;

namespace {

/// The sandbox refuses mail to it.
constexpr char const* suppressed = "gone@recipient.example";

std::string quantity(outcome scenario, std::size_t taken)
{
    std::string text{to_string(scenario)};
    for (char& each : text) {
        each = each == '_' ? ' ' : each;
    }
    return text + ' ' + std::to_string(taken);
}

/// "accepted rejected accepted" and the like, runs of the same outcome as "accepted*3".
std::string in_words(std::vector<outcome> const& outcomes)
{
    std::string text;
    for (std::size_t at = 0; at != outcomes.size();) {
        std::size_t end = at;
        while (end != outcomes.size() && outcomes[end] == outcomes[at]) {
            ++end;
        }
        text += (at == 0 ? "" : " ") + std::string{to_string(outcomes[at])};
        if (end - at > 1) {
            text += '*' + std::to_string(end - at);
        }
        at = end;
    }
    return text;
}

struct heading {
    phase where;
    std::string_view title;
};

constexpr heading headings[] = {
    {phase::connection, "While the connection is made"},
    {phase::request, "Around the request"},
    {phase::status, "The status says it"},
    {phase::protocol, "The reply is not HTTP"},
    {phase::reply, "Around the reply"},
    {phase::body, "The body of the reply"},
};

class matrix {
public:
    /// Returns the table; `failures` then has what went wrong.
    std::string play()
    {
        for (heading const& each : headings) {
            play_phase(each);
        }
        play_items();
        play_large();
        play_refusals();
        return table_.str();
    }

    [[nodiscard]] std::vector<std::string> const& failures() const { return failures_; }
    [[nodiscard]] std::set<std::string> const& actions() const { return actions_; }
    [[nodiscard]] std::size_t cells() const { return cells_; }

private:
    void begin_table(std::string_view title, std::vector<std::string> const& columns)
    {
        table_ << "\n### " << title << "\n\n|";
        for (auto const& each : columns) {
            table_ << ' ' << each << " |";
        }
        table_ << "\n|";
        for (std::size_t column = 0; column != columns.size(); ++column) {
            table_ << "---|";
        }
        table_ << '\n';
    }

    void begin_row(std::string_view name, std::string const& fault)
    {
        table_ << "| " << name << " | `{\"do\":" << fault << "}` |";
        actions_.insert(fault.substr(1, fault.find('"', 1) - 1));
    }

    static std::vector<std::string> columns(bool more)
    {
        std::vector<std::string> all{"Fault", "In the script"};
        for (way const how : ways) {
            for (char const* const connection : {"fresh", "kept"}) {
                all.push_back(std::string{name_of(how)} + ", " + connection);
            }
        }
        if (more) {
            all.emplace_back("once, 4 attempts");
        }
        return all;
    }

    fault_bench::result play_cell(fault_bench::cell scenario, std::string const& place,
                                  std::function<bool(fault_bench::result const&)> const& right,
                                  std::string const& expected)
    {
        ++cells_;
        auto const seen = bench_.play(std::move(scenario));
        for (auto const& each : seen.broken) {
            failures_.push_back(place + ": " + each);
        }
        if (!right(seen)) {
            failures_.push_back(place + ": " + in_words(seen.outcomes) + ", " + std::to_string(seen.taken) +
                                " accepted by the sandbox; expected: " + expected);
        }
        table_ << ' ' << expected << " |";
        return seen;
    }

    /// Every message ended in one of `allowed`, and the sandbox has so many of them.
    static std::function<bool(fault_bench::result const&)> all_are(std::vector<outcome> allowed, std::size_t taken)
    {
        return [allowed = std::move(allowed), taken](fault_bench::result const& seen) {
            for (outcome const each : seen.outcomes) {
                if (std::find(allowed.begin(), allowed.end(), each) == allowed.end()) {
                    return false;
                }
            }
            return seen.taken == taken;
        };
    }

    static std::string alternatives(std::vector<outcome> const& allowed, std::size_t taken)
    {
        std::string text;
        for (outcome const each : allowed) {
            text += text.empty() ? "" : " or ";
            text += quantity(each, taken);
        }
        return text;
    }

    void play_phase(heading const& section)
    {
        begin_table(section.title, columns(true));
        for (fault_row const& row : postmark::test::fault_rows()) {
            if (row.phase != section.where) {
                continue;
            }
            begin_row(row.name, row.action);
            for (way const how : ways) {
                for (bool const kept : {false, true}) {
                    play_fault(row, how, kept);
                }
            }
            play_repetition(row);
            table_ << '\n';
        }
    }

    fault_bench::cell cell_of(fault_row const& row, way how, bool kept)
    {
        fault_bench::cell scenario;
        scenario.fault = row.action;
        scenario.how = how;
        scenario.kept = kept;
        scenario.silent = row.error == postmark::error_code{errc::timed_out_in_flight};
        for (std::size_t number = 0; number != count_of(how); ++number) {
            scenario.messages.push_back(numbered_message(number));
        }
        return scenario;
    }

    void play_fault(fault_row const& row, way how, bool kept)
    {
        bool const works = kept && row.of_connection;
        outcome const expected = works ? outcome::accepted : how == way::single ? row.single : row.batch;
        std::vector<outcome> const allowed =
            row.open && !works ? std::vector{outcome::not_sent, outcome::unknown} : std::vector{expected};
        std::size_t const taken = row.taken || works ? count_of(how) : 0;
        auto scenario = cell_of(row, how, kept);
        scenario.taken = taken;
        auto const seen = play_cell(std::move(scenario), place_of(row.name, how, kept), all_are(allowed, taken),
                                    alternatives(allowed, taken));
        if (how == way::coalesced && !seen.requests.empty() && !seen.requests.contains("/email/batch")) {
            failures_.push_back(place_of(row.name, how, kept) + ": the sends did not share a request");
        }
    }

    /// The outcome of a single send that meets the fault once, with the default number of attempts.
    void play_repetition(fault_row const& row)
    {
        // Only a send that was certainly not accepted, by a passing cause, is retried.
        bool const again = row.of_connection ||
                           row.error == postmark::error_code{postmark::api_errc::rate_limit_exceeded} ||
                           row.error == postmark::error_code{postmark::api_errc::maintenance};
        std::vector<outcome> const allowed = row.open ? std::vector{outcome::accepted, outcome::unknown}
                                             : again  ? std::vector{outcome::accepted}
                                                      : std::vector{row.single};
        bool const taken = again || row.taken;
        auto scenario = cell_of(row, way::single, false);
        scenario.attempts = 4;
        scenario.once = true;
        if (row.open) {
            // Accepted only if it was retried.
            play_cell(
                std::move(scenario), std::string{row.name} + ", once",
                [](fault_bench::result const& seen) {
                    return seen.outcomes.front() == outcome::accepted
                               ? seen.taken == 1
                               : seen.outcomes.front() == outcome::unknown && seen.taken == 0;
                },
                quantity(outcome::accepted, 1) + " or " + quantity(outcome::unknown, 0));
            return;
        }
        scenario.taken = taken ? 1 : 0;
        play_cell(std::move(scenario), std::string{row.name} + ", once", all_are(allowed, taken ? 1 : 0),
                  alternatives(allowed, taken ? 1 : 0));
    }

    void play_items()
    {
        begin_table("Items of the reply to a batch of three", {"Fault", "In the script", "fresh", "kept"});
        for (item_row const& row : postmark::test::item_rows()) {
            begin_row(row.name, row.action);
            for (bool const kept : {false, true}) {
                fault_bench::cell scenario;
                scenario.fault = row.action;
                scenario.how = way::batch;
                scenario.kept = kept;
                // What the reply says has to be true: a mail that it refuses is one that the sandbox refuses.
                bool const refused = row.expected.starts_with("rejected");
                scenario.taken = refused ? 2 : 3;
                for (std::size_t number = 0; number != 3; ++number) {
                    scenario.messages.push_back(numbered_message(number));
                }
                if (refused) {
                    scenario.messages.front().to = suppressed;
                }
                play_cell(
                    std::move(scenario), place_of(row.name, way::batch, kept),
                    [&](fault_bench::result const& seen) { return in_words(seen.outcomes) == row.expected; },
                    std::string{row.expected});
            }
            table_ << '\n';
        }
    }

    void play_large()
    {
        begin_table("While a request of 7 MiB and more is written",
                    {"Fault", "In the script", "single, fresh", "single, kept", "batch, fresh", "batch, kept"});
        for (large_row const& row : postmark::test::large_rows()) {
            begin_row(row.name, row.action);
            for (way const how : {way::single, way::batch}) {
                for (bool const kept : {false, true}) {
                    fault_bench::cell scenario;
                    scenario.fault = row.action;
                    scenario.how = how;
                    scenario.kept = kept;
                    scenario.silent = row.action.starts_with(R"("stall")");
                    for (std::size_t number = 0; number != (how == way::single ? 1U : 2U); ++number) {
                        scenario.messages.push_back(numbered_message(number, postmark::test::large_attachment));
                    }
                    std::size_t const taken = row.expected == outcome::accepted ? scenario.messages.size() : 0;
                    scenario.taken = taken;
                    std::vector<outcome> allowed{row.expected};
                    if (row.if_it_left) {
                        allowed.push_back(outcome::unknown);
                    }
                    play_cell(std::move(scenario), place_of(row.name, how, kept) + ", large", all_are(allowed, taken),
                              alternatives(allowed, taken));
                }
            }
            table_ << '\n';
        }
    }

    /// No fault; one of the mails is for a suppressed address.
    void play_refusals()
    {
        begin_table("No fault, but the service refuses the second mail", columns(false));
        begin_row("to a suppressed address", R"("delay","ms":0)");
        for (way const how : ways) {
            for (bool const kept : {false, true}) {
                fault_bench::cell scenario;
                scenario.fault = R"("delay","ms":0)";
                scenario.how = how;
                scenario.kept = kept;
                std::vector<outcome> expected;
                std::size_t const count = how == way::single ? 2 : count_of(how);
                for (std::size_t number = 0; number != count; ++number) {
                    scenario.messages.push_back(numbered_message(number));
                    if (number == 1) {
                        scenario.messages.back().to = suppressed;
                    }
                    expected.push_back(number == 1 ? outcome::rejected : outcome::accepted);
                }
                scenario.taken = count - 1;
                play_cell(
                    std::move(scenario), place_of("a refused mail", how, kept),
                    [&](fault_bench::result const& seen) {
                        return seen.outcomes == expected && seen.taken == count - 1;
                    },
                    in_words(expected));
            }
        }
        table_ << '\n';
    }

    static std::string place_of(std::string_view name, way how, bool kept)
    {
        return std::string{name} + ", " + std::string{name_of(how)} + (kept ? ", kept" : ", fresh");
    }

    fault_bench bench_;
    std::ostringstream table_;
    std::vector<std::string> failures_;
    std::set<std::string> actions_;
    std::size_t cells_ = 0;
};

constexpr std::string_view usage =
    "usage: reliability_matrix [--write FILE | --check FILE] [--actions FILE]\n"
    "  --write FILE    puts the table into this document\n"
    "  --check FILE    fails unless the table of this document is the one that was found\n"
    "  --actions FILE  fails unless each action that this document describes was played, and is in the random runs\n"
    "Without the first two it prints the table. Fails if anything contradicts the promise.\n";

/// Writes to standard error which documented faults no row plays.
std::size_t count_unplayed(std::string const& document, std::set<std::string> const& played)
{
    auto const described = postmark::test::described_actions(document);
    if (described.empty()) {
        std::cerr << document << ": describes no action\n";
        return 1;
    }
    std::size_t unplayed = 0;
    auto const& at_random = postmark::test::random_faults();
    for (auto const& each : described) {
        if (!played.contains(each)) {
            std::cerr << "no row plays " << each << '\n';
            ++unplayed;
        }
        if (std::none_of(at_random.begin(), at_random.end(), [&](auto const& fault) { return fault.action == each; })) {
            std::cerr << "no random run plays " << each << '\n';
            ++unplayed;
        }
    }
    return unplayed;
}

} // namespace

int main(int argc, char** argv)
{
    std::string write_to;
    std::string check_in;
    std::string actions_in;
    postmark::test::parse_options(argc, argv, usage,
                                  {{"--write", &write_to}, {"--check", &check_in}, {"--actions", &actions_in}});

    // The system's trust store is not needed, and reading it for every client takes longer than the rest.
    ::setenv("SSL_CERT_FILE", "/dev/null", 1);

    matrix all;
    std::string const table = all.play();
    for (auto const& each : all.failures()) {
        std::cerr << each << '\n';
    }
    std::size_t failures = all.failures().size();
    if (!actions_in.empty()) {
        failures += count_unplayed(actions_in, all.actions());
    }
    if (!write_to.empty()) {
        postmark::test::write_matrix(write_to, table);
    } else if (!check_in.empty()) {
        if (!postmark::test::has_matrix(check_in, table)) {
            std::cerr << check_in << ": the matrix is out of date; reliability_matrix --write " << check_in << '\n';
            ++failures;
        }
    } else {
        std::cout << table;
    }
    std::cerr << all.cells() << " cells played, " << failures << " failures\n";
    return failures == 0 ? 0 : 1;
}

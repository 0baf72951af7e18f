// Plays every fault of the sandbox in every way to send, and compares each receipt with what the sandbox really
// accepted and with what the promise says. Writes the table of that, and can tell whether the one in a document is
// still the same.

#include "fault_rows.hpp"
#include "random_faults.hpp"

#include <postmark/postmark.hpp>
#include <postmark/sandbox.hpp>

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace asio = boost::asio;
namespace sandbox = postmark::sandbox;
using namespace std::chrono_literals;
using postmark::errc;
using postmark::outcome;
using postmark::test::fault_row;
using postmark::test::item_row;
using postmark::test::large_row;
using postmark::test::phase;

namespace {

/// The sandbox refuses mail to it.
constexpr char const* suppressed = "gone@recipient.example";

enum class way { single, batch, coalesced };

constexpr std::string_view name_of(way how)
{
    return how == way::single ? "single" : how == way::batch ? "batch" : "coalesced";
}

constexpr std::size_t count_of(way how)
{
    return how == way::single ? 1 : how == way::batch ? 3 : 5;
}

constexpr way ways[] = {way::single, way::batch, way::coalesced};

std::string quantity(outcome what, std::size_t taken)
{
    std::string text{to_string(what)};
    for (char& each : text)
        each = each == '_' ? ' ' : each;
    return text + ' ' + std::to_string(taken);
}

/// "accepted rejected accepted" and the like, runs of the same outcome as "accepted*3".
std::string in_words(std::vector<outcome> const& outcomes)
{
    std::string text;
    for (std::size_t at = 0; at != outcomes.size();) {
        std::size_t end = at;
        while (end != outcomes.size() && outcomes[end] == outcomes[at])
            ++end;
        text += (at == 0 ? "" : " ") + std::string{to_string(outcomes[at])};
        if (end - at > 1)
            text += '*' + std::to_string(end - at);
        at = end;
    }
    return text;
}

postmark::message make(std::size_t number, std::size_t attachment = 0)
{
    postmark::message msg;
    msg.from = "shop@example.com";
    msg.to = "ann@example.org";
    msg.subject = "Matrix";
    msg.text = "Hi there.";
    msg.tag = std::to_string(number);
    if (attachment != 0)
        msg.attach_bytes(std::string(attachment, 'x'), "a.txt");
    return msg;
}

/// One client with one connection at a time, the sandbox it speaks to, and what both say afterwards.
class bench {
public:
    bench()
    {
        config_.api_key = "matrix-token";
        config_.host = server_.host();
        config_.port = server_.port();
        config_.tls.ca_file = server_.ca_file();
        config_.pool.max_connections = 1;
        config_.limits.queued_bytes = std::size_t{1024} * 1024 * 1024;
        config_.retry.first_delay = 1ms;
        config_.retry.max_delay = 4ms;
    }

    struct cell {
        std::string fault;
        way how = way::single;
        bool kept = false;
        std::size_t attempts = 1;
        /// Nothing will come, so that waiting for it is in vain.
        bool silent = false;
        bool once = false;
        std::vector<postmark::message> messages;
        /// Messages that the sandbox is to have accepted in the end.
        std::size_t taken = 0;
    };

    struct result {
        std::vector<outcome> outcomes;
        /// How often the sandbox accepted each.
        std::vector<std::size_t> accepted;
        std::size_t taken = 0;
        std::map<std::string, std::uint64_t> requests;
        /// What contradicts the promise, whatever the fault was.
        std::vector<std::string> broken;
    };

    result play(cell what)
    {
        server_.set_faults("");
        config_.retry.attempts = what.attempts;
        postmark::timeout_settings const patient;
        config_.timeouts = patient;
        if (what.silent)
            config_.timeouts.reply = config_.timeouts.batch_reply = config_.timeouts.write_stall = 300ms;
        config_.coalescing.enabled = what.how == way::coalesced;
        postmark::client client{io_, config_};
        result seen;
        if (what.kept) {
            client.async_send(make(0), [&](postmark::error_code error, postmark::receipt const&) {
                if (error)
                    seen.broken.push_back("the connection to be kept did not come about: " + error.message());
            });
            run();
        }
        server_.clear();

        std::size_t const count = what.messages.size();
        seen.outcomes.assign(count, outcome::unknown);
        seen.accepted.assign(count, 0);
        std::vector<int> completions(count, 0);
        auto const take = [&](std::size_t number, postmark::receipt const& receipt) {
            ++completions[number];
            seen.outcomes[number] = receipt.outcome;
            bool const agrees =
                receipt.error.failed() == (receipt.outcome != outcome::accepted) &&
                (receipt.error == postmark::condition::rejected) == (receipt.outcome == outcome::rejected) &&
                (receipt.error == postmark::condition::not_sent) == (receipt.outcome == outcome::not_sent) &&
                (receipt.error == postmark::condition::outcome_unknown) == (receipt.outcome == outcome::unknown) &&
                receipt.message_id.empty() == (receipt.outcome != outcome::accepted);
            if (!agrees)
                seen.broken.push_back("error and outcome do not agree: " + receipt.error.message());
        };

        // Sends share a request only while they wait: where there is a connection, something else has to be on it.
        bool const occupied = what.kept && what.how == way::coalesced;
        std::string const when = what.once ? R"("when":{"nth":1},)" : "";
        std::string const before = occupied ? R"({"when":{"nth":1},"do":"delay","ms":0},)" : "";
        server_.set_faults(R"({"faults":[)" + before + '{' + when + R"("do":)" + what.fault + "}]}");
        if (occupied) {
            // One with headers of its own goes alone.
            postmark::call_options alone;
            alone.headers.emplace_back("X-Alone", "1");
            client.async_send(make(count), alone, [&](postmark::error_code error, postmark::receipt const&) {
                if (error)
                    seen.broken.push_back("the send in front failed: " + error.message());
            });
        }
        if (what.how == way::batch) {
            client.async_send_batch(what.messages, [&](postmark::error_code, std::vector<postmark::receipt> receipts) {
                for (std::size_t number = 0; number != receipts.size(); ++number)
                    take(number, receipts[number]);
            });
        } else {
            for (std::size_t number = 0; number != count; ++number) {
                client.async_send(what.messages[number], [&, number](postmark::error_code, postmark::receipt receipt) {
                    take(number, receipt);
                });
            }
        }
        run();

        // Of a call that ended without an answer the request may still be on its way.
        server_.wait_for_messages(what.taken + (occupied ? 1 : 0));
        server_.for_each_message([&](sandbox::stored_message const& each) {
            auto const number = std::stoul(each.tag);
            if (number < count)
                ++seen.accepted[number];
        });
        seen.requests = server_.stats().requests_by_endpoint;
        for (std::size_t number = 0; number != count; ++number) {
            std::size_t const times = seen.accepted[number];
            seen.taken += times;
            std::string const which = "message " + std::to_string(number) + ": ";
            if (completions[number] != 1)
                seen.broken.push_back(which + std::to_string(completions[number]) + " completions");
            if (times > 1)
                seen.broken.push_back(which + "accepted twice");
            if (seen.outcomes[number] == outcome::accepted && times == 0)
                seen.broken.push_back(which + "not accepted, but the client says so");
            if ((seen.outcomes[number] == outcome::rejected || seen.outcomes[number] == outcome::not_sent) &&
                times != 0)
                seen.broken.push_back(which + "accepted, but the client denies it");
        }
        return seen;
    }

private:
    void run()
    {
        io_.restart();
        io_.run_for(30s);
        if (io_.stopped())
            return;
        // Nothing more can be learned from a client that hangs.
        std::cerr << "a call was left without completion\n";
        std::_Exit(1);
    }

    sandbox::server server_;
    asio::io_context io_;
    postmark::config config_;
};

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
    /// The table; what went wrong stands in `failures` then.
    std::string play()
    {
        for (heading const& each : headings)
            play_phase(each);
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
        for (auto const& each : columns)
            table_ << ' ' << each << " |";
        table_ << "\n|";
        for (std::size_t column = 0; column != columns.size(); ++column)
            table_ << "---|";
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
            for (char const* const connection : {"fresh", "kept"})
                all.push_back(std::string{name_of(how)} + ", " + connection);
        }
        if (more)
            all.emplace_back("once, 4 attempts");
        return all;
    }

    bench::result play_cell(bench::cell what, std::string const& place,
                            std::function<bool(bench::result const&)> const& right, std::string const& expected)
    {
        ++cells_;
        auto const seen = bench_.play(std::move(what));
        for (auto const& each : seen.broken)
            failures_.push_back(place + ": " + each);
        if (!right(seen))
            failures_.push_back(place + ": " + in_words(seen.outcomes) + ", " + std::to_string(seen.taken) +
                                " accepted by the sandbox; expected: " + expected);
        table_ << ' ' << expected << " |";
        return seen;
    }

    /// Every message ended in one of `allowed`, and the sandbox has so many of them.
    static std::function<bool(bench::result const&)> all_are(std::vector<outcome> allowed, std::size_t taken)
    {
        return [allowed = std::move(allowed), taken](bench::result const& seen) {
            for (outcome const each : seen.outcomes) {
                if (std::find(allowed.begin(), allowed.end(), each) == allowed.end())
                    return false;
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
            if (row.phase != section.where)
                continue;
            begin_row(row.name, row.action);
            for (way const how : ways) {
                for (bool const kept : {false, true})
                    play_fault(row, how, kept);
            }
            play_repetition(row);
            table_ << '\n';
        }
    }

    bench::cell cell_of(fault_row const& row, way how, bool kept)
    {
        bench::cell what;
        what.fault = row.action;
        what.how = how;
        what.kept = kept;
        what.silent = row.error == postmark::error_code{errc::timed_out_in_flight};
        for (std::size_t number = 0; number != count_of(how); ++number)
            what.messages.push_back(make(number));
        return what;
    }

    void play_fault(fault_row const& row, way how, bool kept)
    {
        bool const works = kept && row.of_connection;
        outcome const expected = works ? outcome::accepted : how == way::single ? row.single : row.batch;
        std::vector<outcome> const allowed =
            row.open && !works ? std::vector{outcome::not_sent, outcome::unknown} : std::vector{expected};
        std::size_t const taken = row.taken || works ? count_of(how) : 0;
        auto what = cell_of(row, how, kept);
        what.taken = taken;
        auto const seen = play_cell(std::move(what), place_of(row.name, how, kept), all_are(allowed, taken),
                                    alternatives(allowed, taken));
        if (how == way::coalesced && !seen.requests.empty() && !seen.requests.contains("/email/batch"))
            failures_.push_back(place_of(row.name, how, kept) + ": the sends did not share a request");
    }

    /// What becomes of a single send that meets the fault once, with the attempts that a client has by default.
    void play_repetition(fault_row const& row)
    {
        // Only what was certainly not accepted, and may do better the next time, is tried again.
        bool const again = row.of_connection ||
                           row.error == postmark::error_code{postmark::api_errc::rate_limit_exceeded} ||
                           row.error == postmark::error_code{postmark::api_errc::maintenance};
        std::vector<outcome> const allowed = row.open ? std::vector{outcome::accepted, outcome::unknown}
                                             : again  ? std::vector{outcome::accepted}
                                                      : std::vector{row.single};
        bool const taken = again || row.taken;
        auto what = cell_of(row, way::single, false);
        what.attempts = 4;
        what.once = true;
        if (row.open) {
            // Taken if it was tried again, and only then.
            play_cell(
                std::move(what), std::string{row.name} + ", once",
                [](bench::result const& seen) {
                    return seen.outcomes.front() == outcome::accepted
                               ? seen.taken == 1
                               : seen.outcomes.front() == outcome::unknown && seen.taken == 0;
                },
                quantity(outcome::accepted, 1) + " or " + quantity(outcome::unknown, 0));
            return;
        }
        what.taken = taken ? 1 : 0;
        play_cell(std::move(what), std::string{row.name} + ", once", all_are(allowed, taken ? 1 : 0),
                  alternatives(allowed, taken ? 1 : 0));
    }

    void play_items()
    {
        begin_table("Items of the reply to a batch of three", {"Fault", "In the script", "fresh", "kept"});
        for (item_row const& row : postmark::test::item_rows()) {
            begin_row(row.name, row.action);
            for (bool const kept : {false, true}) {
                bench::cell what;
                what.fault = row.action;
                what.how = way::batch;
                what.kept = kept;
                // What the reply says has to be true: a mail that it refuses is one that the sandbox refuses.
                bool const refused = row.expected.starts_with("rejected");
                what.taken = refused ? 2 : 3;
                for (std::size_t number = 0; number != 3; ++number)
                    what.messages.push_back(make(number));
                if (refused)
                    what.messages.front().to = suppressed;
                play_cell(
                    std::move(what), place_of(row.name, way::batch, kept),
                    [&](bench::result const& seen) { return in_words(seen.outcomes) == row.expected; },
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
                    bench::cell what;
                    what.fault = row.action;
                    what.how = how;
                    what.kept = kept;
                    what.silent = row.action.starts_with(R"("stall")");
                    for (std::size_t number = 0; number != (how == way::single ? 1U : 2U); ++number)
                        what.messages.push_back(make(number, postmark::test::large_attachment));
                    std::size_t const taken = row.expected == outcome::accepted ? what.messages.size() : 0;
                    what.taken = taken;
                    std::vector<outcome> allowed{row.expected};
                    if (row.if_it_left)
                        allowed.push_back(outcome::unknown);
                    play_cell(std::move(what), place_of(row.name, how, kept) + ", large", all_are(allowed, taken),
                              alternatives(allowed, taken));
                }
            }
            table_ << '\n';
        }
    }

    /// No fault at all, but one of the mails is for an address that is suppressed.
    void play_refusals()
    {
        begin_table("No fault, but the service refuses the second mail", columns(false));
        begin_row("to a suppressed address", R"("delay","ms":0)");
        for (way const how : ways) {
            for (bool const kept : {false, true}) {
                bench::cell what;
                what.fault = R"("delay","ms":0)";
                what.how = how;
                what.kept = kept;
                std::vector<outcome> expected;
                std::size_t const count = how == way::single ? 2 : count_of(how);
                for (std::size_t number = 0; number != count; ++number) {
                    what.messages.push_back(make(number));
                    if (number == 1)
                        what.messages.back().to = suppressed;
                    expected.push_back(number == 1 ? outcome::rejected : outcome::accepted);
                }
                what.taken = count - 1;
                play_cell(
                    std::move(what), place_of("a refused mail", how, kept),
                    [&](bench::result const& seen) { return seen.outcomes == expected && seen.taken == count - 1; },
                    in_words(expected));
            }
        }
        table_ << '\n';
    }

    static std::string place_of(std::string_view name, way how, bool kept)
    {
        return std::string{name} + ", " + std::string{name_of(how)} + (kept ? ", kept" : ", fresh");
    }

    bench bench_;
    std::ostringstream table_;
    std::vector<std::string> failures_;
    std::set<std::string> actions_;
    std::size_t cells_ = 0;
};

constexpr std::string_view begin_mark = "<!-- matrix: written by reliability_matrix, not by hand -->\n";
constexpr std::string_view end_mark = "\n<!-- end of the matrix -->\n";

std::string read_file(std::string const& path)
{
    std::ifstream file{path, std::ios::binary};
    if (!file) {
        std::cerr << path << ": cannot be read\n";
        std::exit(2);
    }
    return {std::istreambuf_iterator<char>{file}, {}};
}

struct section {
    std::size_t begin;
    std::size_t end;
};

section find_section(std::string const& document, std::string const& path)
{
    std::size_t const begin = document.find(begin_mark);
    std::size_t const end = document.find(end_mark);
    if (begin == std::string::npos || end == std::string::npos || end < begin) {
        std::cerr << path << ": has no place for the matrix\n";
        std::exit(2);
    }
    return {begin + begin_mark.size(), end};
}

/// The actions that the description of the sandbox has a row for: those of its table of what is done.
std::set<std::string> described_actions(std::string const& path)
{
    std::set<std::string> names;
    std::istringstream lines{read_file(path)};
    bool in_table = false;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("| `do` |"))
            in_table = true;
        else if (!line.starts_with('|'))
            in_table = false;
        if (!in_table || line.starts_with("| `do` |"))
            continue;
        // The first cell names one action or several.
        std::string const cell = line.substr(1, line.find('|', 1) - 1);
        for (std::size_t at = cell.find('`'); at != std::string::npos; at = cell.find('`', at + 1)) {
            std::size_t const end = cell.find('`', at + 1);
            names.insert(cell.substr(at + 1, end - at - 1));
            at = end;
        }
    }
    return names;
}

[[noreturn]] void usage()
{
    std::cerr << "usage: reliability_matrix [--write FILE | --check FILE] [--actions FILE]\n"
                 "  --write FILE    puts the table into this document\n"
                 "  --check FILE    fails unless the table of this document is the one that was found\n"
                 "  --actions FILE  fails unless each action that this document describes was played, and is in the "
                 "random runs\n"
                 "Without the first two it prints the table. Fails if anything contradicts the promise.\n";
    std::exit(2);
}

} // namespace

int main(int argc, char** argv)
{
    std::string write_to;
    std::string check_in;
    std::string actions_in;
    for (int at = 1; at < argc; at += 2) {
        std::string_view const name = argv[at];
        if (at + 1 == argc)
            usage();
        if (name == "--write")
            write_to = argv[at + 1];
        else if (name == "--check")
            check_in = argv[at + 1];
        else if (name == "--actions")
            actions_in = argv[at + 1];
        else
            usage();
    }

    // The system's trust store has no part in this, and reading it for every client takes longer than the rest.
    ::setenv("SSL_CERT_FILE", "/dev/null", 1);

    matrix all;
    std::string const table = all.play();
    for (auto const& each : all.failures())
        std::cerr << each << '\n';
    std::size_t failures = all.failures().size();

    if (!actions_in.empty()) {
        auto const described = described_actions(actions_in);
        if (described.empty()) {
            std::cerr << actions_in << ": describes no action\n";
            ++failures;
        }
        for (auto const& each : described) {
            if (!all.actions().contains(each)) {
                std::cerr << "no row plays " << each << '\n';
                ++failures;
            }
            auto const& at_random = postmark::test::random_faults();
            if (std::none_of(at_random.begin(), at_random.end(),
                             [&](auto const& fault) { return fault.action == each; })) {
                std::cerr << "no random run plays " << each << '\n';
                ++failures;
            }
        }
    }
    if (!write_to.empty()) {
        std::string document = read_file(write_to);
        auto const place = find_section(document, write_to);
        document.replace(place.begin, place.end - place.begin, table);
        std::ofstream{write_to, std::ios::binary} << document;
    } else if (!check_in.empty()) {
        std::string const document = read_file(check_in);
        auto const place = find_section(document, check_in);
        if (document.compare(place.begin, place.end - place.begin, table) != 0) {
            std::cerr << check_in << ": the matrix is out of date; reliability_matrix --write " << check_in << '\n';
            ++failures;
        }
    } else {
        std::cout << table;
    }
    std::cerr << all.cells() << " cells played, " << failures << " failures\n";
    return failures == 0 ? 0 : 1;
}

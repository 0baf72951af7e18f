// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_TRIAL_LEDGER_HPP
#define POSTMARK_TEST_TRIAL_LEDGER_HPP

#include "random_faults.hpp"
#include "server_process.hpp"
#include "trial_plan.hpp"

#include <postmark/receipt.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace postmark::test {

/// The result of a run. All counts have to be 0 but those of outcomes and cancellations, and duplicates with
/// `at_least_once`.
struct findings {
    server_process::report server;
    std::array<std::size_t, 4> by_outcome{};
    /// Messages that were cancelled in flight.
    std::size_t cancelled = 0;
    std::size_t duplicates = 0;
    std::size_t wrong = 0;
    std::size_t lost = 0;
    std::size_t needless = 0;
    std::size_t too_sure = 0;
    /// Faults that should have been played and were not.
    std::vector<std::string> missing;
};

/// Keeps the outcome that the client reports for each message, and compares it with the server's record at the end.
class trial_ledger {
public:
    explicit trial_ledger(trial_options const& options);

    /// \param call   the number of the first message of the same call
    /// \param agrees whether the error of the call fits this receipt
    void record(std::size_t number, std::size_t call, receipt const& result, bool agrees);

    /// Messages that have an outcome.
    [[nodiscard]] std::size_t completed() const noexcept { return completed_; }

    /// \param cancellations signals that were emitted
    [[nodiscard]] findings compare(server_process& server, std::size_t cancellations);

private:
    /// The outcome of one message as the client reported it.
    struct reported {
        reported() = default;

        /// Hash of the message id.
        std::uint64_t hash = 0;
        std::uint32_t call = 0;
        std::uint8_t completions = 0;
        postmark::outcome outcome = postmark::outcome::unknown;
        /// Of an unknown or a rejected message.
        effect reason = effect::none;
        bool contradicts_itself = false;
        bool cancelled = false;
    };

    /// The server's record of one message.
    struct recorded {
        recorded() = default;

        std::uint8_t times = 0;
        /// Whether the id is the one that the client reported.
        bool matches = false;
    };

    /// A message that the server accepted, in the order of acceptance.
    struct accepted_mail {
        std::uint32_t number = 0;
        bool coalesced = false;
    };

    void read_record(server_process& server, findings& found);
    void judge_messages(findings& found) const;
    void judge_reasons(findings& found, std::size_t cancellations) const;
    [[nodiscard]] std::size_t too_few_repetitions(findings const& found) const;
    [[nodiscard]] std::size_t split_requests() const;
    void find_missing(findings& found) const;

    // The messages of a call that go to one endpoint are a part of the call: one request, unless it is split.
    template <class Condition>
    [[nodiscard]] std::size_t parts_where(Condition const& condition) const;
    [[nodiscard]] std::size_t refused_alone(findings const& found) const;
    [[nodiscard]] std::size_t large_mails() const;

    trial_options options_;
    std::vector<reported> reported_;
    std::vector<recorded> recorded_;
    std::vector<accepted_mail> record_;
    std::atomic<std::size_t> completed_{0};
};

} // namespace postmark::test

#endif

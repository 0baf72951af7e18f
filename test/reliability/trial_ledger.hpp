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

/// What a run came to. All but the outcomes, the cancelled and, with at least once, the duplicates have to be 0.
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
    /// Actions that should have been played, and were not.
    std::vector<std::string> missing;
};

/// Keeps what the client says of each message, and holds it against what the server knows in the end.
class trial_ledger {
public:
    explicit trial_ledger(trial_options const& options);

    /// \param call   the number of the first message of the same call
    /// \param agrees whether the error of the call fits this receipt
    void enter(std::size_t number, std::size_t call, receipt const& said, bool agrees);

    /// Messages that have an outcome.
    [[nodiscard]] std::size_t completed() const noexcept { return completed_; }

    /// \param cancellations signals that were emitted
    [[nodiscard]] findings compare(server_process& server, std::size_t cancellations);

private:
    /// What became of one message, as the client says.
    struct verdict {
        verdict() = default;

        /// Of the id.
        std::uint64_t hash = 0;
        std::uint32_t call = 0;
        std::uint8_t completions = 0;
        postmark::outcome what = outcome::unknown;
        /// Of an unknown or a refused one.
        effect why = effect::none;
        bool contradicts_itself = false;
        bool cancelled = false;
    };

    /// What the server has of one message.
    struct entry {
        entry() = default;

        std::uint8_t times = 0;
        /// Under the id that the client says.
        bool matches = false;
    };

    /// A message that the server accepted, in the order in which it did.
    struct accepted_mail {
        std::uint32_t number = 0;
        bool shared = false;
    };

    void read_record(server_process& server, findings& found);
    void judge_messages(findings& found) const;
    void judge_reasons(findings& found, std::size_t cancellations) const;
    [[nodiscard]] std::size_t too_few_repetitions(findings const& found) const;
    [[nodiscard]] std::size_t torn_requests() const;
    void find_missing(findings& found) const;

    // The messages of a call that go to one endpoint are a part of it: a request, if it is not divided.
    template <class Condition>
    [[nodiscard]] std::size_t parts_where(Condition const& condition) const;
    [[nodiscard]] std::size_t refused_alone(findings const& found) const;
    [[nodiscard]] std::size_t large_mails() const;

    trial_options options_;
    std::vector<verdict> verdicts_;
    std::vector<entry> entries_;
    std::vector<accepted_mail> record_;
    std::atomic<std::size_t> completed_{0};
};

} // namespace postmark::test

#endif

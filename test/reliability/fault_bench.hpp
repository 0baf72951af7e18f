// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_FAULT_BENCH_HPP
#define POSTMARK_TEST_FAULT_BENCH_HPP

#include <postmark/config.hpp>
#include <postmark/message.hpp>
#include <postmark/receipt.hpp>
#include <postmark/sandbox.hpp>

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace postmark::test {

enum class way { single, batch, coalesced };

constexpr std::string_view name_of(way how)
{
    return how == way::single ? "single" : how == way::batch ? "batch" : "coalesced";
}

constexpr std::size_t count_of(way how)
{
    return how == way::single ? 1 : how == way::batch ? 3 : 5;
}

inline constexpr way ways[] = {way::single, way::batch, way::coalesced};

/// The number is its tag.
[[nodiscard]] message numbered_message(std::size_t number, std::size_t attachment = 0);

/// One client with one connection at a time, and its sandbox; compares what both report afterwards.
class fault_bench {
public:
    fault_bench();

    struct cell {
        std::string fault;
        way how = way::single;
        bool kept = false;
        std::size_t attempts = 1;
        /// The fault leaves the request without a reply: the timeout is short.
        bool silent = false;
        bool once = false;
        std::vector<message> messages;
        /// Messages that the sandbox is to have accepted in the end.
        std::size_t taken = 0;
    };

    struct result {
        std::vector<outcome> outcomes;
        /// How often the sandbox accepted each.
        std::vector<std::size_t> accepted;
        std::size_t taken = 0;
        std::map<std::string, std::uint64_t> requests;
        /// Contradictions of the promise, with any fault.
        std::vector<std::string> broken;
    };

    [[nodiscard]] result play(cell scenario);

private:
    void run();

    /// With seeds, so that there is a suppressed address.
    static sandbox::settings seeded()
    {
        sandbox::settings settings;
        settings.seeds = true;
        return settings;
    }

    sandbox::server server_{seeded()};
    boost::asio::io_context io_;
    config config_;
};

} // namespace postmark::test

#endif

// SPDX-License-Identifier: BSL-1.0

// Once a call was accepted its handling must not fail, so it may allocate no memory.

#include "counting.hpp"
#include "scheduler/call_scheduler.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <deque>
#include <memory>
#include <vector>

using namespace postmark::scheduler;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(cost)

namespace {

struct own_call : call {};

/// Discards the actions.
void clear(actions& out)
{
    while (out.has_action()) {
        out.next_action();
    }
    out.ended.clear();
}

} // namespace

BOOST_AUTO_TEST_CASE(requeueing_a_call_allocates_no_memory)
{
    constexpr std::size_t count = 1'000;

    std::deque<own_call> calls(count);
    auto const conn = std::make_shared<connection>();
    call_scheduler::settings settings;
    settings.pool.max_connections = 1;
    call_scheduler scheduler{settings, [&] { return conn; }, [] { return 0.5; }};
    time_point now = time_point{} + 1h;
    actions out;
    for (std::size_t index = 0; index != count; ++index) {
        // Half of the calls have their own token, the others share one.
        calls[index].policy.token_id = index % 2 == 0 ? index : 1;
        calls[index].policy.deadline = now + 1h;
        scheduler.register_call(calls[index]);
        scheduler.submit(calls[index], now, out);
    }
    clear(out);

    counting::watch(1);
    scheduler.opened(*conn, now, out);
    // The service asks each call to wait, the other calls with the same token wait as well, and each is accepted
    // afterwards.
    std::size_t refused = 0;
    std::size_t accepted = 0;
    while (scheduler.outstanding() != 0) {
        clear(out);
        if (conn->state() != connection_state::busy) {
            now = scheduler.next_tick();
            scheduler.tick(now, out);
        } else if (conn->calls().front()->attempts() == 1) {
            scheduler.replied(*conn, {.kind = reply_kind::retry_later, .pauses_token = true}, {}, now, out);
            ++refused;
        } else {
            scheduler.replied(*conn, {.kind = reply_kind::success}, {}, now, out);
            ++accepted;
        }
    }
    BOOST_TEST(counting::seen() == 0U);
    BOOST_TEST(refused == count);
    BOOST_TEST(accepted == count);
    clear(out);
}

BOOST_AUTO_TEST_CASE(decisions_about_many_connections_allocate_no_memory)
{
    constexpr std::size_t count = 8;

    for (int which = 0; which != 4; ++which) {
        std::deque<own_call> calls(count);
        std::vector<std::shared_ptr<connection>> made;
        made.reserve(count);
        call_scheduler::settings settings;
        settings.pool.max_handshakes = count;
        call_scheduler scheduler{settings, [&] { return made.emplace_back(std::make_shared<connection>()); },
                                 [] { return 0.5; }};
        time_point const now = time_point{} + 1h;
        actions out;
        for (own_call& call : calls) {
            call.policy.deadline = now + 1min;
            scheduler.register_call(call);
            scheduler.submit(call, now, out);
        }
        BOOST_TEST_REQUIRE(made.size() == count);
        clear(out);

        counting::watch(1);
        for (auto const& conn : made) {
            scheduler.opened(*conn, now, out);
        }
        clear(out);
        switch (which) {
        case 0:
            // Eight aborts by deadline.
            scheduler.tick(now + 1min, out);
            break;
        case 1:
            scheduler.cancel_all(out);
            break;
        case 2:
            scheduler.shutdown(out);
            break;
        default:
            // Eight idle connections are closed.
            for (auto const& conn : made) {
                scheduler.replied(*conn, {.kind = reply_kind::success}, {}, now, out);
            }
            clear(out);
            scheduler.close_idle(out);
            break;
        }
        std::size_t decided = 0;
        while (out.has_action()) {
            out.next_action();
            ++decided;
        }
        BOOST_TEST(counting::seen() == 0U);
        BOOST_TEST(decided == count);
        clear(out);
    }
}

BOOST_AUTO_TEST_SUITE_END()

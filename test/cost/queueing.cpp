// SPDX-License-Identifier: BSL-1.0

// What happens to a call once it was taken must not fail, so it may need no memory.

#include "counting.hpp"
#include "scheduler/call_scheduler.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <deque>
#include <memory>

using namespace postmark::scheduler;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(cost)

namespace {

struct own_call : call {};

} // namespace

BOOST_AUTO_TEST_CASE(a_call_that_waits_again_needs_no_memory)
{
    constexpr std::size_t count = 1'000;

    std::deque<own_call> calls(count);
    auto const where = std::make_shared<connection>();
    call_scheduler::settings settings;
    settings.pool.max_connections = 1;
    call_scheduler subject{settings, [&] { return where; }, [] { return 0.5; }};
    time_point now = time_point{} + 1h;
    actions todo;
    for (std::size_t which = 0; which != count; ++which) {
        // Some have company, some a token of their own.
        calls[which].terms.token = which % 2 == 0 ? which : 1;
        calls[which].terms.deadline = now + 1h;
        subject.admit(calls[which]);
        subject.submit(calls[which], now, todo);
    }
    todo.connections.clear();

    counting::watch(1);
    subject.opened(*where, now, todo);
    // Each in its turn is told to wait, the others with its token wait with it, and each is accepted afterwards.
    std::size_t refused = 0;
    std::size_t accepted = 0;
    while (subject.outstanding() != 0) {
        todo = {};
        if (where->state() != connection_state::busy) {
            now = subject.next_tick();
            subject.tick(now, todo);
        } else if (where->calls().front()->attempts() == 1) {
            subject.answered(*where, {.what = reply_status::kind::retry_later, .pauses_token = true}, true, now, todo);
            ++refused;
        } else {
            subject.answered(*where, {.what = reply_status::kind::success}, true, now, todo);
            ++accepted;
        }
    }
    BOOST_TEST(counting::seen() == 0U);
    BOOST_TEST(refused == count);
    BOOST_TEST(accepted == count);
}

BOOST_AUTO_TEST_SUITE_END()

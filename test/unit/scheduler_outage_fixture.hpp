// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_UNIT_SCHEDULER_OUTAGE_FIXTURE_HPP
#define POSTMARK_TEST_UNIT_SCHEDULER_OUTAGE_FIXTURE_HPP

#include "scheduler_fixture.hpp"

#include <algorithm>
#include <cstddef>

namespace postmark::scheduler::test {

/// How many calls have ended with an error.
inline std::size_t count_ended(harness const& h, errc error)
{
    return static_cast<std::size_t>(
        std::count_if(h.calls.begin(), h.calls.end(), [&](auto const& call) { return call->error == error; }));
}

/// The call that is in flight; null if none is.
inline fake_call* in_flight(harness const& h)
{
    auto const found =
        std::find_if(h.calls.begin(), h.calls.end(), [](auto const& call) { return is_in_flight(*call); });
    return found == h.calls.end() ? nullptr : found->get();
}

/// Eight calls wait, and the first two connections ended without a reply.
inline void begin_outage(harness& h)
{
    for (int count = 0; count != 10; ++count) {
        h.submit();
    }
    h.open();
    h.open();
    h.lose_reply(*h.calls[0]);
    h.lose_reply(*h.calls[1]);
}

/// Waits for the next probe, once what was being opened before has failed, and opens its connection.
inline fake_connection& open_probe(harness& h)
{
    while (h.opening() != 0) {
        h.fail_open();
    }
    h.advance(h.time_to_tick());
    return h.open();
}

/// One call is submitted, and its connection ends without a reply.
inline fake_call& lose_a_call(harness& h)
{
    fake_call& lost = h.submit();
    h.open();
    h.lose_reply(lost);
    return lost;
}

} // namespace postmark::scheduler::test

#endif

// SPDX-License-Identifier: BSL-1.0

#include "client/deadline_timer.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>
#include <new>
#include <vector>

BOOST_AUTO_TEST_SUITE(client_deadline_timer)

using namespace postmark::detail;
using namespace std::chrono_literals;
using postmark::scheduler::clock;
using postmark::scheduler::time_point;

namespace {

struct timer_fixture {
    void arm(time_point when)
    {
        timer.arm(when, [this](boost::system::error_code error, std::uint64_t generation) {
            errors.push_back(error);
            current.push_back(timer.on_expiry(generation));
        });
    }

    boost::asio::io_context io;
    deadline_timer timer{io.get_executor()};
    /// Of each call of the function: its error, and whether it was the call of the current wait.
    std::vector<boost::system::error_code> errors;
    std::vector<bool> current;
    time_point const past = clock::now() - 1s;
    time_point const future = clock::now() + 1h;
};

/// A function for which there is no memory.
struct unstorable {
    unstorable() = default;
    unstorable(unstorable&&) { throw std::bad_alloc{}; }
    void operator()(boost::system::error_code, std::uint64_t) {}
};

} // namespace

BOOST_FIXTURE_TEST_CASE(the_function_runs_at_the_time, timer_fixture)
{
    BOOST_TEST(!timer.is_armed());
    arm(past);
    BOOST_TEST(timer.is_armed());
    io.run();
    BOOST_TEST_REQUIRE(errors.size() == 1U);
    BOOST_TEST(!errors[0]);
    BOOST_TEST(current[0]);
    BOOST_TEST(!timer.is_armed());
}

BOOST_FIXTURE_TEST_CASE(a_later_time_changes_nothing, timer_fixture)
{
    arm(past);
    BOOST_TEST(timer.runs_by(past));
    BOOST_TEST(timer.runs_by(future));
    arm(future);
    io.run();
    BOOST_TEST(errors.size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(an_earlier_time_replaces_the_wait, timer_fixture)
{
    arm(future);
    BOOST_TEST(!timer.runs_by(past));
    arm(past);
    io.run();
    // The replaced wait ends with an error, and is not taken for the current one.
    BOOST_TEST_REQUIRE(errors.size() == 2U);
    BOOST_TEST((errors[0] == boost::asio::error::operation_aborted));
    BOOST_TEST(!current[0]);
    BOOST_TEST(!errors[1]);
    BOOST_TEST(current[1]);
}

BOOST_FIXTURE_TEST_CASE(an_interrupted_wait_is_still_the_current_one, timer_fixture)
{
    arm(future);
    timer.interrupt();
    io.run();
    BOOST_TEST_REQUIRE(errors.size() == 1U);
    BOOST_TEST((errors[0] == boost::asio::error::operation_aborted));
    BOOST_TEST(current[0]);
    BOOST_TEST(!timer.is_armed());
}

BOOST_FIXTURE_TEST_CASE(a_disarmed_timer_leaves_nothing_pending, timer_fixture)
{
    timer.disarm();
    arm(future);
    timer.disarm();
    BOOST_TEST(!timer.is_armed());
    io.run();
    BOOST_TEST_REQUIRE(errors.size() == 1U);
    BOOST_TEST(!current[0]);
    // It can be armed again.
    io.restart();
    arm(past);
    io.run();
    BOOST_TEST(current.back());
}

BOOST_FIXTURE_TEST_CASE(without_memory_nothing_is_armed_and_the_owner_can_see_it, timer_fixture)
{
    arm(future);
    timer.arm(past, unstorable{});
    BOOST_TEST(!timer.is_armed());
    BOOST_TEST(timer.is_missed());
    io.run();
    // The wait that was replaced is not the current one.
    BOOST_TEST_REQUIRE(errors.size() == 1U);
    BOOST_TEST(!current[0]);
    io.restart();
    arm(past);
    BOOST_TEST(!timer.is_missed());
    io.run();
    BOOST_TEST(current.back());
}

BOOST_FIXTURE_TEST_CASE(after_the_end_of_the_context_arming_has_no_effect, timer_fixture)
{
    timer.shut_down();
    BOOST_TEST(timer.runs_by(past));
    arm(past);
    timer.interrupt();
    timer.disarm();
    BOOST_TEST(!timer.is_armed());
    io.run();
    BOOST_TEST(errors.empty());
}

BOOST_AUTO_TEST_CASE(two_waits_need_no_memory_from_the_allocator)
{
    wait_memory memory;
    auto const lies_within = [&](void* block) {
        auto const* const begin = reinterpret_cast<unsigned char const*>(&memory);
        return block >= begin && block < begin + sizeof memory;
    };
    void* const first = memory.allocate(100);
    void* const second = memory.allocate(256);
    void* const third = memory.allocate(100);
    BOOST_TEST(lies_within(first));
    BOOST_TEST(lies_within(second));
    BOOST_TEST(!lies_within(third));
    memory.deallocate(first);
    void* const again = memory.allocate(100);
    BOOST_TEST(again == first);
    memory.deallocate(second);
    void* const large = memory.allocate(257);
    BOOST_TEST(!lies_within(large));
    memory.deallocate(large);
    memory.deallocate(third);
    memory.deallocate(again);
}

BOOST_AUTO_TEST_SUITE_END()

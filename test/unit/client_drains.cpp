// SPDX-License-Identifier: BSL-1.0

#include "client/drains.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>
#include <vector>

BOOST_AUTO_TEST_SUITE(client_drains)

using namespace postmark::detail;
using postmark::errc;
using postmark::error_code;
using postmark::scheduler::time_point;

namespace {

struct drains_fixture {
    void add(std::uint64_t id, time_point deadline = time_point::max())
    {
        drains::drain_list one;
        one.emplace_back(id, deadline,
                         bound_handler<drain_handler>{drain_handler{[this, id](error_code error) {
                                                          completed.push_back(id);
                                                          errors.push_back(error);
                                                      }},
                                                      true, io.get_executor()});
        all.add(std::move(one));
    }

    void deliver()
    {
        while (all.has_completed()) {
            drains::drain_list one = all.pop_completed();
            std::move(one.front().handler)(error_code{one.front().result});
        }
    }

    boost::asio::io_context io;
    drains all;
    std::vector<std::uint64_t> completed;
    std::vector<error_code> errors;
};

} // namespace

BOOST_FIXTURE_TEST_CASE(all_drains_complete_together_and_in_order, drains_fixture)
{
    BOOST_TEST(!all.is_waiting());
    add(1);
    add(2);
    BOOST_TEST(all.is_waiting());
    BOOST_TEST(!all.has_completed());
    all.complete_all();
    BOOST_TEST(!all.is_waiting());
    BOOST_TEST(all.has_completed());
    deliver();
    std::vector<std::uint64_t> const expected{1, 2};
    BOOST_TEST(completed == expected, boost::test_tools::per_element());
    BOOST_TEST(!errors[0]);
    BOOST_TEST(!errors[1]);
}

BOOST_FIXTURE_TEST_CASE(a_cancelled_drain_completes_alone_and_once, drains_fixture)
{
    add(1);
    add(2);
    all.cancel(1, errc::cancelled_before_sent);
    all.cancel(1, errc::cancelled_before_sent);
    all.cancel(3, errc::cancelled_before_sent);
    BOOST_TEST(all.is_waiting());
    deliver();
    BOOST_TEST(completed.size() == 1U);
    BOOST_TEST((errors[0] == errc::cancelled_before_sent));
    all.cancel(2, errc::cancelled_before_sent);
    BOOST_TEST(!all.is_waiting());
}

BOOST_FIXTURE_TEST_CASE(a_deadline_passes_once, drains_fixture)
{
    using namespace std::chrono_literals;
    time_point const now{1h};
    BOOST_TEST((all.next_deadline() == time_point::max()));
    add(1, now + 2s);
    add(2, now + 1s);
    add(3);
    BOOST_TEST((all.next_deadline() == now + 1s));
    BOOST_TEST(!all.expire(now));
    BOOST_TEST(all.expire(now + 1s));
    BOOST_TEST((all.next_deadline() == now + 2s));
    BOOST_TEST(!all.expire(now + 1s));
    BOOST_TEST(all.expire(now + 3s));
    BOOST_TEST((all.next_deadline() == time_point::max()));
    BOOST_TEST(all.is_waiting());
}

BOOST_FIXTURE_TEST_CASE(discarded_drains_do_not_complete, drains_fixture)
{
    add(1);
    add(2);
    all.cancel(1, errc::cancelled_before_sent);
    BOOST_TEST(all.discard().size() == 2U);
    BOOST_TEST(!all.has_completed());
    BOOST_TEST(!all.is_waiting());
    BOOST_TEST(completed.empty());
}

BOOST_AUTO_TEST_SUITE_END()

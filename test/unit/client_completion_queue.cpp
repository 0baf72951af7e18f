// SPDX-License-Identifier: BSL-1.0

#include "client/completion_queue.hpp"

#include <boost/test/unit_test.hpp>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(client_completion_queue)

using namespace postmark::detail;

namespace {

class fake_operation final : public operation {
public:
    fake_operation(int number, int& alive)
        : number_{number}
        , alive_{alive}
    {
        ++alive_;
    }
    ~fake_operation() override { --alive_; }

    std::string_view prepare(postmark::protocol::request_bytes&) override { return {}; }
    postmark::scheduler::reply_status interpret(postmark::transport::reply const&) override { return {}; }
    void fail(postmark::errc, std::string const&) override {}
    postmark::error_code result() const noexcept override { return {}; }
    void complete(std::unique_ptr<operation>) override {}

    [[nodiscard]] int number() const { return number_; }

private:
    int number_;
    int& alive_;
};

int number_of(operation const& op)
{
    return static_cast<fake_operation const&>(op).number();
}

struct queue_fixture {
    void push(int number)
    {
        postmark::scheduler::call_list one;
        one.push_back(*std::make_unique<fake_operation>(number, alive).release());
        queue.push(one);
        BOOST_TEST(one.empty());
    }

    std::vector<int> deliver()
    {
        std::vector<int> delivered;
        queue.deliver([&](std::unique_ptr<operation> op) { delivered.push_back(number_of(*op)); });
        return delivered;
    }

    int alive = 0;
    completion_queue queue;
};

} // namespace

BOOST_FIXTURE_TEST_CASE(calls_are_delivered_in_the_order_in_which_they_completed, queue_fixture)
{
    BOOST_TEST(queue.empty());
    postmark::scheduler::call_list several;
    several.push_back(*std::make_unique<fake_operation>(1, alive).release());
    several.push_back(*std::make_unique<fake_operation>(2, alive).release());
    queue.push(several);
    push(3);
    BOOST_TEST(!queue.empty());
    BOOST_TEST(queue.undelivered() == 3U);
    std::vector<int> const expected{1, 2, 3};
    BOOST_TEST(deliver() == expected, boost::test_tools::per_element());
    BOOST_TEST(queue.empty());
    BOOST_TEST(queue.undelivered() == 0U);
    BOOST_TEST(alive == 0);
}

BOOST_FIXTURE_TEST_CASE(a_call_counts_as_undelivered_until_its_handler_has_returned, queue_fixture)
{
    push(1);
    push(2);
    std::vector<std::size_t> counts;
    queue.deliver([&](std::unique_ptr<operation>) { counts.push_back(queue.undelivered()); });
    std::vector<std::size_t> const expected{2, 1};
    BOOST_TEST(counts == expected, boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_handler_that_throws_keeps_no_other_call_from_its_delivery, queue_fixture)
{
    push(1);
    push(2);
    BOOST_CHECK_THROW(queue.deliver([](std::unique_ptr<operation>) { throw std::runtime_error{"handler"}; }),
                      std::runtime_error);
    BOOST_TEST(queue.undelivered() == 1U);
    std::vector<int> const expected{2};
    BOOST_TEST(deliver() == expected, boost::test_tools::per_element());
    BOOST_TEST(alive == 0);
}

BOOST_FIXTURE_TEST_CASE(calls_that_handlers_complete_wait_for_the_next_delivery, queue_fixture)
{
    push(1);
    int delivered = 0;
    queue.deliver([&](std::unique_ptr<operation>) {
        ++delivered;
        push(2);
    });
    BOOST_TEST(delivered == 1);
    BOOST_TEST(!queue.empty());
    std::vector<int> const expected{2};
    BOOST_TEST(deliver() == expected, boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_delivery_within_a_handler_takes_the_calls_that_are_left, queue_fixture)
{
    push(1);
    push(2);
    std::vector<int> order;
    queue.deliver([&](std::unique_ptr<operation> op) {
        order.push_back(number_of(*op));
        for (int const inner : deliver()) {
            order.push_back(inner);
        }
    });
    std::vector<int> const expected{1, 2};
    BOOST_TEST(order == expected, boost::test_tools::per_element());
    BOOST_TEST(queue.undelivered() == 0U);
}

BOOST_FIXTURE_TEST_CASE(a_call_that_cannot_be_arranged_for_is_destroyed, queue_fixture)
{
    auto op = std::make_unique<fake_operation>(1, alive);
    BOOST_CHECK_THROW(queue.push(std::move(op), [] { throw std::bad_alloc{}; }), std::bad_alloc);
    BOOST_TEST(queue.empty());
    BOOST_TEST(queue.undelivered() == 0U);
    BOOST_TEST(alive == 0);
    queue.push(std::make_unique<fake_operation>(2, alive), [] {});
    BOOST_TEST(queue.undelivered() == 1U);
}

BOOST_FIXTURE_TEST_CASE(discarded_calls_are_not_delivered, queue_fixture)
{
    push(1);
    push(2);
    queue.discard();
    BOOST_TEST(alive == 0);
    BOOST_TEST(queue.undelivered() == 0U);
    BOOST_TEST(deliver().empty());
}

BOOST_FIXTURE_TEST_CASE(two_threads_deliver_at_the_same_time, queue_fixture)
{
    std::mutex mutex;
    std::condition_variable changed;
    int running = 0;
    auto const deliver_together = [&] {
        queue.deliver([&](std::unique_ptr<operation>) {
            // Returns only when the other thread is in its handler, too.
            std::unique_lock lock{mutex};
            ++running;
            changed.notify_all();
            changed.wait(lock, [&] { return running == 2; });
        });
    };
    push(1);
    push(2);
    {
        std::jthread const other{deliver_together};
        deliver_together();
    }
    BOOST_TEST(running == 2);
    BOOST_TEST(queue.undelivered() == 0U);
}

BOOST_FIXTURE_TEST_CASE(after_a_fork_a_call_that_is_being_delivered_counts_as_delivered, queue_fixture)
{
    push(1);
    push(2);
    std::vector<std::size_t> counts;
    queue.deliver([&](std::unique_ptr<operation>) {
        if (counts.empty()) {
            queue.restart_after_fork();
        }
        counts.push_back(queue.undelivered());
    });
    // The second call waited at the fork.
    BOOST_TEST((counts == std::vector<std::size_t>{1, 1}));
    BOOST_TEST(queue.undelivered() == 0U);
    push(3);
    BOOST_TEST(queue.undelivered() == 1U);
    deliver();
    BOOST_TEST(queue.undelivered() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

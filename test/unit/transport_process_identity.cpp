// SPDX-License-Identifier: BSL-1.0

#include "transport/process_identity.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <sys/wait.h>
#include <unistd.h>

BOOST_AUTO_TEST_SUITE(transport_process_identity)

using postmark::transport::process_identity;

namespace {

/// \return whether the check holds in a child of this process
bool holds_in_child(std::function<bool()> const& check)
{
    pid_t const child = ::fork();
    if (child == 0) {
        ::_exit(check() ? 0 : 1);
    }
    int status = 0;
    return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_process_keeps_its_number)
{
    process_identity const identity;
    BOOST_TEST(identity.current() != 0U);
    BOOST_TEST(identity.current() == identity.current());
    BOOST_TEST(!identity.has_forked());
}

BOOST_AUTO_TEST_CASE(a_child_notices_the_fork_and_its_parent_does_not)
{
    process_identity const identity;
    auto const parent = identity.current();
    BOOST_TEST(holds_in_child([&] { return identity.has_forked() && identity.current() != parent; }));
    BOOST_TEST(!identity.has_forked());
    BOOST_TEST(identity.current() == parent);
}

BOOST_AUTO_TEST_CASE(a_child_that_has_dropped_what_it_inherited_may_fork_again)
{
    process_identity const identity;
    auto const parent = identity.current();
    BOOST_TEST(holds_in_child([&] {
        identity.acknowledge();
        auto const child = identity.current();
        return !identity.has_forked() && holds_in_child([&] {
            return identity.has_forked() && identity.current() != child && identity.current() != parent;
        });
    }));
}

BOOST_AUTO_TEST_SUITE_END()

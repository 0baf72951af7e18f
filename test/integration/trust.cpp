// SPDX-License-Identifier: BSL-1.0

#include <boost/test/unit_test.hpp>

#include <stdlib.h>

namespace {

/// Hundreds of clients are made here, and reading the system's trust anchors takes longer than all else that they do.
/// Nor may it matter what a machine trusts: the tests name what they need.
struct no_trust_in_the_system {
    no_trust_in_the_system()
    {
        ::setenv("SSL_CERT_FILE", "/dev/null", 1);
        ::unsetenv("SSL_CERT_DIR");
    }
};

} // namespace

BOOST_TEST_GLOBAL_FIXTURE(no_trust_in_the_system);

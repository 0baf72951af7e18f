// SPDX-License-Identifier: BSL-1.0

#include <boost/test/unit_test.hpp>

#include <stdlib.h>

namespace {

/// The tests create hundreds of clients, and reading the system's trust anchors takes longer than the rest of their
/// work. The results must not depend on the trust anchors of the machine either: the tests name those that they need.
struct no_trust_in_the_system {
    no_trust_in_the_system()
    {
        ::setenv("SSL_CERT_FILE", "/dev/null", 1);
        ::unsetenv("SSL_CERT_DIR");
    }
};

} // namespace

BOOST_TEST_GLOBAL_FIXTURE(no_trust_in_the_system);

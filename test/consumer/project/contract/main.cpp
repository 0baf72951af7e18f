// SPDX-License-Identifier: BSL-1.0

// Uses an installed copy through its documented interface only: each completion token sends a mail, and the service's
// record shows whether it arrived. Prints a line for each; the program fails if any of them failed.

#include "contract_check.hpp"

#include <cstdlib>

int main()
{
    try {
        postmark::sandbox::server service;
        ::setenv("PYSTMARK_HOST", (service.host() + ":" + std::to_string(service.port())).c_str(), 1);
        ::setenv("PYSTMARK_CA_FILE", service.ca_file().c_str(), 1);
        ::setenv("PYSTMARK_API_KEY", "contract-token", 1);
        ::setenv("PYSTMARK_DEFAULT_SENDER", "Shop <shop@example.com>", 1);
        service.suppress("gone@example.com");

        contract_check check{service};
        try_tokens(check);
        try_surface(check);
        return check.all_good ? 0 : 1;
    } catch (std::exception const& error) {
        std::cout << "FAILED  " << error.what() << '\n';
        return 1;
    }
}

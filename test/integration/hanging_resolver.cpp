// SPDX-License-Identifier: BSL-1.0

#include "hanging_resolver.hpp"

#include <condition_variable>
#include <dlfcn.h>
#include <mutex>
#include <netdb.h>
#include <string_view>

namespace hanging_resolver {

namespace {

std::mutex mutex;
std::condition_variable changed;
bool hanging = false;
int waiting = 0;

} // namespace

hanging_lookup::hanging_lookup()
{
    std::lock_guard const lock{mutex};
    hanging = true;
}

hanging_lookup::~hanging_lookup()
{
    release();
}

void hanging_lookup::release()
{
    std::lock_guard const lock{mutex};
    hanging = false;
    changed.notify_all();
}

bool hanging_lookup::is_waiting() const
{
    std::lock_guard const lock{mutex};
    return waiting != 0;
}

} // namespace hanging_resolver

/// Replaces the system's function of the same name, which still resolves all other names.
extern "C" int getaddrinfo(char const* node, char const* service, addrinfo const* hints, addrinfo** result)
{
    using namespace hanging_resolver;
    if (node != nullptr && std::string_view{node} == name) {
        std::unique_lock lock{mutex};
        ++waiting;
        changed.wait(lock, [] { return !hanging; });
        --waiting;
        return EAI_AGAIN;
    }
    using function = int (*)(char const*, char const*, addrinfo const*, addrinfo**);
    static auto const systems = reinterpret_cast<function>(dlsym(RTLD_NEXT, "getaddrinfo"));
    return systems(node, service, hints, result);
}

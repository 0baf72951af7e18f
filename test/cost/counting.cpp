// SPDX-License-Identifier: BSL-1.0

#include "counting.hpp"

#include <atomic>
#include <cstdint>
#include <malloc.h>
#include <utility>

namespace {

std::atomic<std::size_t> live_bytes{0};
std::atomic<std::size_t> large{SIZE_MAX};
std::atomic<std::size_t> large_seen{0};

thread_local std::size_t until_failure = 0;
thread_local std::size_t until_next_failure = 0;
thread_local bool failed = false;
thread_local bool paused = false;

bool fails()
{
    if (paused || until_failure == 0 || --until_failure != 0) {
        return false;
    }
    until_failure = std::exchange(until_next_failure, 0);
    return failed = true;
}

void* taken(void* what, std::size_t asked)
{
    if (what != nullptr) {
        live_bytes += ::malloc_usable_size(what);
    }
    if (asked >= large) {
        ++large_seen;
    }
    return what;
}

void given_back(void* what)
{
    if (what != nullptr) {
        live_bytes -= ::malloc_usable_size(what);
    }
}

} // namespace

// The library allocates by operator new and by realloc; both end here.
extern "C" {

void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* what, std::size_t size);
void __libc_free(void* what);

void* malloc(std::size_t size) noexcept
{
    return fails() ? nullptr : taken(__libc_malloc(size), size);
}

void* calloc(std::size_t count, std::size_t size) noexcept
{
    return fails() ? nullptr : taken(__libc_calloc(count, size), count * size);
}

void* realloc(void* what, std::size_t size) noexcept
{
    if (fails()) {
        return nullptr;
    }
    given_back(what);
    return taken(__libc_realloc(what, size), size);
}

void free(void* what) noexcept
{
    given_back(what);
    __libc_free(what);
}
}

namespace counting {

std::size_t live()
{
    return live_bytes;
}

void watch(std::size_t size)
{
    large = size;
    large_seen = 0;
}

void fail(std::size_t number, std::size_t gap)
{
    until_failure = number;
    until_next_failure = gap;
    failed = false;
}

bool stop_failing()
{
    until_failure = until_next_failure = 0;
    return failed;
}

void pause_failing(bool pause)
{
    paused = pause;
}

std::size_t seen()
{
    return large_seen;
}

} // namespace counting

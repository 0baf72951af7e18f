// SPDX-License-Identifier: BSL-1.0

#include "counting.hpp"

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <malloc.h>
#include <utility>

namespace {

std::atomic<std::size_t> live_bytes{0};
std::atomic<std::size_t> watched_size{SIZE_MAX};
std::atomic<std::size_t> watched_count{0};

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

void* record_allocation(void* block, std::size_t size)
{
    if (block != nullptr) {
        live_bytes += ::malloc_usable_size(block);
    }
    if (size >= watched_size) {
        ++watched_count;
    }
    return block;
}

void record_release(void* block)
{
    if (block != nullptr) {
        live_bytes -= ::malloc_usable_size(block);
    }
}

} // namespace

// Operator new, realloc and the aligned operator new all end in one of these.
extern "C" {

void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* block);

void* malloc(std::size_t size) noexcept
{
    return fails() ? nullptr : record_allocation(__libc_malloc(size), size);
}

void* calloc(std::size_t count, std::size_t size) noexcept
{
    return fails() ? nullptr : record_allocation(__libc_calloc(count, size), count * size);
}

void* realloc(void* block, std::size_t size) noexcept
{
    if (fails()) {
        return nullptr;
    }
    record_release(block);
    return record_allocation(__libc_realloc(block, size), size);
}

void* memalign(std::size_t alignment, std::size_t size) noexcept
{
    return fails() ? nullptr : record_allocation(__libc_memalign(alignment, size), size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept
{
    return memalign(alignment, size);
}

int posix_memalign(void** block, std::size_t alignment, std::size_t size) noexcept
{
    void* const made = memalign(alignment, size);
    if (made == nullptr) {
        return ENOMEM;
    }
    *block = made;
    return 0;
}

void free(void* block) noexcept
{
    record_release(block);
    __libc_free(block);
}
}

namespace counting {

std::size_t live()
{
    return live_bytes;
}

void watch(std::size_t size)
{
    watched_size = size;
    watched_count = 0;
}

std::size_t seen()
{
    return watched_count;
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

} // namespace counting

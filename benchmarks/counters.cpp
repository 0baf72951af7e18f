// SPDX-License-Identifier: BSL-1.0

#include "counters.hpp"

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <dlfcn.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

// The functions at the end of this file replace those of the C library in the whole process: the dynamic linker prefers
// the definitions of a program to those of shared libraries. Hence the calls that OpenSSL makes are counted, too.

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
}

namespace bench {

namespace {

// The counters of one thread. Threads share none, since a shared counter would cost more than what it counts. They are
// written by one thread and read by others: hence relaxed atomics, which compile to plain loads and stores.
struct alignas(128) thread_counters {
    std::atomic<std::uint64_t> allocations;
    std::atomic<std::uint64_t> allocated_bytes;
    std::atomic<std::uint64_t> sent_bytes;
    std::atomic<std::uint64_t> received_bytes;
    std::atomic<std::uint64_t> calls[system_call_count];
};

// Threads beyond this number share the last counters, and may lose counts.
constexpr std::size_t max_threads = 64;
constinit thread_counters all_counters[max_threads];
constinit std::atomic<std::size_t> counters_taken{0};
constinit thread_local thread_counters* own_counters = nullptr;

thread_counters& counters() noexcept
{
    if (own_counters == nullptr) {
        std::size_t const index = counters_taken.fetch_add(1, std::memory_order_relaxed);
        own_counters = &all_counters[index < max_threads ? index : max_threads - 1];
    }
    return *own_counters;
}

void add(std::atomic<std::uint64_t>& counter, std::uint64_t amount) noexcept
{
    counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

void count_allocation(std::size_t size) noexcept
{
    thread_counters& own = counters();
    add(own.allocations, 1);
    add(own.allocated_bytes, size);
}

void count_call(system_call call) noexcept
{
    add(counters().calls[static_cast<std::size_t>(call)], 1);
}

ssize_t count_sent(ssize_t result) noexcept
{
    if (result > 0) {
        add(counters().sent_bytes, static_cast<std::uint64_t>(result));
    }
    return result;
}

ssize_t count_received(ssize_t result) noexcept
{
    if (result > 0) {
        add(counters().received_bytes, static_cast<std::uint64_t>(result));
    }
    return result;
}

// The function of the C library that the one of the same name in this file replaces.
template <class Function>
Function* next(Function*& known, char const* name) noexcept
{
    if (known == nullptr) {
        known = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
    }
    return known;
}

} // namespace

std::string_view name_of(system_call call) noexcept
{
    constexpr std::string_view names[system_call_count] = {
        "send", "sendmsg",         "recv",   "recvmsg", "read",  "write", "epoll_ctl", "epoll_wait",
        "poll", "timerfd_settime", "socket", "connect", "close", "other"};
    return names[static_cast<std::size_t>(call)];
}

counts& counts::operator+=(counts const& other) noexcept
{
    allocations += other.allocations;
    allocated_bytes += other.allocated_bytes;
    sent_bytes += other.sent_bytes;
    received_bytes += other.received_bytes;
    for (std::size_t i = 0; i < system_call_count; ++i) {
        calls[i] += other.calls[i];
    }
    return *this;
}

counts& counts::operator-=(counts const& other) noexcept
{
    allocations -= other.allocations;
    allocated_bytes -= other.allocated_bytes;
    sent_bytes -= other.sent_bytes;
    received_bytes -= other.received_bytes;
    for (std::size_t i = 0; i < system_call_count; ++i) {
        calls[i] -= other.calls[i];
    }
    return *this;
}

counts count_all() noexcept
{
    counts result;
    for (thread_counters const& thread : all_counters) {
        counts part;
        part.allocations = thread.allocations.load(std::memory_order_relaxed);
        part.allocated_bytes = thread.allocated_bytes.load(std::memory_order_relaxed);
        part.sent_bytes = thread.sent_bytes.load(std::memory_order_relaxed);
        part.received_bytes = thread.received_bytes.load(std::memory_order_relaxed);
        for (std::size_t i = 0; i < system_call_count; ++i) {
            part.calls[i] = thread.calls[i].load(std::memory_order_relaxed);
        }
        result += part;
    }
    return result;
}

std::uint64_t own_allocations() noexcept
{
    return counters().allocations.load(std::memory_order_relaxed);
}

} // namespace bench

using bench::system_call;

extern "C" {

void* malloc(std::size_t size)
{
    bench::count_allocation(size);
    return __libc_malloc(size);
}

void* calloc(std::size_t count, std::size_t size)
{
    bench::count_allocation(count * size);
    return __libc_calloc(count, size);
}

void* realloc(void* block, std::size_t size)
{
    bench::count_allocation(size);
    return __libc_realloc(block, size);
}

void* memalign(std::size_t alignment, std::size_t size)
{
    bench::count_allocation(size);
    return __libc_memalign(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size)
{
    bench::count_allocation(size);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void** block, std::size_t alignment, std::size_t size)
{
    bench::count_allocation(size);
    *block = __libc_memalign(alignment, size);
    return *block != nullptr ? 0 : ENOMEM;
}

// BENCH_COUNTED(result, name, parameters, arguments, call, wrap): a function that counts and calls the real one.
#define BENCH_COUNTED(result, name, parameters, arguments, call, wrap)                                                 \
    result name parameters                                                                                             \
    {                                                                                                                  \
        static constinit decltype(&name) real = nullptr;                                                               \
        bench::count_call(system_call::call);                                                                          \
        return wrap(bench::next(real, #name) arguments);                                                               \
    }

BENCH_COUNTED(ssize_t, send, (int fd, void const* data, std::size_t size, int flags), (fd, data, size, flags), send,
              bench::count_sent)
BENCH_COUNTED(ssize_t, sendto,
              (int fd, void const* data, std::size_t size, int flags, sockaddr const* to, socklen_t length),
              (fd, data, size, flags, to, length), send, bench::count_sent)
BENCH_COUNTED(ssize_t, sendmsg, (int fd, msghdr const* data, int flags), (fd, data, flags), sendmsg, bench::count_sent)
BENCH_COUNTED(ssize_t, recv, (int fd, void* data, std::size_t size, int flags), (fd, data, size, flags), recv,
              bench::count_received)
BENCH_COUNTED(ssize_t, recvfrom, (int fd, void* data, std::size_t size, int flags, sockaddr* from, socklen_t* length),
              (fd, data, size, flags, from, length), recv, bench::count_received)
BENCH_COUNTED(ssize_t, recvmsg, (int fd, msghdr* data, int flags), (fd, data, flags), recvmsg, bench::count_received)
BENCH_COUNTED(ssize_t, read, (int fd, void* data, std::size_t size), (fd, data, size), read, )
BENCH_COUNTED(ssize_t, write, (int fd, void const* data, std::size_t size), (fd, data, size), write, )
BENCH_COUNTED(ssize_t, readv, (int fd, iovec const* data, int count), (fd, data, count), read, )
BENCH_COUNTED(ssize_t, writev, (int fd, iovec const* data, int count), (fd, data, count), write, )
BENCH_COUNTED(int, epoll_ctl, (int epoll, int operation, int fd, epoll_event* event) noexcept,
              (epoll, operation, fd, event), epoll_ctl, )
BENCH_COUNTED(int, epoll_wait, (int epoll, epoll_event* events, int count, int timeout),
              (epoll, events, count, timeout), epoll_wait, )
BENCH_COUNTED(int, poll, (pollfd * fds, nfds_t count, int timeout), (fds, count, timeout), poll, )
BENCH_COUNTED(int, timerfd_settime, (int fd, int flags, itimerspec const* value, itimerspec* old) noexcept,
              (fd, flags, value, old), timerfd_settime, )
BENCH_COUNTED(int, socket, (int domain, int type, int protocol) noexcept, (domain, type, protocol), socket, )
BENCH_COUNTED(int, connect, (int fd, sockaddr const* to, socklen_t length), (fd, to, length), connect, )
BENCH_COUNTED(int, close, (int fd), (fd), close, )
BENCH_COUNTED(int, shutdown, (int fd, int how) noexcept, (fd, how), other, )
BENCH_COUNTED(int, setsockopt, (int fd, int level, int name, void const* value, socklen_t length) noexcept,
              (fd, level, name, value, length), other, )
BENCH_COUNTED(int, getsockopt, (int fd, int level, int name, void* value, socklen_t* length) noexcept,
              (fd, level, name, value, length), other, )

int ioctl(int fd, unsigned long request, ...) noexcept
{
    static constinit decltype(&ioctl) real = nullptr;
    std::va_list rest;
    va_start(rest, request);
    void* const argument = va_arg(rest, void*);
    va_end(rest);
    bench::count_call(system_call::other);
    return bench::next(real, "ioctl")(fd, request, argument);
}

} // extern "C"

// SPDX-License-Identifier: BSL-1.0

#include "transport/process_identity.hpp"

#include <new>
#include <sys/mman.h>
#include <unistd.h>

namespace postmark::transport {

process_identity::process_identity() noexcept
{
#ifdef MADV_WIPEONFORK
    long const size = ::sysconf(_SC_PAGESIZE);
    if (size > 0) {
        page_size_ = static_cast<std::size_t>(size);
        void* const memory = ::mmap(nullptr, page_size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory != MAP_FAILED) {
            if (::madvise(memory, page_size_, MADV_WIPEONFORK) == 0) {
                page_ = ::new (memory) std::atomic<std::uint64_t>{0};
            } else {
                ::munmap(memory, page_size_);
            }
        }
    }
#endif
    acknowledge();
}

process_identity::~process_identity()
{
    if (page_ != nullptr) {
        ::munmap(page_, page_size_);
    }
}

std::uint64_t process_identity::process_id() noexcept
{
    return static_cast<std::uint64_t>(::getpid());
}

/// The page was cleared: this is the first look at it in this process.
std::uint64_t process_identity::renumber() const noexcept
{
    std::uint64_t expected = 0;
    std::uint64_t const number = ++last_;
    // Another thread of the child may have been faster; its number is as good.
    return page_->compare_exchange_strong(expected, number) ? number : expected;
}

} // namespace postmark::transport

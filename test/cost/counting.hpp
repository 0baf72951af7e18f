// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_COST_COUNTING_HPP
#define POSTMARK_TEST_COST_COUNTING_HPP

#include <cstddef>

/// Counts every allocation of the program, whichever library makes it: malloc and its relatives, and the aligned
/// allocations that Asio uses for its operations.
namespace counting {

/// The number of bytes that are allocated now, including the overhead that the allocator adds to the requested size.
[[nodiscard]] std::size_t live();

/// Starts to count allocations of at least `size` bytes. A reallocation to such a size counts as well.
void watch(std::size_t size);
/// The allocations that were counted since `watch`.
[[nodiscard]] std::size_t seen();

/// Makes one of the following allocations of this thread fail.
/// \param number which one, counted from 1
/// \param gap    the allocation that is `gap` after the first failure fails as well; 0: only one fails
void fail(std::size_t number, std::size_t gap);
/// Lets every allocation succeed again.
/// \return whether one has failed since `fail`
[[nodiscard]] bool stop_failing();
/// While paused, no allocation of this thread fails or is counted for `fail`.
void pause_failing(bool pause);

} // namespace counting

#endif

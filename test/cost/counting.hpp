#ifndef POSTMARK_TEST_COST_COUNTING_HPP
#define POSTMARK_TEST_COST_COUNTING_HPP

#include <cstddef>

/// Every allocation of the program, whoever makes it.
namespace counting {

/// Bytes that are allocated now, those included that the allocator adds to what was asked for.
[[nodiscard]] std::size_t live();

/// Counts, from now on, allocations of at least so many bytes, reallocations that grow to it included.
void watch(std::size_t size);
[[nodiscard]] std::size_t seen();

/// Of the allocations that this thread makes from now on, lets the one with this number fail, counted from 1. 0: none.
void fail_once(std::size_t number);
/// Lets none fail. \return how many there would still have been until the failure; 0 if it has happened
[[nodiscard]] std::size_t pause_failing();

} // namespace counting

#endif

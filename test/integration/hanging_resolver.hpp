// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_HANGING_RESOLVER_HPP
#define POSTMARK_TEST_HANGING_RESOLVER_HPP

/// In this program the system's look-up of one name blocks until the test releases it.
namespace hanging_resolver {

inline constexpr char const* name = "hangs.invalid";

/// While an object of this class exists, look-ups of the name block; its destructor makes them fail.
class hanging_lookup {
public:
    hanging_lookup();
    hanging_lookup(hanging_lookup const&) = delete;
    hanging_lookup& operator=(hanging_lookup const&) = delete;
    ~hanging_lookup();

    /// Makes the blocked look-ups fail now.
    void release();

    /// Whether a look-up is blocked at this moment.
    [[nodiscard]] bool is_waiting() const;
};

} // namespace hanging_resolver

#endif

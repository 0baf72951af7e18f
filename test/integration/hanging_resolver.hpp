// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_HANGING_RESOLVER_HPP
#define POSTMARK_TEST_HANGING_RESOLVER_HPP

/// In this program the system's look-up of one name takes until it is told to end.
namespace hanging_resolver {

inline constexpr char const* name = "hangs.invalid";

/// While one of these lives, look-ups of the name hang; its end lets them fail.
class spell {
public:
    spell();
    spell(spell const&) = delete;
    spell& operator=(spell const&) = delete;
    ~spell();

    /// Lets them fail now.
    void release();

    /// Whether one hangs at this moment.
    [[nodiscard]] bool somebody_waits() const;
};

} // namespace hanging_resolver

#endif

// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_TRIAL_PLAN_HPP
#define POSTMARK_TEST_TRIAL_PLAN_HPP

#include <postmark/message.hpp>

#include <cstddef>
#include <random>
#include <string>

namespace postmark::test {

/// Parameters of a run.
struct trial_options {
    std::size_t messages = 20'000;
    std::size_t callers = 200;
    std::size_t connections = 8;
    std::size_t batch = 0;
    std::size_t threads = 1;
    std::size_t large = 4000;
    double faults = 30;
    unsigned seed = std::random_device{}();
    /// Percentage of the calls that end with the cancellation of another one.
    std::size_t cancel = 0;
    bool mixed = false;
    bool at_least_once = false;
    bool coalesce = false;
    std::string row;
    std::string curve;
};

// The number of a message decides its kind, so that a seed determines the run.

[[nodiscard]] constexpr bool is_template(std::size_t number)
{
    return number % 4 == 3;
}

/// Whether the service refuses the message.
[[nodiscard]] constexpr bool is_refused(std::size_t number)
{
    return number % 200 == 18;
}

/// Whether the message is too large to leave at once.
[[nodiscard]] inline bool is_large(trial_options const& options, std::size_t number)
{
    return options.large != 0 && number % options.large == options.large / 2 && !is_template(number);
}

[[nodiscard]] inline message make_mail(trial_options const& options, std::size_t number)
{
    message made;
    // The sandbox refuses mail to the first: it is suppressed.
    made.to = is_refused(number) ? "gone@recipient.example" : "user@example.com";
    if (is_template(number)) {
        made.template_alias = "welcome";
        made.template_model = R"({"name":"Ann"})";
    } else {
        made.subject = "Trial";
        made.text = "Message " + std::to_string(number);
    }
    made.metadata["n"] = std::to_string(number);
    if (is_large(options, number)) {
        made.attach_bytes(std::string(std::size_t{7} * 1024 * 1024, 'x'), "a.txt");
    }
    return made;
}

} // namespace postmark::test

#endif

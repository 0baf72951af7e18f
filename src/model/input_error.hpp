// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_MODEL_INPUT_ERROR_HPP
#define POSTMARK_MODEL_INPUT_ERROR_HPP

#include <postmark/error_code.hpp>

#include <string>
#include <utility>

namespace postmark::model {

/// The result of a function that checks what the caller passed (`check_...`): an error with its description, or nothing.
///
/// `if (input_error problem = check_message(msg, defaults)) { return problem; }`
struct input_error {
    input_error() = default;
    input_error(errc code, std::string description)
        : error{code}
        , text{std::move(description)}
    {
    }

    /// Whether something is wrong.
    explicit operator bool() const noexcept { return error != errc{}; }

    /// `errc{}` if nothing is wrong.
    errc error{};
    /// What is wrong: the field and what was expected there, without its content, which may be secret.
    std::string text;
};

} // namespace postmark::model

#endif

// SPDX-License-Identifier: BSL-1.0

#include "model/api_error_texts.hpp"
#include "model/errc_table.hpp"

#include <postmark/error_code.hpp>

#include <cstddef>
#include <cstdio>
#include <string>

namespace postmark {

namespace {

char const* errc_text(int value) noexcept
{
    if (value == 0) {
        return "no error";
    }
    auto const* const row = model::find_errc(value);
    return row != nullptr ? row->text : nullptr;
}

char const* condition_text(int value) noexcept
{
    switch (static_cast<condition>(value)) {
    case condition::rejected:
        return "rejected by the service";
    case condition::not_sent:
        return "not sent";
    case condition::outcome_unknown:
        return "the outcome is unknown";
    case condition::unauthorized:
        return "the token was not accepted";
    case condition::retryable:
        return "may succeed when it is tried again";
    }
    return nullptr;
}

// Categories are never deleted, so the base has no virtual destructor.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"

class text_category : public boost::system::error_category {
public:
    using text_function = char const* (*)(int) noexcept;

    // The id makes a category equal to itself across shared libraries that each hold a copy of it.
    constexpr text_category(char const* name, text_function text, unsigned long long id) noexcept
        : error_category{id}
        , name_{name}
        , text_{text}
    {
    }

    [[nodiscard]] char const* name() const noexcept override { return name_; }

    [[nodiscard]] std::string message(int value) const override
    {
        if (auto const* const text = text_(value)) {
            return text;
        }
        return "Postmark error " + std::to_string(value);
    }

    char const* message(int value, char* buffer, std::size_t size) const noexcept override
    {
        if (auto const* const text = text_(value)) {
            return text;
        }
        if (size == 0) {
            return buffer;
        }
        std::snprintf(buffer, size, "Postmark error %d", value);
        return buffer;
    }

private:
    char const* name_;
    text_function text_;
};

class matching_category final : public text_category {
public:
    using text_category::equivalent;
    using text_category::text_category;

    bool equivalent(error_code const& error, int wanted) const noexcept override
    {
        if (error.category() == postmark::error_category()) {
            return matches(model::find_errc(error.value()), static_cast<condition>(wanted));
        }
        if (error.category() == postmark::api_category()) {
            return matches(static_cast<api_errc>(error.value()), static_cast<condition>(wanted));
        }
        return false;
    }

private:
    static bool matches(model::errc_row const* row, condition wanted) noexcept
    {
        if (row == nullptr) {
            return false;
        }
        switch (wanted) {
        case condition::rejected:
            return row->outcome == outcome::rejected;
        case condition::not_sent:
            return row->outcome == outcome::not_sent;
        case condition::outcome_unknown:
            return row->outcome == outcome::unknown;
        case condition::unauthorized:
            return false;
        case condition::retryable:
            return row->retryable;
        }
        return false;
    }

    static bool matches(api_errc code, condition wanted) noexcept
    {
        switch (wanted) {
        case condition::rejected:
            return code != api_errc::ok;
        case condition::not_sent:
        case condition::outcome_unknown:
            return false;
        case condition::unauthorized:
            return code == api_errc::bad_token;
        case condition::retryable:
            return code == api_errc::rate_limit_exceeded || code == api_errc::maintenance;
        }
        return false;
    }
};

#pragma GCC diagnostic pop

constinit text_category const error_instance{"postmark", errc_text, 0x3b1f6a0c52d94e71};
constinit text_category const api_instance{"postmark.api", model::api_error_text, 0x3b1f6a0c52d94e72};
constinit matching_category const condition_instance{"postmark.condition", condition_text, 0x3b1f6a0c52d94e73};

} // namespace

boost::system::error_category const& error_category() noexcept
{
    return error_instance;
}

boost::system::error_category const& api_category() noexcept
{
    return api_instance;
}

boost::system::error_category const& condition_category() noexcept
{
    return condition_instance;
}

} // namespace postmark

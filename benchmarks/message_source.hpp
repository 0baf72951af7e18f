// SPDX-License-Identifier: BSL-1.0

// Makes the messages that bench_send sends.
#ifndef POSTMARK_BENCHMARKS_MESSAGE_SOURCE_HPP
#define POSTMARK_BENCHMARKS_MESSAGE_SOURCE_HPP

#include "meter.hpp"
#include "workload.hpp"

#include <postmark/message.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <vector>

namespace bench {

/// Makes messages as a caller does: copies one that was prepared or, with `options::strings`, builds each from strings
/// that it keeps. Safe to use from several threads.
class message_source {
public:
    explicit message_source(options const& settings)
        : strings_{settings.strings}
        , named_{settings.named}
        , text_{make_text(settings.body)}
    {
        for (std::size_t i = 0; i < recipients.size(); ++i) {
            names_[i] = recipients[i].name;
            addresses_[i] = recipients[i].address;
        }
        fill(prepared_, 0);
        prepared_.to = recipient;
        if (settings.mode == "attachment") {
            prepared_.attach_bytes(make_file(settings.attachment), std::string{attachment_name},
                                   std::string{attachment_type});
        }
    }

    // Not inlined: profiles tell the work of the caller from that of the library by the names of these functions.

    [[nodiscard, gnu::noinline]] postmark::message make_one() const
    {
        if (!strings_) {
            return prepared_;
        }
        postmark::message result;
        fill(result, 0);
        return result;
    }

    [[nodiscard, gnu::noinline]] std::vector<postmark::message> make_many(std::size_t count) const
    {
        if (!strings_) {
            return std::vector<postmark::message>(count, prepared_);
        }
        std::vector<postmark::message> result(count);
        for (std::size_t i = 0; i < count; ++i) {
            fill(result[i], i);
        }
        return result;
    }

private:
    void fill(postmark::message& result, std::size_t index) const
    {
        result.from = postmark::mailbox{sender_address_, sender_name_};
        std::size_t const number = index % names_.size();
        if (named_) {
            result.to = postmark::mailbox{addresses_[number], names_[number]};
        } else {
            result.to = addresses_[number];
        }
        result.subject = subject_;
        result.tag = tag_;
        result.text = text_;
        result.message_stream = stream_;
    }

    bool strings_;
    bool named_;
    std::string sender_address_{sender_address};
    std::string sender_name_{sender_name};
    std::array<std::string, recipients.size()> names_;
    std::array<std::string, recipients.size()> addresses_;
    std::string subject_{subject};
    std::string tag_{tag};
    std::string text_;
    std::string stream_{stream};
    postmark::message prepared_;
};

} // namespace bench

#endif

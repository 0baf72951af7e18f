// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_INTERNET_MAIL_HPP
#define POSTMARK_SANDBOX_INTERNET_MAIL_HPP

#include <postmark/sandbox.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace postmark::sandbox::detail {

/// A message as it travels between mail servers (RFC 5322), with its parts (RFC 2045).
struct internet_mail {
    /// In their order, unfolded, with the encoded words as they were written.
    std::vector<header> fields;
    /// The parts to read, in UTF-8.
    std::string text;
    std::string html;
    /// All other parts, decoded.
    std::vector<attachment> attachments;

    /// The first field of this name, in any case; empty when there is none.
    [[nodiscard]] std::string_view field(std::string_view name) const;
};

/// Reads a message. Every text is read as far as it can be: fields without a name, parts below the 16th level, and what
/// exceeds 1,000 fields of a part or 500 parts are left out.
[[nodiscard]] internet_mail read_internet_mail(std::string_view source);

} // namespace postmark::sandbox::detail

#endif

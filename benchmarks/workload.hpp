// SPDX-License-Identifier: BSL-1.0

// The mail that every program here sends.
#ifndef POSTMARK_BENCHMARKS_WORKLOAD_HPP
#define POSTMARK_BENCHMARKS_WORKLOAD_HPP

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace bench {

inline constexpr std::string_view token = "00000000-0000-0000-0000-000000000000";
inline constexpr std::string_view sender_address = "shop@example.com";
inline constexpr std::string_view sender_name = "Shop";
inline constexpr std::string_view sender = "Shop <shop@example.com>";
inline constexpr std::string_view recipient = "ann@example.com";
inline constexpr std::string_view subject = "Your order 17 has left";
inline constexpr std::string_view tag = "order";
inline constexpr std::string_view stream = "outbound";
inline constexpr std::string_view attachment_name = "invoice.pdf";
inline constexpr std::string_view attachment_type = "application/pdf";

/// A recipient with a display name.
struct named_recipient {
    std::string_view name;
    std::string_view address;
    /// Both as a mail header has them.
    std::string_view header;
};

/// Recipients of messages that are built from strings. Message number i of a batch goes to recipient number i modulo
/// their count, and so does item number i of the reply. Their addresses are too long to be stored without an
/// allocation.
inline constexpr std::array<named_recipient, 8> recipients{{
    {"Jörg Müller", "joerg.mueller@example.com", "Jörg Müller <joerg.mueller@example.com>"},
    {"Ann Smith", "ann.smith@example.com", "Ann Smith <ann.smith@example.com>"},
    {"García, José", "jose.garcia@example.com", R"~("García, José" <jose.garcia@example.com>)~"},
    {"山田 太郎", "taro.yamada@example.com", "山田 太郎 <taro.yamada@example.com>"},
    {"Smith, John (Sales)", "john.smith@example.com", R"~("Smith, John (Sales)" <john.smith@example.com>)~"},
    {"Łukasz Wójcik", "lukasz.wojcik@example.com", "Łukasz Wójcik <lukasz.wojcik@example.com>"},
    {"Мария Иванова", "maria.ivanova@example.com", "Мария Иванова <maria.ivanova@example.com>"},
    {"Jean \"JJ\" Dupont", "jean.dupont@example.com", R"~("Jean \"JJ\" Dupont" <jean.dupont@example.com>)~"},
}};

/// Lines of a mail, some of which contain quotes.
[[nodiscard]] inline std::string make_text(std::size_t size)
{
    constexpr std::string_view lines = "Dear Ann,\n"
                                       "your order has been shipped, and should be with you on Thursday.\n"
                                       "The parcel service calls it \"17-42\"; ask us if it does not arrive.\n"
                                       "You find your invoice in your account, together with all others.\n";
    std::string result;
    result.reserve(size + lines.size());
    while (result.size() < size) {
        result += lines;
    }
    result.resize(size);
    return result;
}

/// Bytes of all values.
[[nodiscard]] inline std::string make_file(std::size_t size)
{
    std::string result(size, '\0');
    unsigned state = 1;
    for (char& byte : result) {
        state = state * 1664525u + 1013904223u;
        byte = static_cast<char>(state >> 24);
    }
    return result;
}

} // namespace bench

#endif

// SPDX-License-Identifier: BSL-1.0

#ifndef EXAMPLES_PNG_HPP
#define EXAMPLES_PNG_HPP

#include <boost/crc.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

/// A PNG image of one colour, at most 100 pixels wide and high: something to attach.
inline std::string make_png(std::uint32_t width, std::uint32_t height, std::array<std::uint8_t, 3> colour)
{
    auto const big_endian = [](std::uint32_t value) {
        std::string bytes;
        for (int shift = 24; shift >= 0; shift -= 8) {
            bytes += static_cast<char>(value >> shift & 0xff);
        }
        return bytes;
    };
    auto const chunk = [&](std::string_view type, std::string const& data) {
        auto const covered = std::string{type} + data;
        boost::crc_32_type crc;
        crc.process_bytes(covered.data(), covered.size());
        return big_endian(static_cast<std::uint32_t>(data.size())) + covered + big_endian(crc.checksum());
    };

    // Each row: no filter, then red, green and blue of each pixel.
    std::string pixels;
    for (std::uint32_t row = 0; row < height; ++row) {
        pixels += '\0';
        for (std::uint32_t column = 0; column < width; ++column) {
            pixels.append(colour.begin(), colour.end());
        }
    }
    std::uint32_t low = 1;
    std::uint32_t high = 0;
    for (char const byte : pixels) {
        low = (low + static_cast<std::uint8_t>(byte)) % 65521;
        high = (high + low) % 65521;
    }

    // A zlib stream with one stored block: its length, and the complement of that.
    auto const length = static_cast<std::uint16_t>(pixels.size());
    auto const little_endian = [](unsigned value) {
        return std::string{static_cast<char>(value & 0xff), static_cast<char>(value >> 8 & 0xff)};
    };
    auto const data = "\x78\x01\x01" + little_endian(length) + little_endian(~unsigned{length}) + pixels +
                      big_endian(high << 16 | low);

    constexpr std::string_view eight_bits_rgb{"\x08\x02\x00\x00\x00", 5};
    return "\x89PNG\r\n\x1a\n" + chunk("IHDR", big_endian(width) + big_endian(height) + std::string{eight_bits_rgb}) +
           chunk("IDAT", data) + chunk("IEND", {});
}

#endif

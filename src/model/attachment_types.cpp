// SPDX-License-Identifier: BSL-1.0

#include "model/text.hpp"
#include "model/validation.hpp"

#include <postmark/message.hpp>

#include <algorithm>
#include <array>
#include <iterator>

namespace postmark {

namespace {

struct content_type {
    std::string_view extension;
    std::string_view type;
};

constexpr content_type content_types[] = {
    {"7z", "application/x-7z-compressed"},
    {"aac", "audio/aac"},
    {"avi", "video/x-msvideo"},
    {"avif", "image/avif"},
    {"bmp", "image/bmp"},
    {"bz2", "application/x-bzip2"},
    {"css", "text/css"},
    {"csv", "text/csv"},
    {"doc", "application/msword"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"eml", "message/rfc822"},
    {"eot", "application/vnd.ms-fontobject"},
    {"epub", "application/epub+zip"},
    {"flac", "audio/flac"},
    {"gif", "image/gif"},
    {"gz", "application/gzip"},
    {"heic", "image/heic"},
    {"htm", "text/html"},
    {"html", "text/html"},
    {"ico", "image/vnd.microsoft.icon"},
    {"ics", "text/calendar"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript"},
    {"json", "application/json"},
    {"log", "text/plain"},
    {"m4a", "audio/mp4"},
    {"md", "text/markdown"},
    {"mid", "audio/midi"},
    {"mov", "video/quicktime"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"mpeg", "video/mpeg"},
    {"mpg", "video/mpeg"},
    {"odp", "application/vnd.oasis.opendocument.presentation"},
    {"ods", "application/vnd.oasis.opendocument.spreadsheet"},
    {"odt", "application/vnd.oasis.opendocument.text"},
    {"ogg", "audio/ogg"},
    {"otf", "font/otf"},
    {"p7s", "application/pkcs7-signature"},
    {"pdf", "application/pdf"},
    {"pkpass", "application/vnd.apple.pkpass"},
    {"png", "image/png"},
    {"ppt", "application/vnd.ms-powerpoint"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"rar", "application/vnd.rar"},
    {"rtf", "application/rtf"},
    {"svg", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"tgz", "application/gzip"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"tsv", "text/tab-separated-values"},
    {"ttf", "font/ttf"},
    {"txt", "text/plain"},
    {"vcf", "text/vcard"},
    {"wav", "audio/wav"},
    {"webm", "video/webm"},
    {"webp", "image/webp"},
    {"woff", "font/woff"},
    {"woff2", "font/woff2"},
    {"xls", "application/vnd.ms-excel"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"xml", "application/xml"},
    {"xz", "application/x-xz"},
    {"yaml", "application/yaml"},
    {"yml", "application/yaml"},
    {"zip", "application/zip"},
};

constexpr std::string_view refused_extensions[] = {
    "bat", "bin", "chm", "com", "cpl", "crt", "exe", "hlp", "hta", "inf", "ins", "isp", "jse", "lnk", "mdb", "msc",
    "msi", "msp", "mst", "pcd", "pif", "reg", "scr", "sct", "shs", "vba", "vbe", "vbs", "wsf", "wsh", "wsl",
};

static_assert(std::ranges::is_sorted(content_types, {}, &content_type::extension));
static_assert(std::ranges::is_sorted(refused_extensions));

/// The last extension in lower case; empty if there is none that a table could hold.
class extension {
public:
    explicit extension(std::string_view file_name) noexcept
    {
        auto const dot = file_name.rfind('.');
        if (dot == std::string_view::npos || file_name.size() - dot - 1 > buffer_.size()) {
            return;
        }
        length_ = file_name.size() - dot - 1;
        std::ranges::transform(file_name.substr(dot + 1), buffer_.begin(), model::to_lower);
    }

    [[nodiscard]] std::string_view text() const noexcept { return {buffer_.data(), length_}; }

private:
    std::array<char, 8> buffer_{};
    std::size_t length_ = 0;
};

} // namespace

std::string_view content_type_of(std::string_view file_name) noexcept
{
    extension const wanted{file_name};
    auto const* const found = std::ranges::lower_bound(content_types, wanted.text(), {}, &content_type::extension);
    if (found == std::end(content_types) || found->extension != wanted.text()) {
        return "application/octet-stream";
    }
    return found->type;
}

bool model::has_refused_extension(std::string_view file_name) noexcept
{
    auto const last = file_name.find_last_not_of(". \t");
    return last != std::string_view::npos &&
           std::ranges::binary_search(refused_extensions, extension{file_name.substr(0, last + 1)}.text());
}

} // namespace postmark

// SPDX-License-Identifier: BSL-1.0

#include "sandbox/internet_mail.hpp"

#include "fuzz.hpp"
#include "sandbox/inbound_message.hpp"
#include "sandbox/mail_encodings.hpp"

using namespace postmark::sandbox::detail;
using postmark::fuzz::require;

namespace {

bool is_utf8(std::string_view text)
{
    return to_utf8(text, "utf-8") == text;
}

} // namespace

// Every text can be read as a mail, and what is shown of it is UTF-8.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto const source = postmark::fuzz::as_text(data, size);
    auto const read = read_internet_mail(source);
    require(is_utf8(read.text) && is_utf8(read.html));
    require(read.fields.size() <= 1'000 && read.attachments.size() <= 501);
    for (auto const& entry : read.attachments) {
        require(is_utf8(entry.name) && is_utf8(entry.content_type) && is_utf8(entry.content_id));
        require(entry.content.size() <= size);
    }

    auto mail = read_inbound(source, {});
    complete(mail, "inbound@example.com");
    for (auto const& entry : mail.headers) {
        require(is_utf8(entry.name) && is_utf8(entry.value));
    }
    for (auto const* list : {&mail.to, &mail.cc, &mail.bcc}) {
        for (auto const& entry : *list) {
            require(is_utf8(entry.email) && is_utf8(entry.name) && is_utf8(entry.mailbox_hash()));
        }
    }
    require(is_utf8(mail.from.email) && is_utf8(mail.from.name) && is_utf8(mail.to_text) && is_utf8(mail.subject));
    require(is_utf8(mail.reply_to) && is_utf8(mail.date) && !mail.original_recipient.empty());
    return 0;
}

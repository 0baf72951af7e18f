// SPDX-License-Identifier: BSL-1.0

#include "fuzz.hpp"
#include "model/validation.hpp"

#include <postmark/message.hpp>

#include <string>

using namespace postmark;
using fuzz::require;

// What is parsed and printed is parsed as the same; what is put together from a good address and any name, too.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto const text = fuzz::as_text(data, size);
    mailbox const one{text};
    require(mailbox{to_string(one)} == one);
    require(one.name.empty() || !one.address.empty());

    mailbox_list const list{text};
    require(mailbox_list{to_string(list)} == list);
    for (auto const& each : list) {
        require(!each.address.empty());
        require(mailbox{to_string(each)} == each);
    }

    auto name = text;
    auto const address = fuzz::take_line(name);
    if (model::is_plausible_address(address)) {
        mailbox const built{std::string{address}, std::string{name}};
        require(mailbox{to_string(built)} == built);
        mailbox_list const both{built, mailbox{"ann@example.org", "Ann"}, built};
        require(mailbox_list{to_string(both)} == both);

        message msg;
        msg.to = both;
        require(msg.recipients().size() == 3);
        error_code error;
        msg.verify(error);
        require(error == errc::invalid_message);
    }
    return 0;
}

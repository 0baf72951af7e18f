// SPDX-License-Identifier: BSL-1.0

#include "fuzz.hpp"
#include "model/text.hpp"
#include "model/validation.hpp"

#include <postmark/message.hpp>

#include <string>

using namespace postmark;
using fuzz::require;

namespace {

/// Text that is parsed and printed is parsed as the same.
void check_parsing(std::string_view text)
{
    mailbox const one{text};
    require(mailbox{to_string(one)} == one);
    require(mailbox{std::string{text}} == one);
    require(one.name.empty() || !one.address.empty());

    mailbox_list const list{text};
    require(mailbox_list{to_string(list)} == list);
    require(mailbox_list{std::string{text}} == list);
    for (mailbox const& item : list) {
        require(!item.address.empty());
        require(mailbox{to_string(item)} == item);
    }
}

/// A mailbox that passes verification is one recipient, whatever its address and name contain.
void check_injection(std::string_view address, std::string_view name)
{
    mailbox const built{std::string{address}, std::string{name}};
    message msg;
    msg.to = {mailbox{"ann@example.org", "Ann"}, built, "bob@example.org"};
    // A mailbox of blanks is left out.
    if (model::trim(address).empty() || model::check_injection(msg)) {
        return;
    }
    require(model::is_single_address(address));
    mailbox_list const read_back{to_string(msg.to)};
    require(read_back.size() == 3 && read_back.front() == msg.to.front() && read_back.back() == msg.to.back());
}

/// A mailbox of a good address and any name is printed and parsed as the same.
void check_good_address(std::string_view address, std::string_view name)
{
    mailbox const built{std::string{address}, std::string{name}};
    require(mailbox{to_string(built)} == built);
    require(model::is_single_address(address));
    mailbox_list const both{built, mailbox{"ann@example.org", "Ann"}, built};
    require(mailbox_list{to_string(both)} == both);

    message msg;
    msg.to = both;
    require(msg.recipients().size() == 3);
    error_code error;
    msg.verify(error);
    require(error == errc::invalid_message);
}

} // namespace

// The input: text to parse; its first line is also an address, and the rest a name.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto const text = fuzz::as_text(data, size);
    check_parsing(text);

    auto name = text;
    auto const address = fuzz::take_line(name);
    check_injection(address, name);
    if (model::is_plausible_address(address)) {
        check_good_address(address, name);
    }
    return 0;
}

// SPDX-License-Identifier: BSL-1.0

#include "protocol/read_reply.hpp"
#include "reply_checks.hpp"

#include <boost/json/serialize.hpp>

#include <string>
#include <vector>

using namespace postmark;
using fuzz::require;

namespace {

/// Checks a receipt against the item of a tree.
void check_item(boost::json::value const& item, receipt const& result)
{
    receipt expected;
    protocol::reset(expected, 200);
    if (!item.is_object()) {
        protocol::set_unknown(expected, errc::malformed_reply, {});
    } else {
        fuzz::reference const texts = fuzz::read_reference(item.get_object());
        if (texts.has_odd_code) {
            return;
        }
        expected.to = texts.to;
        expected.message_id = texts.message_id;
        expected.detail = texts.detail;
        expected.submitted_at = texts.submitted_at;
        protocol::classify(expected, texts.fields);
    }
    require(fuzz::same(result, expected));
}

} // namespace

// The input: the HTTP status and the number of messages on a line, then the body.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto body = fuzz::as_text(data, size);
    auto line = fuzz::take_line(body);
    unsigned const status = fuzz::take_status(line);
    if (fuzz::has_long_exponent(body)) {
        return 0;
    }
    std::vector<receipt> receipts(1 + fuzz::take_number(line) % 8);
    std::vector<receipt*> pointers;
    for (auto& item : receipts) {
        protocol::read_send_reply(200, R"({"MessageID":"old","To":"old"})", item);
        pointers.push_back(&item);
    }

    auto const found = protocol::read_batch_reply(status, body, pointers);
    auto const json = fuzz::parse_reply(body);
    bool const has_items = status == 200 && json && json->is_array() && json->get_array().size() == receipts.size();
    require((found == protocol::reply_class::accepted) == has_items);
    for (auto const& item : receipts) {
        fuzz::check(item, status);
        require(has_items || fuzz::agrees(found, item));
    }

    if (has_items) {
        for (std::size_t i = 0; i < receipts.size(); ++i) {
            check_item(json->get_array()[i], receipts[i]);
        }
        return 0;
    }
    // An outcome of the whole batch equals that of a single message. The reply to a batch names no recipient.
    receipt alone = receipts.front();
    if (status != 200) {
        protocol::read_send_reply(status, body, alone);
        alone.to.clear();
        alone.submitted_at = {};
    }
    for (receipt const& item : receipts) {
        require(fuzz::same(item, alone));
    }
    return 0;
}

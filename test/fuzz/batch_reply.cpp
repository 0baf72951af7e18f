// SPDX-License-Identifier: BSL-1.0

#include "protocol/fast_reply_reader.hpp"
#include "protocol/plain_reply_reader.hpp"
#include "protocol/read_reply.hpp"
#include "reply_checks.hpp"

#include <boost/json/serialize.hpp>

#include <string>
#include <vector>

using namespace postmark;
using fuzz::require;

namespace {

/// The items of a body that is an array of as many, as they are read from a tree.
std::vector<std::string> split(std::string_view body)
{
    auto const json = fuzz::parse_answer(body);
    std::vector<std::string> items;
    if (json.is_array()) {
        for (auto const& item : json.get_array()) {
            items.push_back(boost::json::serialize(item));
        }
    }
    return items;
}

/// What the reader of usual answers takes is what the reader of all of JSON makes of it.
void check_readers(unsigned http_status, std::string_view body, std::size_t count)
{
    std::vector<receipt> usual(count);
    std::vector<receipt> other(count);
    std::vector<receipt*> usual_places;
    std::vector<receipt*> other_places;
    for (std::size_t i = 0; i < count; ++i) {
        usual_places.push_back(&usual[i]);
        other_places.push_back(&other[i]);
    }
    if (!protocol::read_fast_items(http_status, body, usual_places)) {
        return;
    }
    auto const items = protocol::read_items(http_status, body, other_places);
    require(items.kind == protocol::body_kind::as_expected && items.count == count);
    for (std::size_t i = 0; i < count; ++i) {
        require(fuzz::same(usual[i], other[i]) && usual[i].detail == other[i].detail);
    }
}

} // namespace

// The input: the HTTP status and the number of messages on a line, then the body.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto body = fuzz::as_text(data, size);
    auto line = fuzz::take_line(body);
    unsigned const status = fuzz::take_status(line);
    std::vector<receipt> receipts(1 + fuzz::take_number(line) % 8);
    std::vector<receipt*> pointers;
    for (auto& each : receipts) {
        protocol::read_send_reply(200, R"({"MessageID":"old","To":"old"})", each);
        pointers.push_back(&each);
    }

    check_readers(status, body, receipts.size());

    auto const what = protocol::read_batch_reply(status, body, pointers);
    for (auto const& each : receipts) {
        fuzz::check(each, status);
        require(what != protocol::batch_reply::refused || each.outcome == outcome::rejected);
        require(what != protocol::batch_reply::unknown || each.outcome == outcome::unknown);
    }

    // Each item means what it would mean alone, and each message gets its own.
    auto const items = split(body);
    require((what == protocol::batch_reply::items) == (status == 200 && items.size() == receipts.size()));
    for (std::size_t i = 0; i < receipts.size(); ++i) {
        receipt alone;
        if (what == protocol::batch_reply::items) {
            protocol::read_send_reply(200, items[i], alone);
        } else if (status != 200) {
            protocol::read_send_reply(status, body, alone);
        } else {
            alone = receipts.front();
        }
        // What a refusal of the whole says beside its cause is about none of the messages.
        if (status != 200) {
            alone.to.clear();
            alone.submitted_at = {};
        }
        require(fuzz::same(receipts[i], alone));
    }
    return 0;
}

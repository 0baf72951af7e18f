#include "answer_checks.hpp"
#include "call/answer.hpp"

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
    if (json.is_array())
        for (auto const& item : json.get_array())
            items.push_back(boost::json::serialize(item));
    return items;
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
        call::read_send_answer(200, R"({"MessageID":"old","To":"old"})", each);
        pointers.push_back(&each);
    }

    auto const what = call::read_batch_answer(status, body, pointers);
    for (auto const& each : receipts) {
        fuzz::check(each, status);
        require(what != call::batch_answer::refused || each.outcome == outcome::rejected);
        require(what != call::batch_answer::unknown || each.outcome == outcome::unknown);
    }

    // Each item means what it would mean alone, and each message gets its own.
    auto const items = split(body);
    require((what == call::batch_answer::items) == (status == 200 && items.size() == receipts.size()));
    for (std::size_t i = 0; i < receipts.size(); ++i) {
        receipt alone;
        if (what == call::batch_answer::items)
            call::read_send_answer(200, items[i], alone);
        else if (status != 200)
            call::read_send_answer(status, body, alone);
        else
            alone = receipts.front();
        // What a refusal of the whole says beside its cause is about none of the messages.
        if (status != 200) {
            alone.to.clear();
            alone.submitted_at = {};
        }
        require(fuzz::same(receipts[i], alone));
    }
    return 0;
}

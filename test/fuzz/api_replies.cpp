// SPDX-License-Identifier: BSL-1.0

#include "fuzz.hpp"
#include "protocol/read_reply.hpp"

#include <postmark/api/bounces.hpp>
#include <postmark/api/messages.hpp>

#include <boost/json/parse.hpp>

using namespace postmark;
using fuzz::require;

namespace {

bool is_json(std::string_view text)
{
    boost::system::error_code error;
    boost::json::parse_options options;
    options.max_depth = 256;
    static_cast<void>(boost::json::parse({text.data(), text.size()}, error, {}, options));
    return !error;
}

template <class Reply>
void read(unsigned status, std::string_view body, bool json)
{
    Reply alone;
    bool const readable = alone.read(body);
    require(json || !readable);

    Reply reply;
    bool asked = false;
    auto const error = protocol::read_api_reply(status, body, reply, [&](std::string_view text) {
        asked = true;
        return reply.read(text);
    });
    require(reply.http_status == status);
    require(asked == (status == 200 && reply.api_code == 0));
    require(!error == (asked && readable));
    require(!error || !reply.detail.empty());
    require((error == condition::rejected) != (!error || error == condition::outcome_unknown));
}

} // namespace

// The input: the HTTP status on a line, then the body, which goes to every reader.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto body = fuzz::as_text(data, size);
    auto line = fuzz::take_line(body);
    unsigned const status = fuzz::take_status(line);
    bool const json = is_json(body);
    read<bounces_reply>(status, body, json);
    read<bounce_reply>(status, body, json);
    read<bounce_dump_reply>(status, body, json);
    read<bounce_tags_reply>(status, body, json);
    read<activate_bounce_reply>(status, body, json);
    read<delivery_stats_reply>(status, body, json);
    read<outbound_message_details_reply>(status, body, json);
    read<reconciliation>(status, body, json);
    return 0;
}

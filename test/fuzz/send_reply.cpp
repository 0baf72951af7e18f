// SPDX-License-Identifier: BSL-1.0

#include "protocol/read_reply.hpp"
#include "protocol/reply_reader.hpp"
#include "reply_checks.hpp"

using namespace postmark;
using fuzz::require;

namespace {

/// The reader agrees with a tree of the body.
void check_reader(unsigned http_status, std::string_view body)
{
    if (fuzz::has_long_exponent(body)) {
        return;
    }
    receipt result;
    protocol::reply_fields fields;
    protocol::body_kind const kind = protocol::read_object(http_status, body, result, fields);
    auto const json = fuzz::parse_reply(body);
    require((kind == protocol::body_kind::as_expected) == (json && json->is_object()));
    require((kind == protocol::body_kind::wrong_type) == (json && !json->is_object()));
    if (kind == protocol::body_kind::as_expected) {
        require(fuzz::agrees(fuzz::read_reference(json->get_object()), result, fields));
    }
}

} // namespace

// The input: the HTTP status on a line, then the body.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto body = fuzz::as_text(data, size);
    auto line = fuzz::take_line(body);
    unsigned const status = fuzz::take_status(line);

    check_reader(status, body);

    receipt result;
    protocol::reply_class const found = protocol::read_send_reply(status, body, result);
    fuzz::check(result, status);
    require(fuzz::agrees(found, result));

    // Of the earlier content of the receipt only the stamp is kept.
    receipt used;
    used.stamp = "stamp";
    protocol::read_send_reply(200,
                              R"({"MessageID":"old","To":"old","SubmittedAt":"2026-03-04",)"
                              R"("Message":"will not deliver to these inactive addresses: a@b.c"})",
                              used);
    require(protocol::read_send_reply(status, body, used) == found);
    require(fuzz::same(used, result) && used.detail == result.detail && used.stamp == "stamp");

    // A truncated body is never taken for a complete one.
    if (result.outcome == outcome::accepted && body.ends_with('}')) {
        protocol::read_send_reply(status, body.substr(0, body.size() - 1), used);
        require(used.outcome == outcome::unknown);
    }
    return 0;
}

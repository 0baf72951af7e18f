// SPDX-License-Identifier: BSL-1.0

#include "protocol/fast_reply_reader.hpp"
#include "protocol/plain_reply_reader.hpp"
#include "protocol/read_reply.hpp"
#include "reply_checks.hpp"

#include <charconv>

using namespace postmark;
using fuzz::require;

namespace {

/// Zero, or what stands for it.
bool is_ok(boost::json::value const* code)
{
    constexpr std::size_t longest = 64;
    if (code == nullptr || code->is_null()) {
        return true;
    }
    if (code->is_number()) {
        return code->to_number<double>() == 0;
    }
    auto const* text = code->if_string();
    std::int64_t value = 1;
    if (text == nullptr || text->size() > longest) {
        return false;
    }
    auto const [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    return error == std::errc{} && end == text->data() + text->size() && value == 0;
}

/// Another way to the same decision, through a tree.
bool should_be_accepted(unsigned http_status, std::string_view body)
{
    auto const json = fuzz::parse_answer(body);
    if (http_status != 200 || !json.is_object() || !is_ok(json.get_object().if_contains("ErrorCode"))) {
        return false;
    }
    auto const* id = json.get_object().if_contains("MessageID");
    return id != nullptr && id->is_string() && !id->get_string().empty();
}

/// What the reader of usual answers takes is what the reader of all of JSON makes of it.
void check_readers(unsigned http_status, std::string_view body)
{
    receipt usual;
    protocol::reply_fields fields;
    if (!protocol::read_fast_object(http_status, body, usual, fields)) {
        return;
    }
    receipt other;
    protocol::reply_fields other_fields;
    require(protocol::read_object(http_status, body, other, other_fields) == protocol::body_kind::as_expected);
    require(fuzz::same(usual, other) && usual.detail == other.detail && fields.code == other_fields.code &&
            fields.bad_code == other_fields.bad_code && fields.bad_id == other_fields.bad_id);
}

} // namespace

// The input: the HTTP status on a line, then the body.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto body = fuzz::as_text(data, size);
    auto line = fuzz::take_line(body);
    unsigned const status = fuzz::take_status(line);

    check_readers(status, body);

    receipt result;
    protocol::read_send_reply(status, body, result);
    fuzz::check(result, status);
    require((result.outcome == outcome::accepted) == should_be_accepted(status, body));

    // Nothing is left of what the receipt held before, but the stamp.
    receipt used;
    used.stamp = "stamp";
    protocol::read_send_reply(
        200,
        R"({"MessageID":"old","To":"old","Message":"will not deliver to these inactive addresses: a@b.c","SubmittedAt":"2026-03-04"})",
        used);
    protocol::read_send_reply(status, body, used);
    require(fuzz::same(used, result) && used.detail == result.detail && used.stamp == "stamp");

    // What was cut off is never taken for whole.
    if (result.outcome == outcome::accepted && body.ends_with('}')) {
        protocol::read_send_reply(status, body.substr(0, body.size() - 1), used);
        require(used.outcome == outcome::unknown);
    }
    return 0;
}

// SPDX-License-Identifier: BSL-1.0

#include "sandbox/faults.hpp"

#include "sandbox/text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace postmark::sandbox::detail {
namespace {

namespace json = boost::json;

struct action_row {
    action kind;
    std::string_view name;
    /// Names of the parameters, each with a blank after it.
    std::string_view parameters;
};

constexpr action_row action_rows[] = {
    {action::refuse_connection, "refuse_connection", ""},
    {action::close_in_handshake, "close_in_handshake", "reset "},
    {action::greeting, "greeting", "status body content_type headers "},
    {action::reset_before_request, "reset_before_request", "at "},
    {action::reset_during_request, "reset_during_request", "bytes "},
    {action::reset_after_request, "reset_after_request", "accept "},
    {action::close_after_request, "close_after_request", "accept close_notify "},
    {action::stall, "stall", "at accept "},
    {action::slow_read, "slow_read", "bytes ms "},
    {action::early_reply, "early_reply", "status body content_type headers read_rest "},
    {action::status, "status", "status body content_type headers accept close "},
    {action::raw, "raw", "body base64 accept keep close_notify "},
    {action::delay, "delay", "ms "},
    {action::interim, "interim", "status headers "},
    {action::reset_during_reply, "reset_during_reply", "bytes "},
    {action::truncate_reply, "truncate_reply", "bytes close_notify "},
    {action::slow_reply, "slow_reply", "bytes ms "},
    {action::chunked, "chunked", "bytes extensions trailers "},
    {action::no_length, "no_length", "close_notify bytes "},
    {action::extra_bytes, "extra_bytes", "body base64 ms "},
    {action::connection_close, "connection_close", "close_notify "},
    {action::close_when_idle, "close_when_idle", "ms close_notify reset "},
    {action::wrong_item_count, "wrong_item_count", "change "},
    {action::garbage_json, "garbage_json", "body "},
    {action::not_object, "not_object", "body "},
    {action::empty_object, "empty_object", "item "},
    {action::no_message_id, "no_message_id", "item "},
    {action::no_error_code, "no_error_code", "item "},
    {action::null_item, "null_item", "item "},
    {action::big_reply, "big_reply", "bytes "},
};

std::string_view view(json::string_view text)
{
    return {text.data(), text.size()};
}

[[noreturn]] void fail(std::string const& reason)
{
    throw std::invalid_argument("fault script: " + reason);
}

std::int64_t take_integer(json::value const& value, std::string const& name, std::int64_t minimum, std::int64_t maximum)
{
    auto const* number = value.if_int64();
    if (!number || *number < minimum || *number > maximum) {
        fail('"' + name + "\" must be an integer from " + std::to_string(minimum) + " to " + std::to_string(maximum));
    }
    return *number;
}

bool take_bool(json::value const& value, std::string const& name)
{
    auto const* flag = value.if_bool();
    if (!flag) {
        fail('"' + name + "\" must be true or false");
    }
    return *flag;
}

std::string take_text(json::value const& value, std::string const& name)
{
    auto const* text = value.if_string();
    if (!text) {
        fail('"' + name + "\" must be a string");
    }
    return {text->data(), text->size()};
}

std::vector<std::uint64_t> take_numbers(json::value const& value, std::string const& name)
{
    constexpr auto maximum = std::numeric_limits<std::int64_t>::max();
    std::vector<std::uint64_t> numbers;
    if (auto const* list = value.if_array()) {
        for (auto const& entry : *list) {
            numbers.push_back(static_cast<std::uint64_t>(take_integer(entry, name, 1, maximum)));
        }
    } else {
        numbers.push_back(static_cast<std::uint64_t>(take_integer(value, name, 1, maximum)));
    }
    return numbers;
}

std::vector<header> take_headers(json::value const& value)
{
    auto const* object = value.if_object();
    if (!object) {
        fail("\"headers\" must be an object of names and values");
    }
    std::vector<header> headers;
    for (auto const& entry : *object) {
        headers.emplace_back(std::string{view(entry.key())}, take_text(entry.value(), "headers"));
    }
    return headers;
}

/// A body may be given as text, or as JSON that is sent as it is.
std::string take_body(json::value const& value)
{
    if (auto const* text = value.if_string()) {
        return {text->data(), text->size()};
    }
    return json::serialize(value);
}

void take_stage(json::value const& value, fault& into)
{
    auto const stage = take_text(value, "at");
    if (into.kind == action::stall && (stage == "before" || stage == "after")) {
        into.before = stage == "before";
    } else if (into.kind == action::reset_before_request && (stage == "connection" || stage == "request")) {
        into.at_connection = stage == "connection";
    } else {
        fail(into.kind == action::stall ? "\"at\" of stall is \"before\" or \"after\""
                                        : "\"at\" of reset_before_request is \"connection\" or \"request\"");
    }
}

void take_parameter(std::string const& name, json::value const& value, fault& into)
{
    constexpr std::int64_t limit = std::int64_t{1} << 40;
    if (name == "status") {
        into.status = static_cast<int>(take_integer(value, name, 100, 599));
    } else if (name == "body") {
        into.body = take_body(value);
    } else if (name == "base64") {
        into.body = base64_decoded(take_text(value, name));
        if (!into.body) {
            fail("\"base64\" is not base64");
        }
    } else if (name == "content_type") {
        into.content_type = take_text(value, name);
    } else if (name == "headers") {
        into.headers = take_headers(value);
    } else if (name == "bytes") {
        into.bytes = take_integer(value, name, -limit, limit);
    } else if (name == "ms") {
        into.pause = std::chrono::milliseconds{take_integer(value, name, 0, 86'400'000)};
    } else if (name == "change") {
        into.change = static_cast<int>(take_integer(value, name, -1, 1));
        if (into.change == 0) {
            fail("\"change\" is -1 or 1");
        }
    } else if (name == "item") {
        into.item = static_cast<std::size_t>(take_integer(value, name, 0, 499));
    } else if (name == "accept") {
        into.accept = take_bool(value, name);
    } else if (name == "close_notify") {
        into.close_notify = take_bool(value, name);
    } else if (name == "reset") {
        into.reset = take_bool(value, name);
    } else if (name == "extensions") {
        into.extensions = take_bool(value, name);
    } else if (name == "trailers") {
        into.trailers = take_bool(value, name);
    } else if (name == "read_rest") {
        into.read_rest = take_bool(value, name);
    } else if (name == "keep") {
        into.keep = take_bool(value, name);
    } else if (name == "close") {
        into.keep = !take_bool(value, name);
    } else {
        take_stage(value, into);
    }
}

bool is_maintenance(std::string const& body)
{
    boost::system::error_code error;
    auto const value = json::parse(body, error);
    auto const* object = error ? nullptr : value.if_object();
    auto const* code = object ? object->if_contains("ErrorCode") : nullptr;
    return code && code->is_int64() && code->get_int64() == 100;
}

void set_defaults(fault& into)
{
    switch (into.kind) {
    case action::reset_after_request:
    case action::close_after_request:
    case action::stall:
        into.accept = true;
        break;
    case action::status:
        into.status = 503;
        into.keep = true;
        break;
    case action::greeting:
        into.status = 503;
        break;
    case action::early_reply:
        into.status = 413;
        break;
    case action::interim:
        into.status = 103;
        break;
    case action::slow_read:
        into.pause = std::chrono::milliseconds{5};
        break;
    case action::slow_reply:
        into.pause = std::chrono::milliseconds{1};
        break;
    default:
        break;
    }
}

/// Refuses scripts in which the service would refuse a mail and accept it as well: it never does.
void check(fault const& made)
{
    if (made.kind == action::status && made.accept) {
        if (made.status >= 400 && made.status < 500 && made.status != 408) {
            fail("a request with the reply " + std::to_string(made.status) + " cannot count as accepted");
        }
        if (made.status == 503 && made.body && is_maintenance(*made.body)) {
            fail("a request with the reply ErrorCode 100 cannot count as accepted");
        }
    }
    if (made.kind == action::status && made.status < 200) {
        fail("\"status\" must be 200 or above; \"interim\" sends the others");
    }
    if (made.kind == action::greeting && made.status < 200) {
        fail("\"status\" of greeting must be 200 or above");
    }
    if (made.kind == action::interim && (made.status >= 200 || made.status == 101)) {
        fail("\"status\" of interim must be 100 or from 102 to 199");
    }
    if ((made.kind == action::raw || made.kind == action::extra_bytes) && !made.body) {
        fail("\"body\" or \"base64\" is missing");
    }
}

bool is_of_connection(fault const& made)
{
    return made.kind == action::refuse_connection || made.kind == action::close_in_handshake ||
           made.kind == action::greeting || made.at_connection;
}

} // namespace

std::string_view name_of(action kind) noexcept
{
    auto const* const row = std::ranges::find(action_rows, kind, &action_row::kind);
    return row->name;
}

struct fault_plan::rule {
    std::shared_ptr<fault const> planned;
    bool of_connection{false};
    std::string path;
    std::vector<std::uint64_t> connections;
    std::vector<std::uint64_t> nth;
    std::uint64_t every{0};
    std::uint64_t times{std::numeric_limits<std::uint64_t>::max()};
    double probability{1};
    std::uint64_t seen{0};
    std::uint64_t played{0};
};

namespace {

void read_when(json::object const& when, fault_plan::rule& into)
{
    constexpr auto maximum = std::numeric_limits<std::int64_t>::max();
    for (auto const& entry : when) {
        std::string const name{view(entry.key())};
        auto const& value = entry.value();
        if (name == "path") {
            into.path = to_lower(take_text(value, name));
            if (into.path.size() > 1 && into.path.ends_with('/')) {
                into.path.pop_back();
            }
        } else if (name == "every") {
            into.every = static_cast<std::uint64_t>(take_integer(value, name, 1, maximum));
        } else if (name == "nth") {
            into.nth = take_numbers(value, name);
        } else if (name == "connection") {
            into.connections = take_numbers(value, name);
        } else if (name == "times") {
            into.times = static_cast<std::uint64_t>(take_integer(value, name, 0, maximum));
        } else if (name == "probability") {
            if (!value.is_number() || value.to_number<double>() < 0 || value.to_number<double>() > 1) {
                fail("\"probability\" must be a number from 0 to 1");
            }
            into.probability = value.to_number<double>();
        } else {
            fail("\"when\" has no \"" + name + '"');
        }
    }
}

fault_plan::rule read_rule(json::value const& value)
{
    auto const* object = value.if_object();
    auto const* name = object ? object->if_contains("do") : nullptr;
    if (!name) {
        fail("each fault must be an object with \"do\"");
    }
    auto const action_name = take_text(*name, "do");
    auto const* row = std::find_if(std::begin(action_rows), std::end(action_rows),
                                   [&](action_row const& candidate) { return candidate.name == action_name; });
    if (row == std::end(action_rows)) {
        fail("there is no action \"" + action_name + '"');
    }

    fault made;
    made.kind = row->kind;
    set_defaults(made);
    fault_plan::rule result;
    for (auto const& entry : *object) {
        std::string const key{view(entry.key())};
        if (key == "do") {
            continue;
        }
        if (key == "when") {
            if (!entry.value().is_object()) {
                fail("\"when\" must be an object");
            }
            read_when(entry.value().get_object(), result);
        } else if ((' ' + std::string{row->parameters}).find(' ' + key + ' ') == std::string::npos) {
            fail("action \"" + action_name + "\" has no parameter \"" + key + '"');
        } else {
            take_parameter(key, entry.value(), made);
        }
    }
    check(made);
    result.of_connection = is_of_connection(made);
    if (result.of_connection && !result.path.empty()) {
        fail("action \"" + action_name + "\" comes before any path is known");
    }
    result.planned = std::make_shared<fault const>(std::move(made));
    return result;
}

} // namespace

fault_plan::fault_plan() = default;
fault_plan::~fault_plan() = default;

std::optional<std::chrono::milliseconds> fault_plan::load(std::string_view script)
{
    std::uint64_t seed = 1;
    std::vector<rule> rules;
    std::optional<std::chrono::milliseconds> index_delay;
    if (!trim(script).empty()) {
        boost::system::error_code error;
        auto const value = json::parse({script.data(), script.size()}, error);
        if (error || !value.is_object()) {
            fail("it must be a JSON object");
        }
        for (auto const& entry : value.get_object()) {
            if (entry.key() == "seed") {
                seed = static_cast<std::uint64_t>(
                    take_integer(entry.value(), "seed", 0, std::numeric_limits<std::int64_t>::max()));
            } else if (entry.key() == "index_delay_ms") {
                index_delay = std::chrono::milliseconds{take_integer(entry.value(), "index_delay_ms", 0, 86'400'000)};
            } else if (entry.key() == "faults") {
                if (!entry.value().is_array()) {
                    fail("\"faults\" must be an array");
                }
                for (auto const& item : entry.value().get_array()) {
                    rules.push_back(read_rule(item));
                }
            } else {
                fail("it has no \"" + std::string{view(entry.key())} + '"');
            }
        }
    }
    std::lock_guard const lock{mutex_};
    seed_ = seed;
    rules_ = std::move(rules);
    connections_before_ = last_connection_;
    active_ = !rules_.empty();
    return index_delay;
}

std::shared_ptr<fault const> fault_plan::on_connection(std::uint64_t connection)
{
    auto last = last_connection_.load();
    while (last < connection && !last_connection_.compare_exchange_weak(last, connection)) {
    }
    return active_ ? decide(true, {}, connection) : nullptr;
}

std::shared_ptr<fault const> fault_plan::on_request(std::string_view path, std::uint64_t connection)
{
    return active_ ? decide(false, path, connection) : nullptr;
}

std::shared_ptr<fault const> fault_plan::decide(bool at_connection, std::string_view path, std::uint64_t connection)
{
    auto const contains = [](auto const& list, std::uint64_t number) {
        return list.empty() || std::find(list.begin(), list.end(), number) != list.end();
    };
    std::lock_guard const lock{mutex_};
    connection -= std::min(connection, connections_before_);
    std::shared_ptr<fault const> chosen;
    for (std::size_t index = 0; index < rules_.size(); ++index) {
        auto& candidate = rules_[index];
        if (candidate.of_connection != at_connection || (!candidate.path.empty() && candidate.path != path) ||
            !contains(candidate.connections, connection)) {
            continue;
        }
        // Every rule counts all requests that match it, including those that an earlier rule applies to.
        auto const number = ++candidate.seen;
        if (chosen || candidate.played >= candidate.times || !contains(candidate.nth, number) ||
            (candidate.every != 0 && number % candidate.every != 0)) {
            continue;
        }
        auto const draw = static_cast<double>(mix(mix(seed_ + index) ^ number) >> 11U) / 9007199254740992.0;
        if (draw >= candidate.probability) {
            continue;
        }
        ++candidate.played;
        chosen = candidate.planned;
    }
    return chosen;
}

} // namespace postmark::sandbox::detail

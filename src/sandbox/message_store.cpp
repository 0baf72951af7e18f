// SPDX-License-Identifier: BSL-1.0

#include "sandbox/message_store.hpp"

#include "sandbox/json_text.hpp"
#include "sandbox/mail_reader.hpp"
#include "sandbox/server_state.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <charconv>

namespace postmark::sandbox::detail {
namespace {

constexpr std::uint64_t number_mask = (std::uint64_t{1} << 48U) - 1;

/// The current time, often with a fraction that ends in zeros: the service drops such zeros in some of its dates.
time_point submission_time(std::uint64_t number)
{
    using namespace std::chrono;
    auto const now = system_clock::now();
    switch (mix(number) >> 8U & 7U) {
    case 0:
        return floor<milliseconds>(now);
    case 1:
        return floor<duration<std::int64_t, std::ratio<1, 10>>>(now);
    default:
        return now;
    }
}

std::vector<std::string> bare_addresses(std::vector<address_view> const& list)
{
    std::vector<std::string> result;
    result.reserve(list.size());
    for (auto const& entry : list) {
        result.emplace_back(entry.address);
    }
    return result;
}

} // namespace

message_store::message_store(std::uint64_t seed, bool keep_bodies)
    : seed_{mix(seed)}
    , keep_bodies_{keep_bodies}
{
}

message_store::added message_store::add(std::string json, server_state const& server, endpoint const& via, delivery how,
                                        std::unique_ptr<rendered_parts> rendered)
{
    std::lock_guard const lock{mutex_};
    auto const number = first_number_ + records_.size();
    auto const now = submission_time(number);
    records_.push_back({number, now, std::move(json), std::move(rendered), &server, &via, how});
    return {number, now};
}

void message_store::append_message_id(std::string& out, std::uint64_t number) const
{
    // The number itself is the last part, so that an id leads back to its message without an index.
    append_uuid(out, mix(seed_ ^ number), number ^ seed_);
}

std::optional<std::uint64_t> message_store::number_of(std::string_view message_id) const
{
    if (message_id.size() != 36) {
        return std::nullopt;
    }
    auto const last = message_id.substr(24);
    std::uint64_t value = 0;
    auto const [end, error] = std::from_chars(last.data(), last.data() + last.size(), value, 16);
    if (error != std::errc{} || end != last.data() + last.size()) {
        return std::nullopt;
    }
    auto const number = (value ^ seed_) & number_mask;
    std::string expected;
    append_message_id(expected, number);
    return equals_ignoring_case(expected, message_id) ? std::optional{number} : std::nullopt;
}

void message_store::track_opens(std::string_view message_id)
{
    auto const number = number_of(message_id);
    std::lock_guard const lock{mutex_};
    if (auto const position = position_of(number)) {
        records_[*position].how.track_opens = true;
    }
}

void message_store::track_links(std::string_view message_id)
{
    auto const number = number_of(message_id);
    std::lock_guard const lock{mutex_};
    auto const position = position_of(number);
    if (position && records_[*position].how.track_links == link_tracking::none) {
        records_[*position].how.track_links = link_tracking::html_and_text;
    }
}

void message_store::clear()
{
    std::lock_guard const lock{mutex_};
    first_number_ += records_.size();
    records_.clear();
}

std::size_t message_store::size() const
{
    std::lock_guard const lock{mutex_};
    return records_.size();
}

stored_message message_store::expand(record const& entry) const
{
    stored_message result;
    append_message_id(result.message_id, entry.number);
    result.server_id = entry.server->id;
    result.endpoint = entry.via->path;
    result.submitted_at = entry.submitted_at;
    result.test_token = entry.how.test_token;
    result.json = entry.json;

    parsed_mail const parsed{entry.json};
    auto const& message = parsed.fields();
    result.from = message.from;
    std::vector<address_view> addresses;
    split_addresses(message.to, addresses);
    result.to = bare_addresses(addresses);
    addresses.clear();
    split_addresses(message.cc, addresses);
    result.cc = bare_addresses(addresses);
    addresses.clear();
    split_addresses(message.bcc, addresses);
    result.bcc = bare_addresses(addresses);
    result.reply_to = message.reply_to;
    result.tag = message.tag;
    result.message_stream = message.message_stream();
    result.subject = entry.rendered ? entry.rendered->subject : std::string{message.subject};
    result.text = entry.rendered ? entry.rendered->text : std::string{message.text};
    result.html = entry.rendered ? entry.rendered->html : std::string{message.html};
    if (message.metadata) {
        for (auto const& pair : *message.metadata) {
            result.metadata.emplace(std::string{view(pair.key())}, to_text(pair.value()));
        }
    }
    if (message.headers) {
        for (auto const& item : *message.headers) {
            result.headers.emplace_back(std::string{text_member(item.get_object(), "Name")},
                                        std::string{text_member(item.get_object(), "Value")});
        }
    }
    if (message.attachments) {
        for (auto const& item : *message.attachments) {
            auto const& object = item.get_object();
            attachment decoded;
            decoded.name = text_member(object, "Name");
            decoded.content_type = text_member(object, "ContentType");
            decoded.content_id = text_member(object, "ContentID");
            decoded.content = base64_decoded(text_member(object, "Content")).value_or(std::string{});
            result.attachments.push_back(std::move(decoded));
        }
    }
    return result;
}

std::string without_bodies(boost::json::object const& message)
{
    std::string out{"{"};
    for (std::string_view const name : {"From", "To", "Cc", "Bcc", "Tag", "MessageStream", "Metadata"}) {
        auto const* value = find_member(message, name);
        if (!value || value->is_null()) {
            continue;
        }
        if (out.size() > 1) {
            out += ',';
        }
        append_json_key(out, name);
        if (auto const* text = value->if_string()) {
            append_json_string(out, view(*text));
        } else if (auto const* object = value->if_object()) {
            char separator = '{';
            for (auto const& pair : *object) {
                out += separator;
                separator = ',';
                append_json_string(out, view(pair.key()));
                out += ':';
                append_json_string(out, to_text(pair.value()));
            }
            out += separator == '{' ? "{}" : "}";
        }
    }
    out += '}';
    out.shrink_to_fit();
    return out;
}

} // namespace postmark::sandbox::detail

// SPDX-License-Identifier: BSL-1.0

#include "model/limits.hpp"
#include "model/validation.hpp"

#include <postmark/message.hpp>

#include <boost/system/system_error.hpp>

#include <array>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <ios>
#include <optional>
#include <system_error>
#include <utility>

namespace postmark {

namespace {

/// Reads a file into the name and the content of an attachment. Returns a description of what is wrong with the file, or
/// null.
char const* read_file(file_path const& source, attachment& file)
{
    std::filesystem::path const path{source.text()};
    std::error_code error;
    auto const status = std::filesystem::status(path, error);
    if (!std::filesystem::exists(status)) {
        return "no such file";
    }
    if (!std::filesystem::is_regular_file(status)) {
        return "not a regular file";
    }

    file.name = path.filename().string();
    if (model::has_refused_extension(file.name)) {
        return "the service refuses files with this extension";
    }

    std::ifstream stream{path, std::ios::binary};
    std::array<char, 65536> buffer;
    while (stream) {
        stream.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
        file.content.append(buffer.data(), static_cast<std::size_t>(stream.gcount()));
        if (file.content.size() > model::max_attachment_bytes) {
            return "larger than a message may be";
        }
    }
    // Only a file that was opened and read to its end leaves the stream in this state.
    if (!stream.eof()) {
        return "not readable";
    }
    return file.content.empty() ? "empty, and the service refuses empty files" : nullptr;
}

/// Copies a member that the message leaves empty from the defaults.
template <class Field>
void take_if_empty(Field& field, Field const& value)
{
    if (field.empty()) {
        field = value;
    }
}

template <class Value>
void take_if_empty(std::optional<Value>& field, std::optional<Value> const& value)
{
    if (!field) {
        field = value;
    }
}

} // namespace

mail_header::mail_header(std::string header_name, std::string header_value)
    : name{std::move(header_name)}
    , value{std::move(header_value)}
{
}

attachment::attachment(std::string file_name, std::string bytes, std::string type, std::string id)
    : name{std::move(file_name)}
    , content{std::move(bytes)}
    , content_type{std::move(type)}
    , content_id{std::move(id)}
{
}

message& message::add_header(std::string name, std::string value)
{
    headers.emplace_back(std::move(name), std::move(value));
    return *this;
}

message& message::attach_bytes(std::string_view bytes, std::string name, std::string content_type,
                               std::string content_id)
{
    attachments.emplace_back(std::move(name), std::string{bytes}, std::move(content_type), std::move(content_id));
    return *this;
}

message& message::attach_file(file_path const& path, std::string content_type, std::string content_id)
{
    attachment file{{}, {}, std::move(content_type), std::move(content_id)};
    if (auto const* const problem = read_file(path, file)) {
        throw boost::system::system_error{errc::invalid_message, path.text() + ": " + problem};
    }
    attachments.push_back(std::move(file));
    return *this;
}

message& message::attach_file(file_path const& path, error_code& error)
{
    return attach_file(path, {}, {}, error);
}

message& message::attach_file(file_path const& path, std::string content_type, error_code& error)
{
    return attach_file(path, std::move(content_type), {}, error);
}

message& message::attach_file(file_path const& path, std::string content_type, std::string content_id,
                              error_code& error)
{
    error.clear();
    attachment file{{}, {}, std::move(content_type), std::move(content_id)};
    if (read_file(path, file) != nullptr) {
        error = errc::invalid_message;
    } else {
        attachments.push_back(std::move(file));
    }
    return *this;
}

std::vector<std::string> message::recipients() const
{
    std::vector<std::string> addresses;
    addresses.reserve(to.size() + cc.size() + bcc.size());
    for (auto const* const list : {&to, &cc, &bcc}) {
        for (auto const& item : *list) {
            addresses.push_back(item.address);
        }
    }
    return addresses;
}

message merge(message msg, message const& defaults)
{
    // Id and alias are one choice: a default id would take precedence over the alias of the message.
    if (!msg.uses_template()) {
        msg.template_id = defaults.template_id;
        msg.template_alias = defaults.template_alias;
    }
    take_if_empty(msg.from, defaults.from);
    take_if_empty(msg.to, defaults.to);
    take_if_empty(msg.cc, defaults.cc);
    take_if_empty(msg.bcc, defaults.bcc);
    take_if_empty(msg.reply_to, defaults.reply_to);
    take_if_empty(msg.subject, defaults.subject);
    take_if_empty(msg.tag, defaults.tag);
    take_if_empty(msg.html, defaults.html);
    take_if_empty(msg.text, defaults.text);
    take_if_empty(msg.message_stream, defaults.message_stream);
    take_if_empty(msg.template_model, defaults.template_model);
    take_if_empty(msg.headers, defaults.headers);
    take_if_empty(msg.attachments, defaults.attachments);
    take_if_empty(msg.metadata, defaults.metadata);
    take_if_empty(msg.track_opens, defaults.track_opens);
    take_if_empty(msg.inline_css, defaults.inline_css);
    take_if_empty(msg.track_links, defaults.track_links);
    return msg;
}

} // namespace postmark

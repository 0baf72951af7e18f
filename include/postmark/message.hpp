// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_MESSAGE_HPP
#define POSTMARK_MESSAGE_HPP

#include <postmark/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postmark {

/// One address, with or without a display name.
///
/// Building one never throws and never judges: text that cannot be parsed is kept as the address and sent as it is.
/// `message::verify` judges.
struct mailbox {
    mailbox() = default;

    /// \param address the bare address, `ann@example.org`
    /// \param name    the display name, in UTF-8, without quotes; quoted when it is sent where that is needed
    mailbox(std::string address, std::string name);

    /// Parses `ann@example.org`, `Ann <ann@example.org>` or `"Ann, Jr." <ann@example.org>`.
    mailbox(std::string_view text);
    mailbox(std::string const& text)
        : mailbox{std::string_view{text}}
    {
    }
    mailbox(char const* text)
        : mailbox{std::string_view{text}}
    {
    }

    std::string address;
    std::string name;

    friend bool operator==(mailbox const&, mailbox const&) = default;
};

/// The mailbox as it stands in a mail header: `ann@example.org`, `Ann <ann@example.org>`, `"Ann, Jr." <ann@example.org>`.
[[nodiscard]] std::string to_string(mailbox const& value);

/// A list of mailboxes: recipients, or addresses to reply to.
///
/// Built from a string (commas outside quotes separate), from a mailbox, or from a braced list, in which
/// `{"a@example.org", "b@example.org"}` is two addresses; one with a name is `mailbox{"a@example.org", "Ann"}`.
class mailbox_list {
public:
    using value_type = mailbox;
    using iterator = std::vector<mailbox>::iterator;
    using const_iterator = std::vector<mailbox>::const_iterator;

    mailbox_list() = default;
    mailbox_list(std::string_view text);
    mailbox_list(std::string const& text)
        : mailbox_list{std::string_view{text}}
    {
    }
    mailbox_list(char const* text)
        : mailbox_list{std::string_view{text}}
    {
    }
    mailbox_list(mailbox single);
    mailbox_list(std::initializer_list<mailbox> list);
    mailbox_list(std::vector<mailbox> list);

    [[nodiscard]] bool empty() const noexcept { return items_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
    [[nodiscard]] mailbox& operator[](std::size_t index) noexcept { return items_[index]; }
    [[nodiscard]] mailbox const& operator[](std::size_t index) const noexcept { return items_[index]; }
    [[nodiscard]] mailbox& front() noexcept { return items_.front(); }
    [[nodiscard]] mailbox const& front() const noexcept { return items_.front(); }
    [[nodiscard]] mailbox& back() noexcept { return items_.back(); }
    [[nodiscard]] mailbox const& back() const noexcept { return items_.back(); }

    [[nodiscard]] iterator begin() noexcept { return items_.begin(); }
    [[nodiscard]] iterator end() noexcept { return items_.end(); }
    [[nodiscard]] const_iterator begin() const noexcept { return items_.begin(); }
    [[nodiscard]] const_iterator end() const noexcept { return items_.end(); }

    void push_back(mailbox value);
    void clear() noexcept { items_.clear(); }

    friend bool operator==(mailbox_list const&, mailbox_list const&) = default;

private:
    std::vector<mailbox> items_;
};

/// The mailboxes as they stand in a mail header, separated by a comma and a blank.
[[nodiscard]] std::string to_string(mailbox_list const& value);

/// A header of the mail itself, `X-Order: 17`. CR, LF and NUL are refused when the message is sent.
struct mail_header {
    mail_header() = default;
    mail_header(std::string name, std::string value);

    std::string name;
    std::string value;

    friend bool operator==(mail_header const&, mail_header const&) = default;
};

/// A file that goes with the mail.
struct attachment {
    attachment() = default;

    /// \param name         file name that the recipient sees; its extension must not be one that the service refuses
    /// \param content      raw bytes; encoded when they are sent
    /// \param content_type MIME type; empty: chosen by the extension of the name when it is sent
    /// \param content_id   for an inline image, `cid:logo.png`, shown by `<img src="cid:logo.png">`; empty: an ordinary attachment
    attachment(std::string name, std::string content, std::string content_type = {}, std::string content_id = {});

    std::string name;
    std::string content;
    std::string content_type;
    std::string content_id;

    friend bool operator==(attachment const&, attachment const&) = default;
};

/// Which links of a mail are tracked.
enum class link_tracking { none, html_and_text, html_only, text_only };

/// One mail.
///
/// A plain value: fill the members, then hand it to `client::async_send`. An empty member is left out of the request, or
/// takes the configuration's default where there is one. A message with a template id or alias goes to the template
/// endpoints; if both are set, the id wins (the service's rule).
///
/// Name the message before the `co_await` expression, as the examples do: it reads better, and GCC 12 has trouble with
/// braced temporaries inside `co_await`.
struct message {
    message() = default;

    std::optional<mailbox> from;
    mailbox_list to;
    mailbox_list cc;
    mailbox_list bcc;
    mailbox_list reply_to;
    std::string subject;
    std::string tag;
    std::string html;
    std::string text;
    std::string message_stream;
    std::string template_alias;
    std::optional<std::int64_t> template_id;

    /// JSON text of an object; empty stands for `{}`. `postmark/json.hpp` takes a `boost::json::value`.
    std::string template_model;

    std::vector<mail_header> headers;
    std::vector<attachment> attachments;
    std::map<std::string, std::string> metadata;
    std::optional<bool> track_opens;
    std::optional<bool> inline_css;
    std::optional<link_tracking> track_links;

    /// Adds a mail header. Nothing is checked here.
    message& add_header(std::string name, std::string value);

    /// Attaches bytes.
    /// \param bytes        the raw content; copied
    /// \param name         file name that the recipient sees
    /// \param content_type MIME type; empty: chosen by the extension of the name
    /// \param content_id   content id of an inline image; empty: an ordinary attachment
    message& attach_bytes(std::string_view bytes, std::string name, std::string content_type = {},
                          std::string content_id = {});

    /// Attaches a file; its name without folders is what the recipient sees.
    /// \throws boost::system::system_error with `errc::invalid_message` if the path is missing, not a regular file, not
    ///         readable, larger than a message may be, or of a type that the service refuses; `what()` says which
    message& attach_file(std::filesystem::path const& path, std::string content_type = {}, std::string content_id = {});

    /// Likewise, without exceptions: on an error the message is unchanged.
    message& attach_file(std::filesystem::path const& path, error_code& error);
    message& attach_file(std::filesystem::path const& path, std::string content_type, error_code& error);
    message& attach_file(std::filesystem::path const& path, std::string content_type, std::string content_id,
                         error_code& error);

    /// Checks the message against the limits that the service documents, without asking it.
    ///
    /// The service remains the judge: a message that passes may still be refused.
    /// \param error  set to `errc::invalid_message` if something is wrong, cleared otherwise
    void verify(error_code& error) const;

    /// \param detail what is wrong, naming the field but no address; unchanged if nothing is
    void verify(error_code& error, std::string& detail) const;

    /// Whether the message goes to a template endpoint.
    [[nodiscard]] bool uses_template() const noexcept { return template_id.has_value() || !template_alias.empty(); }

    /// The addresses of to, cc and bcc, without names, in that order.
    [[nodiscard]] std::vector<std::string> recipients() const;

    friend bool operator==(message const&, message const&) = default;
};

/// The message, with every field that it leaves empty taken from `defaults`. Template id and alias are one field here.
[[nodiscard]] message merge(message msg, message const& defaults);

/// The MIME type of a file name, by its extension; `application/octet-stream` where that is unknown.
[[nodiscard]] std::string_view content_type_of(std::string_view file_name) noexcept;

/// The message as the service's JSON (the body of `POST /email`, or of `/email/withTemplate`).
[[nodiscard]] std::string to_json(message const& msg);

/// Reads the service's JSON. Unknown keys are ignored, as the service does.
/// \throws boost::system::system_error with `errc::invalid_message`; `what()` names the key and what was expected
[[nodiscard]] message message_from_json(std::string_view text);

/// Likewise, without exceptions.
[[nodiscard]] message message_from_json(std::string_view text, error_code& error);

} // namespace postmark

#endif

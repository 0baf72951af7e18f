// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_MESSAGE_HPP
#define POSTMARK_MESSAGE_HPP

#include <postmark/error_code.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace postmark {

/// One address, with or without a display name.
///
/// Building a mailbox never throws for what the text says and never checks it: text that cannot be parsed becomes the
/// address. A mailbox is always one recipient: a message with an address that the service would read as several (it
/// holds a comma, a semicolon, an angle bracket or a second `@` outside of quotes) is refused with
/// `errc::invalid_message` before anything is sent. Everything else that is wrong with an address is found by
/// `message::verify`, or by the service.
struct mailbox {
    mailbox() = default;

    /// \param address the bare address, `ann@example.org`
    /// \param name    the display name, in UTF-8, without quotes; quoted when it is sent where that is needed
    mailbox(std::string address, std::string name);

    /// Parses one mailbox: `ann@example.org`, `Ann <ann@example.org>` or `"Ann, Jr." <ann@example.org>`.
    /// Blanks and tabs around it are dropped.
    mailbox(std::string_view text);
    /// \copydoc mailbox(std::string_view)
    mailbox(std::string const& text)
        : mailbox{std::string_view{text}}
    {
    }
    /// \copydoc mailbox(std::string_view)
    mailbox(std::string&& text);
    /// \copydoc mailbox(std::string_view)
    mailbox(char const* text)
        : mailbox{std::string_view{text}}
    {
    }

    /// The bare address. Non-ASCII characters are allowed in the domain only (the service's rule).
    std::string address;
    /// The display name in UTF-8, without quotes; empty: none.
    std::string name;

    /// Compares address and name byte by byte.
    friend bool operator==(mailbox const&, mailbox const&) = default;
};

/// The mailbox in the form of a mail header: `ann@example.org`, `Ann <ann@example.org>`,
/// `"Ann, Jr." <ann@example.org>`.
[[nodiscard]] std::string to_string(mailbox const& value);

/// A list of mailboxes: recipients, or addresses to reply to.
///
/// Built from one text, in which commas outside of quotes separate; from a mailbox; or from a braced list, in which
/// every element is one mailbox: `{"a@example.org", "b@example.org"}` is two addresses, and one with a name is
/// `mailbox{"a@example.org", "Ann"}`. One text alone is a list, with and without braces. A text from outside that is
/// meant to be one address should therefore be made a `mailbox`: `msg.to = postmark::mailbox{text}`.
///
/// The mailboxes are stored one after another; a single one needs no memory of its own. Iterators and references are
/// valid until the list changes.
class mailbox_list {
    /// What a braced list consists of: it remembers whether it was a text.
    struct element {
        element(std::string_view text)
            : value{text}
            , is_text{true}
        {
        }
        element(std::string const& text)
            : value{text}
            , is_text{true}
        {
        }
        element(char const* text)
            : value{text}
            , is_text{true}
        {
        }
        element(mailbox box)
            : value{std::move(box)}
        {
        }
        element(std::string address, std::string name)
            : value{std::move(address), std::move(name)}
        {
        }

        /// Moved from when the list is built: elements of a braced list are const otherwise.
        mutable mailbox value;
        bool is_text = false;
    };

public:
    using value_type = mailbox;
    using iterator = mailbox*;
    using const_iterator = mailbox const*;

    /// An empty list.
    mailbox_list() = default;
    /// Parses mailboxes that are separated by commas outside of quotes. Empty ones are left out.
    mailbox_list(std::string_view text);
    /// \copydoc mailbox_list(std::string_view)
    mailbox_list(std::string const& text)
        : mailbox_list(std::string_view{text})
    {
    }
    /// \copydoc mailbox_list(std::string_view)
    mailbox_list(std::string&& text);
    /// \copydoc mailbox_list(std::string_view)
    mailbox_list(char const* text)
        : mailbox_list(std::string_view{text})
    {
    }
    /// A list of one.
    mailbox_list(mailbox single);
    /// Each element is one mailbox, or the text of one. Empty texts are left out. One text alone is parsed as a list.
    mailbox_list(std::initializer_list<element> list);
    /// The mailboxes of a vector, unchanged.
    mailbox_list(std::vector<mailbox> list);

    mailbox_list(mailbox_list const&) = default;
    /// The other list is empty afterwards.
    mailbox_list(mailbox_list&& other) noexcept
        : items_{std::move(other.items_)}
    {
        other.clear();
    }
    mailbox_list& operator=(mailbox_list const&) = default;
    /// The other list is empty afterwards.
    mailbox_list& operator=(mailbox_list&& other) noexcept
    {
        if (this != &other) {
            items_ = std::move(other.items_);
            other.clear();
        }
        return *this;
    }
    ~mailbox_list() = default;

    [[nodiscard]] bool empty() const noexcept { return size() == 0; }
    [[nodiscard]] std::size_t size() const noexcept
    {
        auto const* const several = std::get_if<several_items>(&items_);
        return several != nullptr ? several->size() : 1;
    }
    /// \param index less than `size()`
    [[nodiscard]] mailbox& operator[](std::size_t index) noexcept { return begin()[index]; }
    /// \copydoc operator[]
    [[nodiscard]] mailbox const& operator[](std::size_t index) const noexcept { return begin()[index]; }
    /// The first mailbox; the list must not be empty.
    [[nodiscard]] mailbox& front() noexcept { return *begin(); }
    /// \copydoc front
    [[nodiscard]] mailbox const& front() const noexcept { return *begin(); }
    /// The last mailbox; the list must not be empty.
    [[nodiscard]] mailbox& back() noexcept { return end()[-1]; }
    /// \copydoc back
    [[nodiscard]] mailbox const& back() const noexcept { return end()[-1]; }

    [[nodiscard]] iterator begin() noexcept
    {
        auto* const several = std::get_if<several_items>(&items_);
        return several != nullptr ? several->data() : std::get_if<mailbox>(&items_);
    }
    [[nodiscard]] iterator end() noexcept { return begin() + size(); }
    [[nodiscard]] const_iterator begin() const noexcept
    {
        auto const* const several = std::get_if<several_items>(&items_);
        return several != nullptr ? several->data() : std::get_if<mailbox>(&items_);
    }
    [[nodiscard]] const_iterator end() const noexcept { return begin() + size(); }

    /// Appends one mailbox; a text is parsed as one, not as a list.
    void push_back(mailbox value);
    /// Removes all mailboxes.
    void clear() noexcept
    {
        if (auto* const several = std::get_if<several_items>(&items_)) {
            several->clear();
        } else {
            items_.emplace<several_items>();
        }
    }

    /// Compares the mailboxes and their order.
    friend bool operator==(mailbox_list const&, mailbox_list const&) = default;

private:
    using several_items = std::vector<mailbox>;

    // A list of one is always the second alternative, so that equal lists have equal alternatives.
    std::variant<several_items, mailbox> items_;
};

/// The mailboxes in the form of a mail header, separated by a comma and a blank.
[[nodiscard]] std::string to_string(mailbox_list const& value);

/// A header of the mail itself, `X-Order: 17`.
///
/// A message is refused when it is sent if a name or a value holds CR, LF or NUL. The service takes no headers that have
/// a member of their own in `message` (`From`, `To`, `Subject`, …) and no `Content-Type`: `message::verify` finds those.
struct mail_header {
    mail_header() = default;
    /// \param name  visible ASCII characters without a colon
    /// \param value text in UTF-8
    mail_header(std::string name, std::string value);

    /// The name, without the colon.
    std::string name;
    /// The value, without line breaks.
    std::string value;

    /// Compares name and value byte by byte.
    friend bool operator==(mail_header const&, mail_header const&) = default;
};

/// A file that is sent with the mail.
struct attachment {
    attachment() = default;

    /// \param name         file name that the recipient sees; its extension must not be one that the service refuses
    /// \param content      raw bytes, at least one (the service refuses empty files); encoded when they are sent
    /// \param content_type MIME type; empty: chosen by the extension of the name when it is sent
    /// \param content_id   for an inline image, `cid:logo.png`, shown by `<img src="cid:logo.png">`; empty: an ordinary
    ///                     attachment
    attachment(std::string name, std::string content, std::string content_type = {}, std::string content_id = {});

    /// File name that the recipient sees.
    std::string name;
    /// The raw bytes.
    std::string content;
    /// MIME type; empty: chosen by the extension of the name.
    std::string content_type;
    /// Content id of an inline image; empty: an ordinary attachment.
    std::string content_id;

    /// Compares all members byte by byte.
    friend bool operator==(attachment const&, attachment const&) = default;
};

/// Which links of a mail are tracked: the service's `TrackLinks`.
enum class link_tracking {
    /// No links.
    none,
    /// Links of both bodies.
    html_and_text,
    /// Links of the HTML body.
    html_only,
    /// Links of the text body.
    text_only
};

/// The path of a file that is attached.
///
/// Converts from `std::filesystem::path`, from a directory entry and from text, so that this header need not include
/// `<filesystem>`.
class file_path {
public:
    file_path(char const* path)
        : text_{path}
    {
    }
    file_path(std::string path)
        : text_{std::move(path)}
    {
    }
    file_path(std::string_view path)
        : text_{path}
    {
    }
    /// From a `std::filesystem::path`.
    template <class Path>
        requires requires(Path const& path) {
            {
                path.string()
            } -> std::convertible_to<std::string>;
            path.native();
        }
    file_path(Path const& path)
        : text_{path.string()}
    {
    }
    /// From a `std::filesystem::directory_entry`.
    template <class Entry>
        requires requires(Entry const& entry) {
            {
                entry.path().string()
            } -> std::convertible_to<std::string>;
        }
    file_path(Entry const& entry)
        : text_{entry.path().string()}
    {
    }

    /// The path as text.
    [[nodiscard]] std::string const& text() const noexcept { return text_; }

private:
    std::string text_;
};

/// One mail.
///
/// A plain value: fill the members, then hand it to `client::async_send`. An empty member is left out of the request, or
/// takes the configuration's default where there is one. A message with a template id or alias goes to the template
/// endpoints; if both are set, the id wins (the service's rule).
///
/// The limits in the comments are those that the service documents. Only `verify` checks them.
///
/// Name the message before the `co_await` expression, as the examples do: GCC 12 corrupts braced temporaries inside
/// `co_await`.
struct message {
    message() = default;

    /// The sender; not set: `config::default_sender`. At most 255 UTF-16 units with its name. Its address or domain has
    /// to be confirmed at the service.
    std::optional<mailbox> from;
    /// Recipients; `to`, `cc` and `bcc` together 1 to 50.
    mailbox_list to;
    /// Recipients of a copy.
    mailbox_list cc;
    /// Recipients of a copy that the others do not see.
    mailbox_list bcc;
    /// Where replies go to; empty: `config::default_reply_to`.
    mailbox_list reply_to;
    /// At most 2,000 UTF-16 units. Must be empty with a template.
    std::string subject;
    /// A label for statistics; at most 1,000 characters.
    std::string tag;
    /// The HTML body in UTF-8, at most 5 MiB. Must be empty with a template.
    std::string html;
    /// The text body in UTF-8, at most 5 MiB. Must be empty with a template.
    std::string text;
    /// Id of the message stream, at most 30 letters, digits, `_` or `-`; empty: the service's default, `outbound`.
    std::string message_stream;
    /// Alias of the template: a letter, then letters, digits, `.`, `_` or `-`; empty: none.
    std::string template_alias;
    /// Id of the template.
    std::optional<std::int64_t> template_id;

    /// JSON text of an object; empty means `{}`. `postmark/json.hpp` takes a `boost::json::value`.
    std::string template_model;

    /// Further headers of the mail; empty: `config::default_headers`.
    std::vector<mail_header> headers;
    /// Files. The message must not be larger than 10 MiB with the base64 form of all of them.
    std::vector<attachment> attachments;
    /// Keys and values that the service stores with the mail: at most 10 keys of at most 20 characters that differ in
    /// more than case, values of at most 80 UTF-16 units.
    std::map<std::string, std::string> metadata;
    /// Whether opening the mail is tracked; not set: the setting of the server.
    std::optional<bool> track_opens;
    /// Whether CSS rules of a template's HTML are written into its elements; not set: the service's default, yes.
    std::optional<bool> inline_css;
    /// Which links are tracked; not set: the setting of the server.
    std::optional<link_tracking> track_links;

    /// Adds a mail header. Nothing is checked here.
    /// \return this message
    message& add_header(std::string name, std::string value);

    /// Attaches bytes. Nothing is checked here.
    /// \param bytes        the raw content; copied
    /// \param name         file name that the recipient sees
    /// \param content_type MIME type; empty: chosen by the extension of the name
    /// \param content_id   content id of an inline image; empty: an ordinary attachment
    /// \return this message
    message& attach_bytes(std::string_view bytes, std::string name, std::string content_type = {},
                          std::string content_id = {});

    /// Attaches a file. It is read at once; its name without folders is what the recipient sees.
    /// \param path         a `std::filesystem::path` or text
    /// \param content_type MIME type; empty: chosen by the extension of the name
    /// \param content_id   content id of an inline image; empty: an ordinary attachment
    /// \return this message
    /// \throws boost::system::system_error with `errc::invalid_message` if the path is missing, not a regular file, not
    ///         readable, empty, larger than a message may be, or of a type that the service refuses; `what()` says which
    message& attach_file(file_path const& path, std::string content_type = {}, std::string content_id = {});

    /// Attaches a file like the overload above, without exceptions: on an error the message is unchanged.
    /// \param error set to `errc::invalid_message` where the other overload throws, cleared otherwise
    message& attach_file(file_path const& path, error_code& error);
    /// \copydoc attach_file(file_path const&, error_code&)
    message& attach_file(file_path const& path, std::string content_type, error_code& error);
    /// \copydoc attach_file(file_path const&, error_code&)
    message& attach_file(file_path const& path, std::string content_type, std::string content_id, error_code& error);

    /// Checks the message by itself, without the configuration's defaults, against the limits that the service
    /// documents, without asking it.
    ///
    /// The service remains the judge: a message that passes may still be refused.
    /// \param error  set to `errc::invalid_message` if something is wrong, cleared otherwise
    void verify(error_code& error) const;

    /// \copydoc verify(error_code&) const
    /// \param detail what is wrong, naming the field but no address; unchanged if nothing is
    void verify(error_code& error, std::string& detail) const;

    /// Whether the message goes to a template endpoint.
    [[nodiscard]] bool uses_template() const noexcept { return template_id.has_value() || !template_alias.empty(); }

    /// The addresses of to, cc and bcc, without names, in that order.
    [[nodiscard]] std::vector<std::string> recipients() const;

    /// Compares all members.
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

/// Reads the service's JSON like the overload above, without exceptions.
/// \param error set to `errc::invalid_message` where the other overload throws, cleared otherwise
/// \return the message; an empty one on an error
[[nodiscard]] message message_from_json(std::string_view text, error_code& error);

} // namespace postmark

#endif

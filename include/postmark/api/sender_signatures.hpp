// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_API_SENDER_SIGNATURES_HPP
#define POSTMARK_API_SENDER_SIGNATURES_HPP

#include <postmark/api/acknowledgement.hpp>
#include <postmark/api/dns_settings.hpp>
#include <postmark/api/request.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// \file
/// Requests about sender signatures: single addresses that an account may send from. They need the account token,
/// `config::account_key`.
///
/// Every key of a reply may be missing or null; its member then keeps its default value.

namespace postmark {

/// A sender signature in a list.
struct sender_signature_info {
    sender_signature_info() = default;
    static schema const& describe();

    std::int64_t id = 0;
    std::string domain;
    std::string email_address;
    /// Empty: none.
    std::string reply_to_email_address;
    /// The display name.
    std::string name;
    /// Whether the owner of the address has confirmed it.
    bool confirmed = false;
};

/// Reply of `get_sender_signatures`: one page of sender signatures.
struct sender_signatures_reply : api_reply {
    sender_signatures_reply() = default;
    static schema const& describe();

    /// The number of sender signatures, on this page and others.
    std::int64_t total_count = 0;
    /// No more than were asked for: a longer page ends the call with `errc::malformed_reply`.
    std::vector<sender_signature_info> sender_signatures;
};

/// `GET /senders`: a page of sender signatures.
struct get_sender_signatures {
    using reply_type = sender_signatures_reply;

    get_sender_signatures() = default;
    /// \param count  1 to 500 (the service's limit)
    /// \param offset the number of sender signatures to skip, from 0
    explicit get_sender_signatures(int count, int offset = 0);
    static schema const& describe();

    int count = 500;
    int offset = 0;
};

/// Reply of the requests about one sender signature.
struct sender_signature_reply : api_reply, sender_signature_info, dns_settings {
    sender_signature_reply() = default;
    static schema const& describe();

    /// The note in the mail that asked for confirmation.
    std::string confirmation_personal_note;
};

/// `GET /senders/{id}`: one sender signature.
struct get_sender_signature {
    using reply_type = sender_signature_reply;

    get_sender_signature() = default;
    explicit get_sender_signature(std::int64_t id);
    static schema const& describe();

    std::int64_t id = 0;
};

/// `POST /senders`: adds a sender signature. The service sends a mail to the address, which asks for confirmation. The
/// client does not retry this request after a lost reply.
struct create_sender_signature {
    using reply_type = sender_signature_reply;

    create_sender_signature() = default;
    static schema const& describe();

    /// The address; required.
    std::string from_email;
    /// The display name; required.
    std::string name;
    std::string reply_to_email;
    std::string return_path_domain;
    /// A note for the mail that asks for confirmation; at most 400 characters (the service's limit).
    std::string confirmation_personal_note;
};

/// `PUT /senders/{id}`: changes a sender signature. Its address cannot be changed.
struct edit_sender_signature {
    using reply_type = sender_signature_reply;

    edit_sender_signature() = default;
    explicit edit_sender_signature(std::int64_t id);
    static schema const& describe();

    std::int64_t id = 0;
    /// The display name; the service documents it as required.
    std::string name;
    /// Empty: none any more. Not set: left out of the request.
    std::optional<std::string> reply_to_email;
    /// Empty: none any more. Not set: left out of the request.
    std::optional<std::string> return_path_domain;
    /// At most 400 characters (the service's limit). Not set: left out of the request.
    std::optional<std::string> confirmation_personal_note;
};

/// `DELETE /senders/{id}`: removes a sender signature.
struct delete_sender_signature {
    using reply_type = acknowledgement;

    delete_sender_signature() = default;
    explicit delete_sender_signature(std::int64_t id);
    static schema const& describe();

    std::int64_t id = 0;
};

/// `POST /senders/{id}/resend`: sends the mail that asks for confirmation once more. The client does not retry this
/// request after a lost reply.
struct resend_sender_signature_confirmation {
    using reply_type = acknowledgement;

    resend_sender_signature_confirmation() = default;
    explicit resend_sender_signature_confirmation(std::int64_t id);
    static schema const& describe();

    std::int64_t id = 0;
};

/// `POST /senders/{id}/verifyspf`: lets the service look for the SPF record. The service has deprecated this endpoint.
struct verify_sender_signature_spf {
    using reply_type = sender_signature_reply;

    verify_sender_signature_spf() = default;
    explicit verify_sender_signature_spf(std::int64_t id);
    static schema const& describe();

    std::int64_t id = 0;
};

/// `POST /senders/{id}/requestnewdkim`: makes a new DKIM key, which is used once its record is found. While a key is
/// being renewed the service answers `api_errc::dkim_renewal_in_progress`. The service has deprecated this endpoint.
/// The client does not retry this request after a lost reply.
struct request_new_sender_signature_dkim {
    using reply_type = acknowledgement;

    request_new_sender_signature_dkim() = default;
    explicit request_new_sender_signature_dkim(std::int64_t id);
    static schema const& describe();

    std::int64_t id = 0;
};

} // namespace postmark

#endif

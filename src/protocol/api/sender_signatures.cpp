// SPDX-License-Identifier: BSL-1.0

#include "protocol/dns_fields.hpp"
#include "protocol/request_rules.hpp"
#include "protocol/schema.hpp"

#include <postmark/api/sender_signatures.hpp>

#include <array>
#include <cstddef>

namespace postmark {

using protocol::describe_request;
using protocol::describe_type;
using protocol::endpoint;
using protocol::field;
using protocol::member;
using protocol::place;

// A page of sender signatures

namespace {

/// The fields of a sender signature, which is part of a page or a reply of its own.
template <class C>
constexpr std::array signature_fields{
    member<C, &sender_signature_info::id>("ID"),
    member<C, &sender_signature_info::domain>("Domain"),
    member<C, &sender_signature_info::email_address>("EmailAddress"),
    member<C, &sender_signature_info::reply_to_email_address>("ReplyToEmailAddress"),
    member<C, &sender_signature_info::name>("Name"),
    member<C, &sender_signature_info::confirmed>("Confirmed"),
};

} // namespace

schema const& sender_signature_info::describe()
{
    using type = sender_signature_info;
    static constexpr schema description = describe_type<type>("sender_signature_info", signature_fields<type>);
    return description;
}

schema const& sender_signatures_reply::describe()
{
    using type = sender_signatures_reply;
    static constexpr field fields[]{
        member<type, &type::total_count>("TotalCount"),
        member<type, &type::sender_signatures>("SenderSignatures"),
    };
    static constexpr schema description = describe_type<type>("sender_signatures_reply", fields);
    return description;
}

get_sender_signatures::get_sender_signatures(int page_size, int first)
    : count{page_size}
    , offset{first}
{
}

schema const& get_sender_signatures::describe()
{
    using type = get_sender_signatures;
    static constexpr endpoint target{.path = "/senders", .token = token_kind::account};
    static constexpr field fields[]{
        member<type, &type::count>("count", place::query),
        member<type, &type::offset>("offset", place::query),
    };
    static constexpr schema description = describe_request("get_sender_signatures", fields, target);
    return description;
}

// One sender signature

schema const& sender_signature_reply::describe()
{
    using type = sender_signature_reply;
    static constexpr std::array own_fields{
        member<type, &type::confirmation_personal_note>("ConfirmationPersonalNote"),
    };
    static constexpr auto fields =
        protocol::join(protocol::join(signature_fields<type>, protocol::dns_fields<type>), own_fields);
    static constexpr schema description = describe_type<type>("sender_signature_reply", fields);
    return description;
}

get_sender_signature::get_sender_signature(std::int64_t signature_id)
    : id{signature_id}
{
}

schema const& get_sender_signature::describe()
{
    static constexpr endpoint target{.path = "/senders/{id}", .token = token_kind::account};
    static constexpr field fields[]{member<get_sender_signature, &get_sender_signature::id>("id", place::path)};
    static constexpr schema description = describe_request("get_sender_signature", fields, target);
    return description;
}

namespace {

/// The longest note that the service puts into the mail that asks for confirmation.
constexpr std::size_t max_note_characters = 400;

} // namespace

schema const& create_sender_signature::describe()
{
    using type = create_sender_signature;
    static constexpr endpoint target{.method = http_method::post,
                                     .path = "/senders",
                                     .repeatable = false,
                                     .token = token_kind::account,
                                     .check = [](void const* request) {
                                         auto const& created = *static_cast<type const*>(request);
                                         protocol::request_check check;
                                         check.is_set("from_email", created.from_email);
                                         check.is_set("name", created.name);
                                         check.has_length("confirmation_personal_note",
                                                          created.confirmation_personal_note, max_note_characters);
                                         return check.take();
                                     }};
    static constexpr field fields[]{
        member<type, &type::from_email>("FromEmail"),
        member<type, &type::name>("Name"),
        member<type, &type::reply_to_email>("ReplyToEmail"),
        member<type, &type::return_path_domain>("ReturnPathDomain"),
        member<type, &type::confirmation_personal_note>("ConfirmationPersonalNote"),
    };
    static constexpr schema description = describe_request("create_sender_signature", fields, target);
    return description;
}

edit_sender_signature::edit_sender_signature(std::int64_t signature_id)
    : id{signature_id}
{
}

schema const& edit_sender_signature::describe()
{
    using type = edit_sender_signature;
    static constexpr endpoint target{.method = http_method::put,
                                     .path = "/senders/{id}",
                                     .token = token_kind::account,
                                     .check = [](void const* request) {
                                         auto const& edited = *static_cast<type const*>(request);
                                         protocol::request_check check;
                                         check.has_length("confirmation_personal_note",
                                                          edited.confirmation_personal_note.value_or(std::string{}),
                                                          max_note_characters);
                                         return check.take();
                                     }};
    static constexpr field fields[]{
        member<type, &type::id>("id", place::path),
        member<type, &type::name>("Name"),
        member<type, &type::reply_to_email>("ReplyToEmail"),
        member<type, &type::return_path_domain>("ReturnPathDomain"),
        member<type, &type::confirmation_personal_note>("ConfirmationPersonalNote"),
    };
    static constexpr schema description = describe_request("edit_sender_signature", fields, target);
    return description;
}

delete_sender_signature::delete_sender_signature(std::int64_t signature_id)
    : id{signature_id}
{
}

schema const& delete_sender_signature::describe()
{
    static constexpr endpoint target{
        .method = http_method::delete_, .path = "/senders/{id}", .token = token_kind::account};
    static constexpr field fields[]{member<delete_sender_signature, &delete_sender_signature::id>("id", place::path)};
    static constexpr schema description = describe_request("delete_sender_signature", fields, target);
    return description;
}

// Confirmation and verification

resend_sender_signature_confirmation::resend_sender_signature_confirmation(std::int64_t signature_id)
    : id{signature_id}
{
}

schema const& resend_sender_signature_confirmation::describe()
{
    // Each time the service sends a mail.
    static constexpr endpoint target{
        .method = http_method::post, .path = "/senders/{id}/resend", .repeatable = false, .token = token_kind::account};
    static constexpr field fields[]{
        member<resend_sender_signature_confirmation, &resend_sender_signature_confirmation::id>("id", place::path)};
    static constexpr schema description = describe_request("resend_sender_signature_confirmation", fields, target);
    return description;
}

verify_sender_signature_spf::verify_sender_signature_spf(std::int64_t signature_id)
    : id{signature_id}
{
}

schema const& verify_sender_signature_spf::describe()
{
    static constexpr endpoint target{.method = http_method::post,
                                     .path = "/senders/{id}/verifyspf",
                                     .repeatable = false,
                                     .token = token_kind::account};
    static constexpr field fields[]{
        member<verify_sender_signature_spf, &verify_sender_signature_spf::id>("id", place::path)};
    static constexpr schema description = describe_request("verify_sender_signature_spf", fields, target);
    return description;
}

request_new_sender_signature_dkim::request_new_sender_signature_dkim(std::int64_t signature_id)
    : id{signature_id}
{
}

schema const& request_new_sender_signature_dkim::describe()
{
    // Each time the service may make another key.
    static constexpr endpoint target{.method = http_method::post,
                                     .path = "/senders/{id}/requestnewdkim",
                                     .repeatable = false,
                                     .token = token_kind::account};
    static constexpr field fields[]{
        member<request_new_sender_signature_dkim, &request_new_sender_signature_dkim::id>("id", place::path)};
    static constexpr schema description = describe_request("request_new_sender_signature_dkim", fields, target);
    return description;
}

} // namespace postmark

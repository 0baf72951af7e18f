// SPDX-License-Identifier: BSL-1.0

#include "protocol/dns_fields.hpp"
#include "protocol/request_rules.hpp"
#include "protocol/schema.hpp"

#include <postmark/api/domains.hpp>

#include <array>

namespace postmark {

using protocol::describe_request;
using protocol::describe_type;
using protocol::endpoint;
using protocol::field;
using protocol::member;
using protocol::place;

// A page of domains

schema const& domain_info::describe()
{
    using type = domain_info;
    static constexpr field fields[]{
        member<type, &type::id>("ID"),
        member<type, &type::name>("Name"),
        member<type, &type::spf_verified>("SPFVerified"),
        member<type, &type::dkim_verified>("DKIMVerified"),
        member<type, &type::weak_dkim>("WeakDKIM"),
        member<type, &type::return_path_domain_verified>("ReturnPathDomainVerified"),
    };
    static constexpr schema description = describe_type<type>("domain_info", fields);
    return description;
}

schema const& domains_reply::describe()
{
    using type = domains_reply;
    static constexpr field fields[]{
        member<type, &type::total_count>("TotalCount"),
        member<type, &type::domains>("Domains"),
    };
    static constexpr schema description = describe_type<type>("domains_reply", fields);
    return description;
}

get_domains::get_domains(int page_size, int first)
    : count{page_size}
    , offset{first}
{
}

schema const& get_domains::describe()
{
    using type = get_domains;
    static constexpr endpoint target{.path = "/domains", .token = token_kind::account};
    static constexpr field fields[]{
        member<type, &type::count>("count", place::query),
        member<type, &type::offset>("offset", place::query),
    };
    static constexpr schema description = describe_request("get_domains", fields, target);
    return description;
}

// One domain

schema const& domain_reply::describe()
{
    using type = domain_reply;
    static constexpr std::array own_fields{
        member<type, &type::id>("ID"),
        member<type, &type::name>("Name"),
        member<type, &type::custom_tracking_domain>("CustomTrackingDomain"),
        member<type, &type::custom_tracking_domain_cname_value>("CustomTrackingDomainCNAMEValue"),
        member<type, &type::custom_tracking_verified>("CustomTrackingVerified"),
    };
    static constexpr auto fields = protocol::join(own_fields, protocol::dns_fields<type>);
    static constexpr schema description = describe_type<type>("domain_reply", fields);
    return description;
}

get_domain::get_domain(std::int64_t domain_id)
    : id{domain_id}
{
}

schema const& get_domain::describe()
{
    static constexpr endpoint target{.path = "/domains/{id}", .token = token_kind::account};
    static constexpr field fields[]{member<get_domain, &get_domain::id>("id", place::path)};
    static constexpr schema description = describe_request("get_domain", fields, target);
    return description;
}

schema const& create_domain::describe()
{
    using type = create_domain;
    static constexpr endpoint target{.method = http_method::post,
                                     .path = "/domains",
                                     .repeatable = false,
                                     .token = token_kind::account,
                                     .check = [](void const* request) {
                                         auto const& name = static_cast<type const*>(request)->name;
                                         protocol::request_check check;
                                         check.is_set("name", name);
                                         check.has_length("name", name, 255);
                                         return check.take();
                                     }};
    static constexpr field fields[]{
        member<type, &type::name>("Name"),
        member<type, &type::return_path_domain>("ReturnPathDomain"),
    };
    static constexpr schema description = describe_request("create_domain", fields, target);
    return description;
}

edit_domain::edit_domain(std::int64_t domain_id)
    : id{domain_id}
{
}

schema const& edit_domain::describe()
{
    using type = edit_domain;
    static constexpr endpoint target{.method = http_method::put, .path = "/domains/{id}", .token = token_kind::account};
    static constexpr field fields[]{
        member<type, &type::id>("id", place::path),
        member<type, &type::return_path_domain>("ReturnPathDomain"),
        member<type, &type::custom_tracking_domain>("CustomTrackingDomain"),
    };
    static constexpr schema description = describe_request("edit_domain", fields, target);
    return description;
}

delete_domain::delete_domain(std::int64_t domain_id)
    : id{domain_id}
{
}

schema const& delete_domain::describe()
{
    static constexpr endpoint target{
        .method = http_method::delete_, .path = "/domains/{id}", .token = token_kind::account};
    static constexpr field fields[]{member<delete_domain, &delete_domain::id>("id", place::path)};
    static constexpr schema description = describe_request("delete_domain", fields, target);
    return description;
}

// Verification

verify_domain_dkim::verify_domain_dkim(std::int64_t domain_id)
    : id{domain_id}
{
}

schema const& verify_domain_dkim::describe()
{
    static constexpr endpoint target{
        .method = http_method::put, .path = "/domains/{id}/verifyDkim", .token = token_kind::account};
    static constexpr field fields[]{member<verify_domain_dkim, &verify_domain_dkim::id>("id", place::path)};
    static constexpr schema description = describe_request("verify_domain_dkim", fields, target);
    return description;
}

verify_domain_return_path::verify_domain_return_path(std::int64_t domain_id)
    : id{domain_id}
{
}

schema const& verify_domain_return_path::describe()
{
    static constexpr endpoint target{
        .method = http_method::put, .path = "/domains/{id}/verifyReturnPath", .token = token_kind::account};
    static constexpr field fields[]{
        member<verify_domain_return_path, &verify_domain_return_path::id>("id", place::path)};
    static constexpr schema description = describe_request("verify_domain_return_path", fields, target);
    return description;
}

schema const& domain_spf_reply::describe()
{
    using type = domain_spf_reply;
    static constexpr field fields[]{
        member<type, &type::spf_host>("SPFHost"),
        member<type, &type::spf_verified>("SPFVerified"),
        member<type, &type::spf_text_value>("SPFTextValue"),
    };
    static constexpr schema description = describe_type<type>("domain_spf_reply", fields);
    return description;
}

verify_domain_spf::verify_domain_spf(std::int64_t domain_id)
    : id{domain_id}
{
}

schema const& verify_domain_spf::describe()
{
    static constexpr endpoint target{.method = http_method::post,
                                     .path = "/domains/{id}/verifyspf",
                                     .repeatable = false,
                                     .token = token_kind::account};
    static constexpr field fields[]{member<verify_domain_spf, &verify_domain_spf::id>("id", place::path)};
    static constexpr schema description = describe_request("verify_domain_spf", fields, target);
    return description;
}

rotate_domain_dkim::rotate_domain_dkim(std::int64_t domain_id)
    : id{domain_id}
{
}

schema const& rotate_domain_dkim::describe()
{
    // Each time the service may make another key.
    static constexpr endpoint target{.method = http_method::post,
                                     .path = "/domains/{id}/rotatedkim",
                                     .repeatable = false,
                                     .token = token_kind::account};
    static constexpr field fields[]{member<rotate_domain_dkim, &rotate_domain_dkim::id>("id", place::path)};
    static constexpr schema description = describe_request("rotate_domain_dkim", fields, target);
    return description;
}

} // namespace postmark

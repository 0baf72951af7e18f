// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_SANDBOX_FIXTURE_HPP
#define POSTMARK_TEST_SANDBOX_FIXTURE_HPP

#include "sandbox_client.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace sandbox_test {

inline postmark::sandbox::settings plain()
{
    postmark::sandbox::settings result;
    result.tls = false;
    return result;
}

/// A sandbox without TLS, and a connection to it.
struct fixture {
    explicit fixture(postmark::sandbox::settings const& options = plain())
        : sandbox{options}
    {
    }

    postmark::sandbox::server sandbox;
    client caller{sandbox, false};

    reply post(std::string_view target, std::string body = {}) { return caller.send("POST", target, std::move(body)); }
    reply put(std::string_view target, std::string body = {}) { return caller.send("PUT", target, std::move(body)); }
    reply get(std::string_view target) { return caller.send("GET", target); }
    reply remove(std::string_view target) { return caller.send("DELETE", target); }

    /// A call with the account token.
    reply account(std::string_view method, std::string_view target, std::string body = {})
    {
        return caller.send(method, target, std::move(body),
                           {{"X-Postmark-Account-Token", "account"}, {"X-Postmark-Server-Token", ""}});
    }

    /// A call with another server token.
    reply as(std::string const& token, std::string_view method, std::string_view target, std::string body = {})
    {
        return caller.send(method, target, std::move(body), {{"X-Postmark-Server-Token", token}});
    }

    /// A control request.
    reply control(std::string_view method, std::string_view target, std::string body = {})
    {
        return caller.send(method, target, std::move(body), {{"X-Postmark-Sandbox", "1"}});
    }
};

/// The reply is a refusal with status 422 and this ErrorCode, and its text has this part.
inline void check_refused(reply const& refused, std::int64_t code, std::string_view text = {})
{
    BOOST_TEST_CONTEXT(refused.body)
    {
        BOOST_TEST(refused.status == 422);
        BOOST_TEST(refused.api_code() == code);
        BOOST_TEST(refused.message().find(text) != std::string::npos);
    }
}

inline std::string text_of(json::value const& value, std::string_view key)
{
    return json::value_to<std::string>(value.at({key.data(), key.size()}));
}

inline std::int64_t number_of(json::value const& value, std::string_view key)
{
    return value.at({key.data(), key.size()}).to_number<std::int64_t>();
}

} // namespace sandbox_test

#endif

// SPDX-License-Identifier: BSL-1.0

#include "fuzz.hpp"

#include <postmark/config.hpp>
#include <postmark/error_code.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/system/system_error.hpp>

#include <sstream>
#include <string>

using namespace postmark;
using fuzz::require;

namespace {

constexpr std::string_view key = "b7d3c0de-5ec2-e7e7";

void read(std::string_view text)
{
    std::ostringstream seen;
    try {
        config const result = config::from_json(text);
        // Every value was checked when it was read; only the key may be missing.
        require(result.problem().empty() || (result.api_key.empty() && !result.test_api));
        require(result.effective_port() != 0);
        seen << result.api_key << ' ' << result.account_key << ' ' << result.problem();
    } catch (boost::system::system_error const& failure) {
        require(failure.code() == errc::invalid_configuration);
        seen << failure.what();
    }
    require(seen.str().find(key) == std::string::npos);
}

} // namespace

// Any text is read or refused, and no secret is printed.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto const text = fuzz::as_text(data, size);
    // The names of settings are not secret and are printed.
    if (text.find("c0de") != std::string_view::npos) {
        return 0;
    }
    read(text);

    boost::system::error_code error;
    auto json = boost::json::parse({text.data(), text.size()}, error);
    if (!error && json.is_object()) {
        for (auto const* name : {"PYSTMARK_ACCOUNT_KEY", "PYSTMARK_API_KEY"}) {
            json.get_object()[name] = key;
            read(boost::json::serialize(json));
            json.get_object()[name] = std::string{key} + '\n';
            read(boost::json::serialize(json));
        }
    }
    return 0;
}

// SPDX-License-Identifier: BSL-1.0

#include "fuzz.hpp"
#include "model/text.hpp"

#include <postmark/message.hpp>

#include <boost/json/parse.hpp>
#include <boost/system/system_error.hpp>

using namespace postmark;
using fuzz::require;

namespace {

bool has_scheme(std::string_view content_id)
{
    return model::equal_ignoring_case(content_id.substr(0, 4), "cid:");
}

/// Both ways to read fail in the same way.
void check_failure(std::string_view text)
{
    try {
        static_cast<void>(message_from_json(text));
        require(false);
    } catch (boost::system::system_error const& failure) {
        require(failure.code() == errc::invalid_message && failure.what()[0] != '\0');
    }
}

} // namespace

// A message that is written is read unchanged.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto const text = fuzz::as_text(data, size);
    error_code error;
    message msg = message_from_json(text, error);
    if (error) {
        require(error == errc::invalid_message && msg == message{});
        check_failure(text);
        return 0;
    }
    require(message_from_json(text) == msg);

    // Members of templates that do not apply are not written.
    if (!msg.uses_template()) {
        msg.template_model.clear();
        msg.inline_css.reset();
    }
    if (msg.template_id) {
        msg.template_alias.clear();
    }
    for (auto& file : msg.attachments) {
        if (file.content_type.empty()) {
            file.content_type = content_type_of(file.name);
        }
        if (!file.content_id.empty() && !has_scheme(file.content_id)) {
            file.content_id.insert(0, "cid:");
        }
    }
    require(message_from_json(to_json(msg)) == msg);
    require(boost::json::parse(to_json(msg)).is_object());

    error_code broken;
    msg.verify(broken);
    require(!broken || broken == errc::invalid_message);
    return 0;
}

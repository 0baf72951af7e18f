// SPDX-License-Identifier: BSL-1.0

// Shared by the peers: writes the mail and reads the reply with Boost.JSON.
#ifndef POSTMARK_BENCHMARKS_PEER_HPP
#define POSTMARK_BENCHMARKS_PEER_HPP

#include "meter.hpp"
#include "workload.hpp"

#include <boost/beast/core/detail/base64.hpp>
#include <boost/json.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace bench {

/// Builds the body of each request from the strings of the mail, and reads replies.
class peer_mail {
public:
    explicit peer_mail(options const& settings)
        : text_{make_text(settings.body)}
        , file_{make_file(settings.mode == "attachment" ? settings.attachment : 0)}
        , strings_{settings.strings}
        , named_{settings.named}
        , batch_{settings.mode == "batch" ? settings.batch : 0}
    {
    }

    [[nodiscard]] char const* path() const noexcept { return batch_ != 0 ? "/email/batch" : "/email"; }

    [[nodiscard]] std::string write_body() const
    {
        if (batch_ == 0) {
            return boost::json::serialize(make_message(0));
        }
        boost::json::array all;
        all.reserve(batch_);
        for (std::size_t i = 0; i < batch_; ++i) {
            all.emplace_back(make_message(i));
        }
        return boost::json::serialize(all);
    }

    /// \return the number of messages that the reply accepts; throws if it is not a reply to a send
    static std::size_t read_reply(std::string_view body, std::string& message_id)
    {
        boost::json::value const reply = boost::json::parse({body.data(), body.size()});
        auto const* const items = reply.if_array();
        if (items == nullptr) {
            message_id = reply.at("MessageID").as_string();
            return 1;
        }
        for (boost::json::value const& item : *items) {
            message_id = item.at("MessageID").as_string();
        }
        return items->size();
    }

private:
    [[nodiscard]] boost::json::object make_message(std::size_t index) const
    {
        namespace json = boost::json;
        auto const as_json = [](std::string_view text) { return json::string_view{text.data(), text.size()}; };
        named_recipient const& one = recipients[index % recipients.size()];
        std::string_view const to = !strings_ ? recipient : named_ ? one.header : one.address;
        json::object result{{"From", as_json(sender)},     {"To", as_json(to)},
                            {"Subject", as_json(subject)}, {"Tag", as_json(tag)},
                            {"TextBody", as_json(text_)},  {"MessageStream", as_json(stream)}};
        if (!file_.empty()) {
            namespace base64 = boost::beast::detail::base64;
            std::string content(base64::encoded_size(file_.size()), '\0');
            content.resize(base64::encode(content.data(), file_.data(), file_.size()));
            result["Attachments"] = json::array{json::object{
                {"Name", as_json(attachment_name)}, {"Content", content}, {"ContentType", as_json(attachment_type)}}};
        }
        return result;
    }

    std::string text_;
    std::string file_;
    bool strings_;
    bool named_;
    std::size_t batch_;
};

} // namespace bench

#endif

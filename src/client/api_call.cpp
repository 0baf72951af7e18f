// SPDX-License-Identifier: BSL-1.0

#include "client/engine.hpp"
#include "client/operation.hpp"
#include "client/reply_status.hpp"
#include "protocol/head.hpp"
#include "protocol/read_api_reply.hpp"
#include "protocol/reply_rules.hpp"
#include "protocol/request_bytes.hpp"
#include "scheduler/outcome.hpp"

#include <utility>

namespace postmark::detail {

namespace {

/// A call of any endpoint that no mail goes to.
class api_operation final : public operation {
public:
    api_operation(erased_reply&& reply, caller<reply_handler>&& handler)
        : handler_{std::move(handler)}
        , reply_{std::move(reply)}
    {
    }

    void write(std::string_view head, api_request const& request)
    {
        request_.begin(head.size() + postmark::protocol::request_bytes::length_reserve, request.body.size());
        request_.body().append(request.body);
        if (request.method == http_method::get && request.body.empty()) {
            request_.finish_without_length(head);
        } else {
            request_.finish(head);
        }
    }

    /// Whether the body of a reply is kept.
    bool keep_raw = false;

    [[nodiscard]] std::size_t memory() const noexcept { return request_.memory(); }
    [[nodiscard]] caller<reply_handler>& handler() noexcept { return handler_; }

    std::string_view prepare(postmark::protocol::request_bytes&) override { return request_.view(); }

    scheduler::reply_status interpret(transport::reply const& said) override
    {
        reply_.reset(reply_.object.get());
        result_ = read(said);
        if (keep_raw) {
            reply_.common->raw = said.body;
        }
        // Half a body is worth less than none.
        if (result_) {
            forget_body();
        }
        auto found = postmark::protocol::reply_class::refused;
        if (!result_) {
            found = postmark::protocol::reply_class::accepted;
        } else if (postmark::protocol::should_wait(reply_.common->http_status, reply_.common->api_code)) {
            found = postmark::protocol::reply_class::retry_later;
        } else if (result_ == condition::outcome_unknown) {
            found = postmark::protocol::reply_class::unknown;
        }
        return reply_status_of(found, result_, said);
    }

    void fail(errc error, std::string const& detail) override
    {
        result_ = error;
        try {
            reply_.reset(reply_.object.get());
        } catch (...) {
            // A program's own reply type. Its call ends all the same, and what it holds then is its own affair.
        }
        reply_.common->detail = detail;
    }

    error_code result() const noexcept override { return result_; }

    void complete(std::unique_ptr<operation> self) override
    {
        caller<reply_handler> handler{std::move(handler_)};
        std::shared_ptr<void> object = std::move(reply_.object);
        error_code const error = result_;
        self.reset();
        caller<reply_handler>::call(std::move(handler), error, std::move(object));
    }

private:
    error_code read(transport::reply const& said)
    {
        if (reply_.description != nullptr) {
            return postmark::protocol::read_api_reply(said.status, said.body, *reply_.common, *reply_.description,
                                                      reply_.described, reply_.max_elements);
        }
        auto const read_body = [&](std::string_view json, std::string& problem) {
            try {
                return reply_.read(reply_.object.get(), json, problem);
            } catch (...) {
                // The reply type of a program: its exception says that it could not read the body.
                problem = describe_current("the reply could not be read");
                return false;
            }
        };
        return postmark::protocol::read_api_reply(said.status, said.body, *reply_.common, read_body);
    }

    void forget_body()
    {
        api_reply const common = *reply_.common;
        reply_.reset(reply_.object.get());
        *reply_.common = common;
    }

    caller<reply_handler> handler_;
    erased_reply reply_;
    postmark::protocol::request_bytes request_;
    error_code result_;
};

} // namespace

void start_call(std::shared_ptr<engine> const& client, api_request&& request, erased_reply&& reply,
                call_options&& options, bool at_home, reply_handler&& handler)
{
    auto subject = std::make_unique<api_operation>(std::move(reply),
                                                   caller<reply_handler>{std::move(handler), at_home, client->home()});
    refusal refused = client->check(options, request.token);
    if (!refused && !request.problem.empty()) {
        refused = {errc::invalid_message, request.problem};
    }
    if (!refused) {
        if (std::string problem = postmark::protocol::target_problem(request.target); !problem.empty()) {
            refused = {errc::invalid_message, std::move(problem)};
        }
    }
    if (refused) {
        subject->fail(refused.error, refused.detail);
        return client->complete_later(std::move(subject));
    }

    subject->keep_raw = options.keep_raw;
    subject->write(
        client->setup().make_head(request.method, request.target, options, request.token, !request.body.empty()),
        request);
    auto const now = scheduler::clock::now();
    subject->terms = client->setup().terms_of(options, client->settings().timeouts.call, request.token, now);
    subject->terms.bytes = subject->memory();
    subject->terms.repeatable = request.repeatable;
    subject->reply_limit = client->settings().limits.large_reply_bytes;
    subject->reply_timeout = client->settings().timeouts.reply;

    cancel_call* const cancelled = subject->handler().when_cancelled(cancel_call{client->weak_from_this()});
    client->submit(std::move(subject), now, false, [&](scheduler::call::key place) {
        if (cancelled != nullptr) {
            cancelled->place = place;
        }
    });
}

} // namespace postmark::detail

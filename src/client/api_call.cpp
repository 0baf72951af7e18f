// SPDX-License-Identifier: BSL-1.0

#include "client/api_call.hpp"

#include "client/bound_handler.hpp"
#include "client/engine.hpp"
#include "client/failure_text.hpp"
#include "client/operation.hpp"
#include "client/reply_status.hpp"
#include "protocol/head.hpp"
#include "protocol/read_api_reply.hpp"
#include "protocol/reply_rules.hpp"
#include "protocol/request_bytes.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace postmark::detail {

namespace {

/// A call of an endpoint that takes no mail.
class api_operation final : public operation {
public:
    api_operation(erased_reply&& reply, bound_handler<reply_handler>&& handler)
        : handler_{std::move(handler)}
        , reply_{std::move(reply)}
    {
    }

    void write(std::string_view head, api_request const& request)
    {
        request_.begin(head.size() + postmark::protocol::request_bytes::length_reserve, request.body.size());
        request_.body().append(request.body);
        if (postmark::protocol::has_content_length(request.method, !request.body.empty())) {
            request_.finish(head);
        } else {
            request_.finish_without_length(head);
        }
    }

    /// Whether the body of a reply is kept.
    bool keep_raw = false;

    [[nodiscard]] std::size_t memory() const noexcept { return request_.memory(); }
    [[nodiscard]] bound_handler<reply_handler>& handler() noexcept { return handler_; }

    std::string_view prepare(postmark::protocol::request_bytes&) override { return request_.view(); }

    scheduler::reply_status interpret(transport::reply const& reply) override
    {
        using postmark::protocol::reply_class;
        reply_.reset(reply_.object.get());
        result_ = read(reply);
        if (keep_raw) {
            reply_.common->raw = reply.body;
        }
        auto found = reply_class::accepted;
        if (result_) {
            discard_body();
            if (postmark::protocol::should_wait(reply_.common->http_status, reply_.common->api_code)) {
                found = reply_class::retry_later;
            } else {
                found = result_ == condition::outcome_unknown ? reply_class::unknown : reply_class::refused;
            }
        }
        scheduler::reply_status status = reply_status_of(found, result_, reply_.common->api_code, reply);
        status.of_repeatable_call = policy.repeatable;
        return status;
    }

    void fail(errc error, std::string const& detail) override
    {
        result_ = error;
        try {
            reply_.reset(reply_.object.get());
        } catch (...) {
            // A reply type of the program threw in its constructor. The call completes with its error all the same.
        }
        reply_.common->detail = detail;
    }

    error_code result() const noexcept override { return result_; }

    void complete(std::unique_ptr<operation> self) override
    {
        bound_handler<reply_handler> handler{std::move(handler_)};
        std::shared_ptr<void> object = std::move(reply_.object);
        error_code const error = result_;
        self.reset();
        std::move(handler)(error, std::move(object));
    }

private:
    [[nodiscard]] error_code read(transport::reply const& reply)
    {
        if (reply_.description != nullptr) {
            return postmark::protocol::read_api_reply(reply.status, reply.body, *reply_.common, *reply_.description,
                                                      reply_.described, reply_.max_elements);
        }
        return postmark::protocol::read_api_reply(reply.status, reply.body, *reply_.common,
                                                  [&](std::string_view json, std::string& problem) {
                                                      try {
                                                          return reply_.read(reply_.object.get(), json, problem);
                                                      } catch (...) {
                                                          // A reply type of the program: if it throws, it could not
                                                          // read the reply.
                                                          problem = describe_current("the reply could not be read");
                                                          return false;
                                                      }
                                                  });
    }

    /// Discards a body that was read in part.
    void discard_body()
    {
        api_reply const common = *reply_.common;
        reply_.reset(reply_.object.get());
        *reply_.common = common;
    }

    bound_handler<reply_handler> handler_;
    erased_reply reply_;
    postmark::protocol::request_bytes request_;
    error_code result_;
};

input_error check_request(api_request const& request)
{
    if (!request.problem.empty()) {
        return {errc::invalid_message, request.problem};
    }
    if (std::string problem = postmark::protocol::target_problem(request.target); !problem.empty()) {
        return {errc::invalid_message, std::move(problem)};
    }
    return {};
}

} // namespace

void start_call(std::shared_ptr<engine> const& client, api_request&& request, erased_reply&& reply,
                call_options&& options, bool same_executor, reply_handler&& handler)
{
    call_setup& setup = client->setup();
    auto op = std::make_unique<api_operation>(
        std::move(reply), bound_handler<reply_handler>{std::move(handler), same_executor, client->get_executor()});
    input_error error = client->check(options, request.token);
    if (!error) {
        error = check_request(request);
    }
    if (error) {
        op->fail(error.error, error.text);
        return client->complete_later(std::move(op));
    }

    op->keep_raw = options.keep_raw;
    op->write(setup.make_head(request.method, request.target, options, request.token, !request.body.empty()), request);
    auto const now = scheduler::clock::now();
    setup.prepare(*op, call_kind::api_call, options, request.token, now);
    op->policy.bytes = op->memory();
    op->policy.repeatable = request.repeatable;
    auto& bound = op->handler();
    submit_cancellable(client, std::move(op), bound, now);
}

void complete_unsent(std::shared_ptr<engine> const& client, std::shared_ptr<void> object, bool same_executor,
                     reply_handler&& handler)
{
    client->post([bound = bound_handler<reply_handler>{std::move(handler), same_executor, client->get_executor()},
                  object = std::move(object)]() mutable { std::move(bound)(error_code{}, std::move(object)); });
}

} // namespace postmark::detail

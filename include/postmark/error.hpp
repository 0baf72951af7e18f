// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_ERROR_HPP
#define POSTMARK_ERROR_HPP

#include <postmark/error_code.hpp>
#include <postmark/receipt.hpp>

#include <boost/config.hpp>
#include <boost/system/system_error.hpp>

#include <string>
#include <vector>

namespace postmark {

// Exceptions (error codes are in error_code.hpp):
//
//   boost::system::system_error        code(); thrown with an explicit use_awaitable or use_future, by attach_file,
//   |                                  message_from_json, config::from_environment and config::from_json
//   +-- call_error                     api_code(), detail(); co_await client.async_call(...) and the other calls
//       +-- send_error                 receipt(); co_await client.async_send(...)
//       +-- batch_error                receipts(); co_await client.async_send_batch(...)

/// The exception of a call that fails, when it is awaited by `co_await` without a completion token.
///
/// `what()` holds neither addresses nor texts of the service; `detail()` may. The text about a wrong configuration is in
/// both.
class BOOST_SYMBOL_VISIBLE call_error : public boost::system::system_error {
public:
    /// \param error    what went wrong
    /// \param api_code the service's ErrorCode, 0 if it sent none
    /// \param detail   the service's text, or the cause
    call_error(postmark::error_code error, int api_code, std::string detail);

    /// The service's ErrorCode; 0 if it sent none.
    [[nodiscard]] int api_code() const noexcept { return api_code_; }

    /// The service's text, or the cause of the failure. May hold addresses.
    [[nodiscard]] std::string const& detail() const noexcept { return detail_; }

private:
    int api_code_;
    std::string detail_;
};

/// The exception of `co_await client.async_send(message)`: the error with the receipt, outcome included.
class BOOST_SYMBOL_VISIBLE send_error : public call_error {
public:
    /// \param receipt its error, ErrorCode and detail become those of the exception
    explicit send_error(postmark::receipt receipt);

    /// What is known about the message.
    [[nodiscard]] postmark::receipt const& receipt() const noexcept { return receipt_; }

private:
    postmark::receipt receipt_;
};

/// The exception of `co_await client.async_send_batch(messages)`: the error with one receipt per message, in order.
class BOOST_SYMBOL_VISIBLE batch_error : public call_error {
public:
    /// \param error    the error that the batch completed with
    /// \param receipts one per message; the detail of the first one with that error becomes `detail()`
    batch_error(postmark::error_code error, std::vector<receipt> receipts);

    /// What is known about each message, in the order of the call.
    [[nodiscard]] std::vector<receipt> const& receipts() const noexcept { return receipts_; }

private:
    std::vector<receipt> receipts_;
};

} // namespace postmark

#endif

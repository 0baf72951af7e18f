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

/// What `co_await` throws when a call fails and no token was given.
///
/// `what()` holds neither addresses nor texts of the service; `detail()` may. What is wrong with the configuration is in both.
class BOOST_SYMBOL_VISIBLE call_error : public boost::system::system_error {
public:
    /// \param error    what went wrong
    /// \param api_code Postmark's ErrorCode, 0 if it sent none
    /// \param detail   Postmark's text, or the cause
    call_error(postmark::error_code error, int api_code, std::string detail);

    /// Postmark's ErrorCode; 0 if it sent none.
    [[nodiscard]] int api_code() const noexcept { return api_code_; }

    /// Postmark's text, or the cause of the failure. May hold addresses.
    [[nodiscard]] std::string const& detail() const noexcept { return detail_; }

private:
    int api_code_;
    std::string detail_;
};

/// What `co_await client.async_send(message)` throws: the error with the receipt, outcome included.
class BOOST_SYMBOL_VISIBLE send_error : public call_error {
public:
    explicit send_error(postmark::receipt receipt);

    /// What is known about the message.
    [[nodiscard]] postmark::receipt const& receipt() const noexcept { return receipt_; }

private:
    postmark::receipt receipt_;
};

/// What `co_await client.async_send_batch(messages)` throws: the error with one receipt per message, in order.
class BOOST_SYMBOL_VISIBLE batch_error : public call_error {
public:
    /// \param error    what the batch completed with
    /// \param receipts one per message; the text of the first with that error becomes `detail()`
    batch_error(postmark::error_code error, std::vector<receipt> receipts);

    /// What is known about each message, in the order of the call.
    [[nodiscard]] std::vector<receipt> const& receipts() const noexcept { return receipts_; }

private:
    std::vector<receipt> receipts_;
};

} // namespace postmark

#endif

// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_TEST_FAULT_ROWS_HPP
#define POSTMARK_TEST_FAULT_ROWS_HPP

#include <postmark/error_code.hpp>
#include <postmark/receipt.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The outcome that each fault of the sandbox must have. The matrix and the tests of the client read the same tables.
namespace postmark::test {

/// The phase of a request in which a fault comes.
enum class phase { connection, request, status, protocol, reply, body };

/// A fault that meets a whole request.
struct fault_row {
    postmark::test::phase phase;
    std::string_view name;
    /// The action and its parameters, as in a fault script after `"do":`.
    std::string action;
    outcome single;
    /// Of each message of a batch.
    outcome batch;
    /// Whether the sandbox counts the mail as accepted.
    bool taken;
    /// The error of a single send; empty where several errors are right.
    std::optional<error_code> error{};
    /// The fault meets a connection while it is made; an established connection goes on.
    bool of_connection = false;
    /// Timing decides between `not_sent` and `unknown`: either is right.
    bool open = false;
};

/// A fault that meets single items of a batch of three.
struct item_row {
    std::string_view name;
    std::string action;
    /// The outcomes, runs of the same one as "accepted*3".
    std::string_view expected;
};

/// A fault that meets a request so large that it cannot leave whole before the fault does.
struct large_row {
    std::string_view name;
    std::string action;
    outcome expected;
    error_code error;
    /// The error instead, with the outcome unknown, should the request have left whole all the same.
    error_code if_it_left{};
};

[[nodiscard]] std::vector<fault_row> const& fault_rows();
[[nodiscard]] std::vector<item_row> const& item_rows();
[[nodiscard]] std::vector<large_row> const& large_rows();

/// Bytes of an attachment that makes a request larger than what the buffers of both ends take. The sandbox takes 50 MB
/// for a batch, and never more than 10 MB for a message.
inline constexpr std::size_t large_attachment = 7 * 1024 * 1024;

} // namespace postmark::test

#endif

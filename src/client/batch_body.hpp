// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_CLIENT_BATCH_BODY_HPP
#define POSTMARK_CLIENT_BATCH_BODY_HPP

#include "client/send_endpoint.hpp"
#include "protocol/byte_buffer.hpp"
#include "protocol/request_bytes.hpp"

#include <cstddef>
#include <string_view>

namespace postmark::detail {

/// Writes the request to a batch endpoint: an array of messages.
class batch_body {
public:
    /// Starts the request over.
    /// \param head          everything up to the length; must stay where it is until `finish`
    /// \param expected_size bytes of the messages together, commas included; more costs a reallocation
    batch_body(protocol::request_bytes& request, send_endpoint endpoint, std::string_view head,
               std::size_t expected_size);

    /// Bytes of the body so far.
    [[nodiscard]] std::size_t size() const noexcept { return request_.body_view().size(); }

    /// Appends one message, or several that are separated by commas.
    void append(std::string_view json);
    /// Appends one message, which `write(byte_buffer&)` writes.
    template <class Write>
    void append_with(Write write)
    {
        write(begin_item());
    }

    /// Removes the message that was appended last.
    void remove_last();

    /// Closes the array and writes the head.
    void finish();

    /// Where the first message begins in the body.
    [[nodiscard]] static std::size_t first_begin(send_endpoint endpoint) noexcept;

private:
    protocol::byte_buffer& begin_item();

    protocol::request_bytes& request_;
    send_endpoint endpoint_;
    std::string_view head_;
    /// Size of the whole buffer before the last message and its comma.
    std::size_t before_last_ = 0;
    bool empty_ = true;
};

} // namespace postmark::detail

#endif

// SPDX-License-Identifier: BSL-1.0

#ifndef POSTMARK_SANDBOX_CERTIFICATES_HPP
#define POSTMARK_SANDBOX_CERTIFICATES_HPP

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <vector>

namespace postmark::sandbox::detail {

struct context_deleter {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using context_pointer = std::unique_ptr<SSL_CTX, context_deleter>;

/// The context of a TLS server, and the authority that its clients must trust.
struct server_identity {
    context_pointer context;
    std::string authority_pem;
};

struct identity_options {
    std::vector<std::string> names;
    bool tls12_only{false};
    bool expired{false};
};

/// Makes an authority, a certificate signed by it, and a context that serves it. Throws `std::runtime_error`.
[[nodiscard]] server_identity make_identity(identity_options const& options);

/// A file with the certificate of the authority. A temporary one is removed with the object.
class authority_file {
public:
    authority_file() = default;
    authority_file(std::string path, std::string const& content);
    authority_file(authority_file&&) = delete;
    ~authority_file();

    [[nodiscard]] std::string const& path() const { return path_; }

private:
    std::string path_;
    bool temporary_{false};
};

} // namespace postmark::sandbox::detail

#endif

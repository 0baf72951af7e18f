// SPDX-License-Identifier: BSL-1.0

#include "transport/trust_store.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

namespace postmark::transport {

namespace {

namespace fs = std::filesystem;

/// The bundles of the distributions, for an OpenSSL that was built for another one.
constexpr std::array known_bundles{
    "/etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Arch, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora, RHEL
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // RHEL, CentOS
    "/etc/ssl/ca-bundle.pem",                            // openSUSE
    "/etc/ssl/cert.pem",                                 // Alpine, BSD, macOS
    "/usr/local/share/certs/ca-root-nss.crt",            // FreeBSD
    "/var/lib/ca-certificates/ca-bundle.pem",            // openSUSE
};

/// Empty in a program that runs with another user's rights (set-user-ID): its caller must not choose the certificates
/// that it trusts.
std::string environment(char const* name)
{
#ifdef __GLIBC__
    char const* const value = ::secure_getenv(name);
#else
    char const* const value = std::getenv(name);
#endif
    return value == nullptr ? std::string{} : std::string{value};
}

/// \return how many certificates the file gave the store
std::size_t load_file(X509_STORE& store, std::string const& file)
{
    auto const count = [&] {
        auto const* objects = X509_STORE_get0_objects(&store);
        return objects == nullptr ? std::size_t{0} : static_cast<std::size_t>(sk_X509_OBJECT_num(objects));
    };
    std::size_t const before = count();
    bool const loaded = X509_STORE_load_file(&store, file.c_str()) == 1;
    ERR_clear_error();
    // A certificate that was there already counts as found.
    return loaded ? std::max<std::size_t>(count() - before, 1) : 0;
}

/// Whether a directory holds certificates by the hash names that OpenSSL looks them up with.
bool holds_certificates(std::string const& directory)
{
    std::error_code error;
    fs::directory_iterator entry{directory, error};
    for (; !error && entry != fs::directory_iterator{}; entry.increment(error)) {
        std::string const name = entry->path().filename().string();
        if (name.size() >= 10 && name[8] == '.' && std::all_of(name.begin(), name.begin() + 8, [](char letter) {
                return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'f');
            })) {
            return true;
        }
    }
    return false;
}

/// Loads anchors, and remembers where it looked for them.
class anchor_search {
public:
    explicit anchor_search(X509_STORE& store)
        : store_{store}
    {
    }

    bool file(std::string const& name)
    {
        if (name.empty()) {
            return false;
        }
        locations_.push_back(name);
        return load_file(store_, name) != 0;
    }

    /// \param list directories separated by colons, as OpenSSL takes them
    bool directories(std::string_view list)
    {
        bool found = false;
        while (!list.empty()) {
            auto const end = list.find(':');
            std::string const directory{list.substr(0, end)};
            list.remove_prefix(end == std::string_view::npos ? list.size() : end + 1);
            if (directory.empty()) {
                continue;
            }
            locations_.push_back(directory);
            if (holds_certificates(directory) && X509_STORE_load_path(&store_, directory.c_str()) == 1) {
                found = true;
            }
        }
        ERR_clear_error();
        return found;
    }

    [[nodiscard]] std::string locations() const
    {
        std::string list;
        for (std::string const& location : locations_) {
            list += (list.empty() ? "" : ", ") + location;
        }
        return list;
    }

private:
    X509_STORE& store_;
    std::vector<std::string> locations_;
};

/// OpenSSL reads a certificate's extensions when it first needs them, and caches them in the certificate. That is done
/// here, while only one thread uses the store.
void read_extensions(X509_STORE& store)
{
    auto* const objects = X509_STORE_get0_objects(&store);
    for (int index = 0; index < sk_X509_OBJECT_num(objects); ++index) {
        if (X509* const certificate = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, index))) {
            X509_check_purpose(certificate, -1, 0);
        }
    }
    ERR_clear_error();
}

} // namespace

std::optional<tls_problem> load_trust(SSL_CTX& context, std::string const& ca_file)
{
    X509_STORE& store = *SSL_CTX_get_cert_store(&context);
    anchor_search search{store};

    // A certificate that is named here is trusted as it is, also if it is an intermediate certificate.
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(&context), X509_V_FLAG_PARTIAL_CHAIN);

    bool const extra = search.file(ca_file);
    if (!ca_file.empty() && !extra) {
        return tls_problem{errc::invalid_configuration,
                           "tls.ca_file: '" + ca_file + "' is not a readable PEM file with certificates"};
    }

    std::string const file = environment("SSL_CERT_FILE");
    std::string const directories = environment("SSL_CERT_DIR");
    bool found = false;
    if (!file.empty() || !directories.empty()) {
        // The user has chosen: nothing else is trusted in their place.
        found = search.file(file);
        found = search.directories(directories) || found;
    } else {
        found = search.file(X509_get_default_cert_file());
        found = search.directories(X509_get_default_cert_dir()) || found;
        for (auto bundle = known_bundles.begin(); !found && bundle != known_bundles.end(); ++bundle) {
            found = search.file(*bundle);
        }
    }
    read_extensions(store);
    if (!found && !extra) {
        return tls_problem{errc::no_trust_anchors, "no trusted certificate in: " + search.locations()};
    }
    return std::nullopt;
}

} // namespace postmark::transport

// SPDX-License-Identifier: BSL-1.0

#include "sandbox/certificates.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <unistd.h>

namespace postmark::sandbox::detail {
namespace {

struct key_deleter {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using key_pointer = std::unique_ptr<EVP_PKEY, key_deleter>;

struct certificate_deleter {
    void operator()(X509* certificate) const { X509_free(certificate); }
};
using certificate_pointer = std::unique_ptr<X509, certificate_deleter>;

[[noreturn]] void fail(std::string const& purpose)
{
    char reason[256] = "unknown reason";
    if (auto const code = ERR_get_error()) {
        ERR_error_string_n(code, reason, sizeof reason);
    }
    ERR_clear_error();
    throw std::runtime_error("sandbox: cannot " + purpose + ": " + reason);
}

void require(bool success, char const* purpose)
{
    if (!success) {
        fail(purpose);
    }
}

key_pointer make_key()
{
    key_pointer key{EVP_EC_gen("P-256")};
    require(key != nullptr, "make a key");
    return key;
}

void add_extension(X509* certificate, X509* issuer, int kind, std::string const& value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
    require(extension != nullptr, "make a certificate extension");
    int const added = X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    require(added == 1, "add a certificate extension");
}

constexpr long day = 24L * 60 * 60;

certificate_pointer make_certificate(EVP_PKEY* key, char const* name, long from, long until)
{
    certificate_pointer certificate{X509_new()};
    require(certificate != nullptr, "make a certificate");
    X509* raw = certificate.get();
    X509_set_version(raw, X509_VERSION_3);
    std::uint64_t serial = 0;
    require(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1, "get random bytes");
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(raw), serial >> 1);
    X509_gmtime_adj(X509_getm_notBefore(raw), from);
    X509_gmtime_adj(X509_getm_notAfter(raw), until);
    require(X509_set_pubkey(raw, key) == 1, "set the key of a certificate");
    require(X509_NAME_add_entry_by_txt(X509_get_subject_name(raw), "CN", MBSTRING_UTF8,
                                       reinterpret_cast<unsigned char const*>(name), -1, -1, 0) == 1,
            "name a certificate");
    return certificate;
}

std::string alternative_names(std::vector<std::string> const& names)
{
    std::string result;
    for (auto const& name : names) {
        unsigned char scratch[16];
        bool const numeric =
            inet_pton(AF_INET, name.c_str(), scratch) == 1 || inet_pton(AF_INET6, name.c_str(), scratch) == 1;
        if (!result.empty()) {
            result += ',';
        }
        result += (numeric ? "IP:" : "DNS:") + name;
    }
    return result;
}

std::string to_pem(X509* certificate)
{
    std::unique_ptr<BIO, int (*)(BIO*)> memory{BIO_new(BIO_s_mem()), &BIO_free};
    require(memory && PEM_write_bio_X509(memory.get(), certificate) == 1, "write a certificate");
    char* data = nullptr;
    long const size = BIO_get_mem_data(memory.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

} // namespace

server_identity make_identity(identity_options const& options)
{
    key_pointer const authority_key = make_key();
    // Each run has its own name: a trust store that holds several of these authorities must not confuse them.
    unsigned char number[4];
    require(RAND_bytes(number, sizeof number) == 1, "get random bytes");
    char name[64];
    std::snprintf(name, sizeof name, "postmark sandbox authority %02x%02x%02x%02x", number[0], number[1], number[2],
                  number[3]);
    certificate_pointer const authority = make_certificate(authority_key.get(), name, -2 * day, 365 * day);
    X509_set_issuer_name(authority.get(), X509_get_subject_name(authority.get()));
    add_extension(authority.get(), authority.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    add_extension(authority.get(), authority.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(authority.get(), authority.get(), NID_subject_key_identifier, "hash");
    require(X509_sign(authority.get(), authority_key.get(), EVP_sha256()) > 0, "sign a certificate");

    key_pointer const server_key = make_key();
    certificate_pointer const certificate =
        make_certificate(server_key.get(), "postmark sandbox", -2 * day, options.expired ? -day : 90 * day);
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(authority.get()));
    add_extension(certificate.get(), authority.get(), NID_basic_constraints, "critical,CA:FALSE");
    add_extension(certificate.get(), authority.get(), NID_key_usage, "critical,digitalSignature");
    add_extension(certificate.get(), authority.get(), NID_ext_key_usage, "serverAuth");
    add_extension(certificate.get(), authority.get(), NID_authority_key_identifier, "keyid");
    if (!options.names.empty()) {
        add_extension(certificate.get(), authority.get(), NID_subject_alt_name, alternative_names(options.names));
    }
    require(X509_sign(certificate.get(), authority_key.get(), EVP_sha256()) > 0, "sign a certificate");

    context_pointer context{SSL_CTX_new(TLS_server_method())};
    require(context != nullptr, "make a TLS context");
    SSL_CTX* raw = context.get();
    require(SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION) == 1, "set the TLS version");
    if (options.tls12_only) {
        require(SSL_CTX_set_max_proto_version(raw, TLS1_2_VERSION) == 1, "set the TLS version");
    }
    require(SSL_CTX_use_certificate(raw, certificate.get()) == 1, "use the certificate");
    require(SSL_CTX_use_PrivateKey(raw, server_key.get()) == 1, "use the key");
    SSL_CTX_set_mode(raw,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    // Sessions are resumed by tickets only, so that none are stored here.
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
    constexpr unsigned char session_context[] = "postmark-sandbox";
    SSL_CTX_set_session_id_context(raw, session_context, sizeof session_context - 1);
    SSL_CTX_set_read_ahead(raw, 1);
    return {std::move(context), to_pem(authority.get())};
}

authority_file::authority_file(std::string path, std::string const& content)
    : path_{std::move(path)}
{
    if (!path_.empty()) {
        std::ofstream file{path_, std::ios::binary | std::ios::trunc};
        file << content;
        file.flush();
        if (!file) {
            throw std::runtime_error("sandbox: cannot write the certificate to " + path_ + ": " + std::strerror(errno));
        }
        return;
    }
    path_ = (std::filesystem::temp_directory_path() / "postmark-sandbox-XXXXXX").string();
    int const file = ::mkstemp(path_.data());
    if (file < 0) {
        throw std::runtime_error("sandbox: cannot make a temporary file: " + std::string{std::strerror(errno)});
    }
    temporary_ = true;
    auto const written = ::write(file, content.data(), content.size());
    ::close(file);
    if (written != static_cast<ssize_t>(content.size())) {
        ::unlink(path_.c_str());
        throw std::runtime_error("sandbox: cannot write the certificate to " + path_);
    }
}

authority_file::~authority_file()
{
    if (temporary_) {
        ::unlink(path_.c_str());
    }
}

} // namespace postmark::sandbox::detail

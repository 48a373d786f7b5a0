#include "front/tls.h"

#include <array>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/file.h"
#include "sys/named_file.h"

namespace posada::front {
namespace {

// Forward secrecy and authenticated encryption only.
constexpr const char* ciphers_tls12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* ciphers_tls13 =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr std::array<unsigned char, 6> session_context{'p', 'o', 's', 'a', 'd', 'a'};

Error tls_error(const std::string& action) {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  ERR_clear_error();
  return Error::failed("tls.failed", action + ": " + text.data(), {{"action", action}});
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_length,
                    const unsigned char* in, unsigned int in_length, void*) {
  static constexpr std::array<unsigned char, 9> ours{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* chosen = nullptr;
  int result = SSL_select_next_proto(&chosen, out_length, ours.data(), ours.size(), in, in_length);
  *out = chosen;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

bool chain_is_trusted(SSL_CTX* context) {
  X509_STORE* roots = X509_STORE_new();
  X509_STORE_CTX* check = X509_STORE_CTX_new();
  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_get0_chain_certs(context, &chain);
  bool trusted = roots && check && X509_STORE_set_default_paths(roots) == 1 &&
                 X509_STORE_CTX_init(check, roots, SSL_CTX_get0_certificate(context), chain) == 1 &&
                 X509_verify_cert(check) == 1;
  X509_STORE_CTX_free(check);
  X509_STORE_free(roots);
  ERR_clear_error();
  return trusted;
}

struct Release {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
template <class T>
using Owned = std::unique_ptr<T, Release>;

Owned<BIO> reader_of(const std::string& text) {
  return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// The server's own certificate and those that lead to its issuer, in the order of the text.
bool use_chain(SSL_CTX* context, const std::string& text) {
  const Owned<BIO> reader = reader_of(text);
  const Owned<X509> own(PEM_read_bio_X509_AUX(reader.get(), nullptr, nullptr, nullptr));
  if (!own || SSL_CTX_use_certificate(context, own.get()) != 1) return false;
  while (const Owned<X509> next{PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr)}) {
    if (SSL_CTX_add1_chain_cert(context, next.get()) != 1) return false;
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (at_end) ERR_clear_error();
  return at_end;
}

int no_password(char*, int, int, void*) {
  return 0;  // nobody is there to be asked
}

bool use_key(SSL_CTX* context, const std::string& text) {
  const Owned<BIO> reader = reader_of(text);
  const Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(reader.get(), nullptr, no_password, nullptr));
  return key && SSL_CTX_use_PrivateKey(context, key.get()) == 1;
}

}  // namespace

std::string TlsContext::File::read() const {
  if (::lseek(descriptor.get(), 0, SEEK_SET) != 0) sys::throw_errno("reading " + path);
  return sys::read_descriptor(descriptor);
}

std::shared_ptr<SSL_CTX> TlsContext::make_context() const {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) throw tls_error("preparing TLS");
  SSL_CTX* raw = context.get();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_options(raw, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF |
                               SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                            SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(raw, 1);  // one read for a record's head and body
  // Tickets carry sessions; nothing is kept here.
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(raw, 1);
  SSL_CTX_set_session_id_context(raw, session_context.data(), session_context.size());
  SSL_CTX_set_alpn_select_cb(raw, choose_protocol, nullptr);
  if (SSL_CTX_set_cipher_list(raw, ciphers_tls12) != 1 ||
      SSL_CTX_set_ciphersuites(raw, ciphers_tls13) != 1) {
    throw tls_error("choosing ciphers");
  }
  if (!use_chain(raw, certificate_.read())) {
    throw tls_error("reading certificate " + certificate_.path);
  }
  if (!use_key(raw, key_.read())) throw tls_error("reading key " + key_.path);
  if (SSL_CTX_check_private_key(raw) != 1) {
    throw tls_error("certificate " + certificate_.path + " and key " + key_.path +
                    " do not belong together");
  }
  return context;
}

TlsContext::TlsContext(const std::string& certificate_path, const std::string& key_path)
    : certificate_{certificate_path, sys::open_for_reading(certificate_path)},
      key_{key_path, sys::open_for_reading(key_path)} {
  reload();
}

void TlsContext::reload() {
  std::shared_ptr<SSL_CTX> fresh = make_context();
  publicly_trusted_ = chain_is_trusted(fresh.get());
  context_ = std::move(fresh);
}

ssl_st* TlsContext::new_session() const {
  SSL* session = SSL_new(context_.get());
  if (!session) throw tls_error("beginning a TLS session");
  return session;
}

}  // namespace posada::front

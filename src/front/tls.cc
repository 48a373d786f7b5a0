#include "front/tls.h"

#include <array>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "base/error.h"

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

std::shared_ptr<SSL_CTX> make_context(const std::string& certificate, const std::string& key) {
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
  if (SSL_CTX_use_certificate_chain_file(raw, certificate.c_str()) != 1) {
    throw tls_error("reading certificate " + certificate);
  }
  if (SSL_CTX_use_PrivateKey_file(raw, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    throw tls_error("reading key " + key);
  }
  if (SSL_CTX_check_private_key(raw) != 1) {
    throw tls_error("certificate " + certificate + " and key " + key + " do not belong together");
  }
  return context;
}

}  // namespace

TlsContext::TlsContext(std::string certificate_path, std::string key_path)
    : certificate_path_(std::move(certificate_path)), key_path_(std::move(key_path)) {
  reload();
}

void TlsContext::reload() {
  std::shared_ptr<SSL_CTX> fresh = make_context(certificate_path_, key_path_);
  publicly_trusted_ = chain_is_trusted(fresh.get());
  context_ = std::move(fresh);
}

ssl_st* TlsContext::new_session() const {
  SSL* session = SSL_new(context_.get());
  if (!session) throw tls_error("beginning a TLS session");
  return session;
}

}  // namespace posada::front

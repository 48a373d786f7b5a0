#include "host/certificate.h"

#include <array>
#include <ctime>
#include <memory>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/error.h"
#include "base/text.h"

namespace posada::host {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
  void operator()(char* text) const { OPENSSL_free(text); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

std::string one_line(const X509_NAME* name) {
  const Owned<char> text(X509_NAME_oneline(name, nullptr, 0));
  return text ? text.get() : "";
}

std::int64_t seconds_of(const ASN1_TIME* time) {
  std::tm broken{};
  if (ASN1_TIME_to_tm(time, &broken) != 1) return 0;
  return ::timegm(&broken);
}

std::string fingerprint_of(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &length) != 1) return {};
  std::string text;
  for (unsigned i = 0; i < length; ++i) {
    if (i > 0) text += ':';
    text += upper(hex(std::string_view(reinterpret_cast<const char*>(&digest[i]), 1)));
  }
  return text;
}

// An address the way clients know it: IPv6 in full.
std::string address_text(const ASN1_OCTET_STRING* address) {
  const unsigned char* bytes = ASN1_STRING_get0_data(address);
  const int length = ASN1_STRING_length(address);
  std::string text;
  if (length == 4) {
    for (int i = 0; i < 4; ++i) text += (i > 0 ? "." : "") + std::to_string(bytes[i]);
  }
  for (int i = 0; length == 16 && i < 16; i += 2) {
    if (i > 0) text += ':';
    text += hex(std::string_view(reinterpret_cast<const char*>(bytes + i), 2));
  }
  return text;
}

std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> result;
  const Owned<GENERAL_NAMES> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) {
      result.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                          static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
    } else if (name->type == GEN_IPADD) {
      result.push_back(address_text(name->d.iPAddress));
    }
  }
  return result;
}

Owned<BIO> reader_of(std::string_view text) {
  return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string written(const Owned<BIO>& bio) {
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(length));
}

std::string pem_of(X509* certificate) {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_X509(bio.get(), certificate) != 1) return {};
  return written(bio);
}

std::string pem_of(const EVP_PKEY* key) {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  if (!bio ||
      PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return {};
  }
  return written(bio);
}

// In the order of the text; empty when one is malformed or none is there.
std::vector<Owned<X509>> parse_certificates(std::string_view pem) {
  const Owned<BIO> bio = reader_of(pem);
  std::vector<Owned<X509>> result;
  while (Owned<X509> certificate{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    result.push_back(std::move(certificate));
  }
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) result.clear();
  ERR_clear_error();
  return result;
}

int no_password(char*, int, int, void*) {
  return 0;  // nobody is there to be asked
}

// As strong as the TLS library's usual level wants them: RSA of 2048 bits, SHA-256.
constexpr int least_security_bits = 112;

bool is_strong(X509* certificate) {
  if (EVP_PKEY_get_security_bits(X509_get0_pubkey(certificate)) < least_security_bits) return false;
  int bits = 0;
  const bool self_signed = (X509_get_extension_flags(certificate) & EXFLAG_SS) != 0;
  return self_signed ||
         (X509_get_signature_info(certificate, nullptr, nullptr, &bits, nullptr) == 1 &&
          bits >= least_security_bits);
}

CertificateFacts facts_of(X509* certificate) {
  CertificateFacts facts;
  facts.subject = one_line(X509_get_subject_name(certificate));
  facts.issuer = one_line(X509_get_issuer_name(certificate));
  facts.not_before = seconds_of(X509_get0_notBefore(certificate));
  facts.not_after = seconds_of(X509_get0_notAfter(certificate));
  facts.fingerprint = fingerprint_of(certificate);
  const EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key != nullptr) {
    facts.key_bits = EVP_PKEY_get_bits(key);
    facts.key_type = OBJ_nid2ln(EVP_PKEY_get_base_id(key));
  }
  facts.names = names_of(certificate);
  facts.pem = pem_of(certificate);
  return facts;
}

}  // namespace

std::vector<CertificateFacts> read_certificates(std::string_view pem) {
  std::vector<CertificateFacts> result;
  for (const Owned<X509>& certificate : parse_certificates(pem)) {
    result.push_back(facts_of(certificate.get()));
  }
  if (result.empty()) {
    throw Error::failed("host.certificate", "the text holds no certificate in PEM form");
  }
  return result;
}

std::string server_pem(std::string_view chain, std::string_view key_text) {
  const std::vector<Owned<X509>> certificates = parse_certificates(chain);
  if (certificates.empty()) {
    throw Error::parameter("certificates", "a certificate in it is malformed");
  }
  const Owned<BIO> reader = reader_of(key_text);
  const Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(reader.get(), nullptr, no_password, nullptr));
  const bool locked = !key && key_text.find("ENCRYPTED") != std::string_view::npos;
  ERR_clear_error();
  if (!key) {
    throw Error::parameter("key", locked ? "the key has a password; upload it without one"
                                         : "this is no private key in PEM form");
  }
  const bool belongs = X509_check_private_key(certificates.front().get(), key.get()) == 1;
  ERR_clear_error();
  if (!belongs) {
    throw Error::parameter("key",
                           "it does not belong to the first certificate, which is the "
                           "server's own; those that lead to its issuer follow");
  }
  std::string text = pem_of(key.get());
  for (const Owned<X509>& certificate : certificates) {
    if (!is_strong(certificate.get())) {
      throw Error::parameter("certificates",
                             one_line(X509_get_subject_name(certificate.get())) +
                                 " has a weak key or signature, which clients refuse; use RSA from "
                                 "2048 bits or a curve such as P-256, and SHA-256");
    }
    text += pem_of(certificate.get());
  }
  return text;
}

}  // namespace posada::host

#include "host/certificate.h"

#include <array>
#include <ctime>
#include <memory>

#include <openssl/bio.h>
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

std::string pem_of(X509* certificate) {
  const Owned<BIO> bio(BIO_new(BIO_s_mem()));
  char* data = nullptr;
  if (!bio || PEM_write_bio_X509(bio.get(), certificate) != 1) return {};
  const long length = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(length));
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
  const Owned<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  std::vector<CertificateFacts> result;
  while (const Owned<X509> certificate{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
    result.push_back(facts_of(certificate.get()));
  }
  if (result.empty()) {
    throw Error::failed("host.certificate", "the text holds no certificate in PEM form");
  }
  return result;
}

}  // namespace posada::host

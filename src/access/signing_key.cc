#include "access/signing_key.h"

#include <memory>
#include <stdexcept>

#include <openssl/evp.h>

#include "base/digest.h"

namespace posada::access {
namespace {

constexpr std::size_t seed_bytes = 32;
constexpr std::size_t signature_bytes = 64;
constexpr std::size_t id_bytes = 4;

using PrivateKey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

PrivateKey load(std::string_view seed) {
  if (seed.size() != seed_bytes) throw std::invalid_argument("an Ed25519 seed has 32 bytes");
  PrivateKey key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(seed), seed.size()),
      &EVP_PKEY_free);
  if (!key) throw std::runtime_error("OpenSSL does not take the Ed25519 key");
  return key;
}

}  // namespace

SigningKey make_signing_key(std::string seed, std::int64_t created) {
  const PrivateKey key = load(seed);
  std::string public_key(32, '\0');
  std::size_t size = public_key.size();
  if (EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(public_key.data()),
                                  &size) != 1) {
    throw std::runtime_error("OpenSSL cannot derive the Ed25519 public key");
  }
  return {sha256(public_key).substr(0, id_bytes), std::move(seed), created};
}

std::string sign(const SigningKey& key, std::string_view text) {
  const PrivateKey loaded = load(key.seed);
  const DigestContext context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  std::string signature(signature_bytes, '\0');
  std::size_t size = signature.size();
  if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, loaded.get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     bytes_of(text), text.size()) != 1) {
    throw std::runtime_error("OpenSSL cannot sign");
  }
  return signature;
}

bool verify(const SigningKey& key, std::string_view text, std::string_view signature) {
  const PrivateKey loaded = load(key.seed);
  const DigestContext context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  if (!context ||
      EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, loaded.get()) != 1) {
    throw std::runtime_error("OpenSSL cannot verify");
  }
  return EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(text),
                          text.size()) == 1;
}

}  // namespace posada::access

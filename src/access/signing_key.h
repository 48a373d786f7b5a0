// Ed25519 keys that tickets are signed with.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace posada::access {

// A private key as it lies in the store's private tree. `id` is the first four bytes of the public
// key's SHA-256 and travels in every signature, so that a verifier knows which key made it.
struct SigningKey {
  std::string id;            // 4 bytes
  std::string seed;          // 32 bytes
  std::int64_t created = 0;  // Unix time
  bool operator==(const SigningKey&) const = default;
};

SigningKey make_signing_key(std::string seed, std::int64_t created);
// 64 bytes.
std::string sign(const SigningKey& key, std::string_view text);
bool verify(const SigningKey& key, std::string_view text, std::string_view signature);

}  // namespace posada::access

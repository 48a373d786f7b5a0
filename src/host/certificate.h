// What a certificate says about itself, and whether a server may use it (OpenSSL). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace posada::host {

struct CertificateFacts {
  std::string subject, issuer;  // "/CN=node1"
  std::int64_t not_before = 0, not_after = 0;
  std::string fingerprint;  // SHA-256, upper hex with colons
  std::string key_type;     // "rsaEncryption", "id-ecPublicKey"
  int key_bits = 0;
  std::vector<std::string> names;  // DNS names and addresses it is for
  std::string pem;
};

// The certificates of a PEM text, in its order. Throws Error for one that is malformed.
std::vector<CertificateFacts> read_certificates(std::string_view pem);

// What a server reads: the key out of `key`, then the chain, the server's own certificate first.
// Throws Error for the parameter `certificates` or `key` when one cannot be read or is too weak for
// today's clients, or when they do not belong together.
std::string server_pem(std::string_view chain, std::string_view key);

}  // namespace posada::host

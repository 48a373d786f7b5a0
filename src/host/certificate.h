// What a certificate says about itself (OpenSSL). Pure.
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

}  // namespace posada::host

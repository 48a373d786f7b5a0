#include "sys/password.h"

#include <crypt.h>

#include "base/error.h"
#include "sys/file.h"

namespace posada::sys {

std::string shadow_hash(const std::string& password) {
  char salt[CRYPT_GENSALT_OUTPUT_SIZE];
  const std::string random = random_bytes(24);
  if (!crypt_gensalt_rn("$6$", 0, random.data(), static_cast<int>(random.size()), salt,
                        sizeof salt)) {
    throw Error::failed("sys.password", "cannot make a salt for the password");
  }
  crypt_data data{};
  const char* hash = crypt_r(password.c_str(), salt, &data);
  if (!hash || hash[0] == '*') throw Error::failed("sys.password", "cannot hash the password");
  return hash;
}

}  // namespace posada::sys

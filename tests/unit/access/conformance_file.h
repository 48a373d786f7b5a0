// The conformance cases, where the machine has them: tests that need them are skipped otherwise.
#pragma once

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "base/json.h"

namespace posada::test {

// From $POSADA_CONFORMANCE, or from ../shared/conformance beside the clone.
inline std::optional<json::value> conformance(const std::string& name) {
  std::string folder = std::string(POSADA_SOURCE_DIR) + "/../shared/conformance";
  if (const char* set = std::getenv("POSADA_CONFORMANCE")) folder = set;
  std::ifstream file(folder + "/" + name);
  if (!file) return std::nullopt;
  return json::parse(std::string(std::istreambuf_iterator<char>(file), {}));
}

}  // namespace posada::test

// The conformance cases beside the source tree; a test is skipped, by name, where they are absent.
#pragma once

#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "base/json.h"
#include "support/source.h"

namespace posada::testing {

inline std::optional<json::value> conformance(const std::string& name) {
  std::ifstream file(source_folder().parent_path() / "shared/conformance" / (name + ".json"));
  if (!file) {
    return std::nullopt;
  }
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return json::parse(text);
}

}  // namespace posada::testing

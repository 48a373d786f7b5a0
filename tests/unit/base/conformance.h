// Cases of ../shared/conformance for data-driven tests.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "base/json.h"

namespace posada {

inline std::optional<json::object> conformance_file(const std::string& name) {
  std::filesystem::path path =
      std::filesystem::path(POSADA_SOURCE_DIR).parent_path() / "shared" / name;
  std::ifstream file(path);
  if (!file) return std::nullopt;
  std::string text{std::istreambuf_iterator<char>(file), {}};
  return json::parse(text).as_object();
}

}  // namespace posada

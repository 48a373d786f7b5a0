// Where the source tree is: for tests that read its files or run its tools.
#pragma once

#include <filesystem>

namespace posada::testing {

std::filesystem::path source_folder();

}  // namespace posada::testing

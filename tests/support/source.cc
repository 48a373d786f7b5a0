#include "support/source.h"

namespace posada::testing {

std::filesystem::path source_folder() {
  return POSADA_SOURCE_DIR;
}

}  // namespace posada::testing

// The tables of the SQLite backend and the ordered steps that lead to them. Steps only go forward:
// a file of a newer program is refused, and nothing in it is touched.
#pragma once

#include <cstdint>
#include <vector>

#include "store/sqlite/database.h"

namespace posada::store {

struct Migration {
  std::uint64_t to;  // the layout version that the step reaches
  const char* sql;
};

const std::vector<Migration>& migrations();

// Brings the file to the newest layout, each step in an SQL transaction of its own together with
// its version number. Throws Error `store.newer` when the file is of a newer program.
void migrate(Database& database, const std::vector<Migration>& steps = migrations());

}  // namespace posada::store

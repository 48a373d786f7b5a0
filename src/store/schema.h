// The version of what the store holds (its keys and grammars), whatever the backend: key `schema`.
// Steps run in order, each once, and only go forward. A store of a newer program is refused.
#pragma once

#include <functional>
#include <vector>

#include "store/mirror.h"

namespace posada::store {

struct SchemaStep {
  std::uint64_t to;
  // Must be harmless when it runs twice: a crash can come between it and the new version number.
  std::function<sys::Async<void>(Mirror&)> run;
};

// The steps of this program; the first version has none.
const std::vector<SchemaStep>& schema_steps();

// After the mirror's start, before anything else reads it. Throws Error `store.newer`.
sys::Async<void> upgrade_schema(Mirror& mirror,
                                const std::vector<SchemaStep>& steps = schema_steps());

}  // namespace posada::store

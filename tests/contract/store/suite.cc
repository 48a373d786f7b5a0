// Runs every StoreContract test on every backend.
#include "contract/store/backend.h"

namespace posada::store::testing {

INSTANTIATE_TEST_SUITE_P(backends, StoreContract, ::testing::ValuesIn(backend_kinds()),
                         [](const auto& info) { return info.param.name; });

}  // namespace posada::store::testing

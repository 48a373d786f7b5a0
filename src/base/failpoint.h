// Named points between the steps of work that changes the world. A test arms one by the
// environment of the process: POSADA_FAILPOINTS="vm.create.allocated=kill;storage.upload=error",
// optionally with the pass at which it fires ("…=kill@3"). Unarmed, a point costs one comparison.
//
// `kill` ends the process at once, as a power cut would; `error` throws Error "failpoint NAME".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace posada {

void failpoint(std::string_view name);
// The names passed so far by this process, for tests that walk all of them.
std::vector<std::string> failpoints_seen();

}  // namespace posada

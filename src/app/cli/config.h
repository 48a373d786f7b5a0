// `posada config ls|get|put|edit|export|import`: the configuration texts of the cluster.
#pragma once

#include <string>
#include <vector>

namespace posada::app {

int run_config(const std::vector<std::string>& words);

}  // namespace posada::app

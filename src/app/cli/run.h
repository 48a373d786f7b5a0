// Runs one command of a family (`qm start 100 --timeout 5`) through the API.
#pragma once

#include <string>
#include <vector>

#include "app/cli/client.h"
#include "app/cli/families.h"

namespace posada::app {

// Words to parameters of the method: positional ones in order, `--name value`, `--name=value`, and
// `--flag` alone for booleans. Throws Error naming the word that is wrong.
json::object parse_words(const api::Method& method, const std::vector<std::string_view>& positional,
                         const std::vector<std::string>& words);
// The method's path with the parameters that stand in it taken out of `parameters`.
std::vector<std::string> fill_path(std::string_view path, json::object& parameters);

int run_family(const std::string& family, const std::vector<std::string>& words);
// `pvesh get|create|set|delete|ls|usage PATH …`
int run_pvesh(const std::vector<std::string>& words);

}  // namespace posada::app

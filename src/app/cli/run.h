// Runs one command of a family (`qm start 100 --timeout 5`) through the API.
//
// Exit status: 0 when it went well; 255 for whatever went wrong, as in the field (a wrong word, a
// refusal, a task that failed); 130 when a person stopped watching a task; the program's own for
// `pct exec` and `pct enter`. What a command answers is on standard output, a task's log too; what
// went wrong is on standard error.
#pragma once

#include <string>
#include <vector>

namespace posada::app {

constexpr int exit_failure = 255;
constexpr int exit_left = 130;

int run_family(const std::string& family, const std::vector<std::string>& words);
// `pvesh get|create|set|delete|ls|usage PATH …`
int run_pvesh(const std::vector<std::string>& words);
// The words that may come next, one a line: what `posada completion bash` asks for.
int run_complete(const std::vector<std::string>& words);
// `posada completion bash`
int run_completion(const std::vector<std::string>& words);

}  // namespace posada::app

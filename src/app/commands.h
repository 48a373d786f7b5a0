// The words of the command line.
#pragma once

#include <string>
#include <vector>

namespace posada::app {

// `words[0]` is the program's name. Answers the exit status; throws Error for what went wrong.
int run_command(std::vector<std::string> words);

// `posada serve [--root DIR] [--node NAME] [--address A] [--port N]`
int serve(const std::vector<std::string>& words);
// `posada down [--root DIR] [--yes]`
int down(const std::string& root, bool yes);
// `posada api list [--json]`: what the router knows.
int api_command(const std::vector<std::string>& words);

}  // namespace posada::app

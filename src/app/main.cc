// posada: the daemon and the command line. Which of the two, and which family of commands, the
// first word says, or the name under which the program was called (`qm`, `pct`, `pvesh` …).
#include <cstdio>
#include <exception>

#include "app/commands.h"
#include "base/error.h"

int main(int count, char** arguments) {
  std::vector<std::string> words(arguments, arguments + count);
  try {
    return posada::app::run_command(std::move(words));
  } catch (const posada::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    for (const auto& [name, text] : error.parameters()) {
      std::fprintf(stderr, "%s: %s\n", name.c_str(), text.c_str());
    }
    if (!error.hint().empty()) std::fprintf(stderr, "%s\n", error.hint().c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
  return 255;
}

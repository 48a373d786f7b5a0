#include "sys/editor.h"

#include <cstdlib>

#include <unistd.h>

#include "sys/file.h"
#include "sys/process.h"

namespace posada::sys {
namespace {

Async<int> run_editor(Executor executor, std::string file) {
  const char* named = std::getenv("VISUAL");
  if (!named || !*named) named = std::getenv("EDITOR");
  Command command;
  command.arguments = {named && *named ? named : "editor", file};
  command.descriptors = {{0, STDIN_FILENO}, {1, STDOUT_FILENO}, {2, STDERR_FILENO}};
  command.new_session = false;  // it needs the terminal
  const char* terminal = std::getenv("TERM");
  if (terminal) command.environment["TERM"] = terminal;
  Child child = spawn(executor, command);
  co_return co_await child.wait();
}

Async<void> edit(Executor executor, std::string file, int& status) {
  status = co_await run_editor(executor, file);
}

}  // namespace

std::string edit_text(Loop& loop, const std::string& text) {
  const std::string file = "/tmp/posada-edit-" + random_uuid();
  write_file(file, text, 0600);
  int status = -1;
  loop.run_until(edit(loop.executor(), file, status));
  const std::string edited = read_file(file);
  remove_file(file);
  if (status != 0) {
    throw Error::failed("cli.editor", "the editor ended with status " + std::to_string(status));
  }
  return edited;
}

}  // namespace posada::sys

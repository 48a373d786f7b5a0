#include "sys/editor.h"

#include <cstdlib>

#include <unistd.h>

#include "sys/file.h"
#include "sys/process.h"

namespace posada::sys {
namespace {

constexpr int not_found = 127;  // what a shell says of a program that it does not have

// A command as a person writes it, with arguments and quotes: a shell reads it.
std::string named_editor() {
  for (const char* name : {"VISUAL", "EDITOR"}) {
    const char* value = std::getenv(name);
    if (value && *value) return value;
  }
  return "editor";
}

Async<int> run_editor(Executor executor, std::string editor, std::string file) {
  Command command;
  command.arguments = {"/bin/sh", "-c", editor + " \"$@\"", "sh", file};
  command.descriptors = {{0, STDIN_FILENO}, {1, STDOUT_FILENO}, {2, STDERR_FILENO}};
  command.new_session = false;  // it needs the terminal
  for (const char* name : {"TERM", "PATH", "HOME", "LANG"}) {
    if (const char* value = std::getenv(name)) command.environment[name] = value;
  }
  Child child = spawn(executor, command);
  co_return co_await child.wait();
}

Async<void> edit(Executor executor, std::string editor, std::string file, int& status) {
  status = co_await run_editor(executor, std::move(editor), std::move(file));
}

}  // namespace

std::string edit_text(Loop& loop, const std::string& text) {
  const std::string file = "/tmp/posada-edit-" + random_uuid();
  write_file(file, text, 0600);
  const std::string editor = named_editor();
  int status = -1;
  loop.run_until(edit(loop.executor(), editor, file, status));
  const std::string edited = read_file(file);
  remove_file(file);
  if (status == not_found) {
    throw Error::failed("cli.editor", "the editor '" + editor + "' was not found")
        .with_hint("Name one that is installed: EDITOR=nano posada config edit …");
  }
  if (status != 0) {
    throw Error::failed("cli.editor", "the editor ended with status " + std::to_string(status));
  }
  return edited;
}

}  // namespace posada::sys

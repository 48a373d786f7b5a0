// The terminal (or pipe) that a program of a person's command line stands on. Used by the command
// line only; the daemon has no terminal. Blocking calls, except for what says otherwise.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sys/fd.h"

namespace posada::sys {

bool is_terminal(int descriptor);
// The locale of the environment says that it shows more than ASCII.
bool shows_unicode();

// A secret typed on the controlling terminal without echo; throws when there is no terminal.
std::string ask_secret(const std::string& prompt);

// Becomes another program: same process, same standard streams; of the environment PATH, HOME and
// TERM. Returns only by throwing.
[[noreturn]] void replace_program(std::vector<std::string> arguments);

// What typed on a terminal ends a console: a key, or a key and the one after it (the first one
// twice sends it once).
struct EscapeKey {
  std::optional<char> key;
  std::optional<char> then;
};

// Our standard streams joined with a console (a socket or a pty). While it lives, a terminal on
// standard input is raw; however it ends, by a signal as well, the terminal is what it was.
class ConsoleRelay {
 public:
  enum class End { escape, input, console, stopped, signal };

  // Bytes from a pipe are never looked at.
  ConsoleRelay(Fd console, EscapeKey escape);
  ~ConsoleRelay();
  ConsoleRelay(const ConsoleRelay&) = delete;
  ConsoleRelay& operator=(const ConsoleRelay&) = delete;

  // Copies both ways until an end; blocks. After the end of standard input what the console still
  // says is copied until it is silent for a moment.
  End run();
  void stop();                // ends run(); any thread
  int signal_number() const;  // after End::signal

 private:
  struct State;
  State* state_;
};

}  // namespace posada::sys

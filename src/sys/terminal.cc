#include "sys/terminal.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string_view>

#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <termios.h>
#include <unistd.h>

#include "base/error.h"

namespace posada::sys {

namespace {

constexpr int silence_ms = 500;  // after the end of input

// Nothing when the descriptor is no terminal.
std::optional<termios> settings_of(int descriptor) {
  termios settings{};
  if (::tcgetattr(descriptor, &settings) != 0) return std::nullopt;
  return settings;
}

bool write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      pollfd writable{descriptor, POLLOUT, 0};
      ::poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

sigset_t watched_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH}) ::sigaddset(&set, number);
  return set;
}

}  // namespace

bool is_terminal(int descriptor) {
  return ::isatty(descriptor) == 1;
}

bool shows_unicode() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (!value || !*value) continue;
    const std::string_view locale(value);
    return locale.find("UTF-8") != std::string_view::npos ||
           locale.find("utf8") != std::string_view::npos;
  }
  return false;
}

std::string ask_secret(const std::string& prompt) {
  const Fd terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  const std::optional<termios> before =
      terminal ? settings_of(terminal.get()) : std::optional<termios>();
  if (!before) {
    throw Error::failed("cli.no-terminal", "there is no terminal to ask for the password on");
  }
  write_all(terminal.get(), prompt);
  termios silent = *before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  ::tcsetattr(terminal.get(), TCSAFLUSH, &silent);
  std::string secret;
  char byte = 0;
  while (::read(terminal.get(), &byte, 1) == 1 && byte != '\n') secret += byte;
  ::tcsetattr(terminal.get(), TCSAFLUSH, &*before);
  write_all(terminal.get(), "\n");
  return secret;
}

void replace_program(std::vector<std::string> arguments) {
  std::vector<char*> words;
  for (std::string& word : arguments) words.push_back(word.data());
  words.push_back(nullptr);
  std::vector<std::string> settings;
  for (const char* name : {"PATH", "HOME", "TERM"}) {
    if (const char* value = std::getenv(name)) settings.push_back(std::string(name) + "=" + value);
  }
  std::vector<char*> environment;
  for (std::string& setting : settings) environment.push_back(setting.data());
  environment.push_back(nullptr);
  std::signal(SIGPIPE, SIG_DFL);  // the loop ignores it, and an ignored signal stays so
  ::execve(words[0], words.data(), environment.data());
  throw_errno("run " + arguments.at(0));
}

struct ConsoleRelay::State {
  Fd console, wake, signals;
  EscapeKey escape;
  bool escaped = false;           // the escape key was the last one
  std::optional<termios> before;  // of standard input, when it is a terminal
  sigset_t mask_before{};
  int number = 0;
  bool input_ended = false;

  void copy_size() const {
    winsize size{};
    if (::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0) ::ioctl(console.get(), TIOCSWINSZ, &size);
  }
  std::optional<End> take_signal();
  std::optional<End> take_input();
  std::string without_escape(std::string_view bytes, bool& ends);
  std::optional<End> take_output() const;
};

ConsoleRelay::ConsoleRelay(Fd console, EscapeKey escape) : state_(new State) {
  state_->console = std::move(console);
  state_->escape = escape;
  state_->wake = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  const sigset_t watched = watched_signals();
  ::pthread_sigmask(SIG_BLOCK, &watched, &state_->mask_before);
  state_->signals = Fd(::signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  state_->before = settings_of(STDIN_FILENO);
  if (state_->before) {
    termios raw = *state_->before;
    ::cfmakeraw(&raw);
    ::tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
    state_->copy_size();
  }
}

ConsoleRelay::~ConsoleRelay() {
  if (state_->before) ::tcsetattr(STDIN_FILENO, TCSADRAIN, &*state_->before);
  ::pthread_sigmask(SIG_SETMASK, &state_->mask_before, nullptr);
  delete state_;
}

void ConsoleRelay::stop() {
  const std::uint64_t one = 1;
  if (::write(state_->wake.get(), &one, sizeof one) < 0) throw_errno("end the console's relay");
}

int ConsoleRelay::signal_number() const {
  return state_->number;
}

std::optional<ConsoleRelay::End> ConsoleRelay::State::take_signal() {
  signalfd_siginfo info{};
  if (::read(signals.get(), &info, sizeof info) != sizeof info) return std::nullopt;
  if (info.ssi_signo == SIGWINCH) {
    copy_size();
    return std::nullopt;
  }
  number = static_cast<int>(info.ssi_signo);
  return End::signal;
}

std::optional<ConsoleRelay::End> ConsoleRelay::State::take_input() {
  std::array<char, 4096> buffer;
  const ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return std::nullopt;
  if (count <= 0) {
    input_ended = true;
    return std::nullopt;
  }
  const std::string_view bytes(buffer.data(), static_cast<std::size_t>(count));
  bool ends = false;
  const std::string sent = before && escape.key ? without_escape(bytes, ends) : std::string(bytes);
  if (!write_all(console.get(), sent)) return End::console;
  return ends ? std::optional(End::escape) : std::nullopt;
}

// What of the typed keys goes on; `ends` when they hold the escape.
std::string ConsoleRelay::State::without_escape(std::string_view bytes, bool& ends) {
  std::string sent;
  for (const char byte : bytes) {
    if (escaped) {
      escaped = false;
      ends = byte == *escape.then;
      if (ends) break;
      if (byte != *escape.key) sent += *escape.key;
      sent += byte;
    } else if (byte != *escape.key) {
      sent += byte;
    } else if (escape.then) {
      escaped = true;
    } else {
      ends = true;
      break;
    }
  }
  return sent;
}

std::optional<ConsoleRelay::End> ConsoleRelay::State::take_output() const {
  std::array<char, 16384> buffer;
  const ssize_t count = ::read(console.get(), buffer.data(), buffer.size());
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return std::nullopt;
  if (count <= 0) return End::console;
  const bool written =
      write_all(STDOUT_FILENO, std::string_view(buffer.data(), static_cast<std::size_t>(count)));
  return written ? std::nullopt : std::optional(End::input);
}

ConsoleRelay::End ConsoleRelay::run() {
  for (;;) {
    std::array<pollfd, 4> watched = {pollfd{state_->console.get(), POLLIN, 0},
                                     pollfd{state_->wake.get(), POLLIN, 0},
                                     pollfd{state_->signals.get(), POLLIN, 0},
                                     pollfd{state_->input_ended ? -1 : STDIN_FILENO, POLLIN, 0}};
    const int ready = ::poll(watched.data(), watched.size(), state_->input_ended ? silence_ms : -1);
    if (ready < 0 && errno != EINTR) throw_errno("wait for the console");
    if (ready == 0) return End::input;
    if (ready < 0) continue;
    std::optional<End> end;
    if (watched[1].revents != 0) return End::stopped;
    if (watched[2].revents != 0) end = state_->take_signal();
    if (!end && watched[0].revents != 0) end = state_->take_output();
    if (!end && watched[3].revents != 0) end = state_->take_input();
    if (end) return *end;
  }
}

}  // namespace posada::sys

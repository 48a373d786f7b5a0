#include "app/cli/consoles.h"

#include <cstdio>
#include <iostream>

#include "app/cli/client.h"
#include "app/cli/run.h"
#include "app/cli/words.h"
#include "base/error.h"
#include "base/text.h"
#include "sys/file.h"
#include "sys/named_file.h"
#include "sys/process.h"
#include "sys/terminal.h"

namespace posada::app {
namespace {

using Path = std::vector<std::string>;

Path guest(Client& client, const char* kind, const json::object& words) {
  return {"nodes", client.node(), kind, word(words, "vmid")};
}

Path below(Path path, const char* name) {
  path.emplace_back(name);
  return path;
}

// "^O", "0x0f", "15"; 0 is none.
std::optional<char> escape_key(const std::string& text) {
  std::optional<std::int64_t> number = to_integer(text);
  if (text.size() == 2 && text[0] == '^' && text[1] >= '@' && text[1] <= 'z') {
    number = text[1] & 0x1f;
  } else if (text.starts_with("0x") && text.size() > 2 && text.size() <= 4 &&
             text.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string::npos) {
    number = std::stoi(text.substr(2), nullptr, 16);
  }
  if (!number || *number < 0 || *number > 255) {
    throw Error::failed("cli.escape", "--escape: '" + text + "' is no key")
        .with_hint("Write ^O, 0x0f or a number from 1 to 255; 0 means that no key ends it.");
  }
  if (*number == 0) return std::nullopt;
  return static_cast<char>(*number);
}

std::string key_name(char key) {
  const bool control = key > 0 && key < 0x20;
  return control ? std::string("Ctrl+") + static_cast<char>(key + 0x40) : "the escape key";
}

// `ended` is said when the guest's side closes.
int relay(sys::Fd console, const sys::EscapeKey& escape, const char* ended) {
  std::fflush(stdout);
  using End = sys::ConsoleRelay::End;
  End end = End::input;
  int number = 0;
  {
    sys::ConsoleRelay joined(std::move(console), escape);
    end = joined.run();
    number = joined.signal_number();
  }
  if (sys::is_terminal(0)) std::fputs("\n", stderr);
  if (end == End::console) {
    std::fputs(ended, stderr);
  }
  return end == End::signal ? 128 + number : 0;
}

sys::Fd open_terminal(Client& client, const Path& guest_path, json::object wanted) {
  CallResult proxy =
      client.call(api::Verb::post, below(guest_path, "termproxy"), std::move(wanted));
  const json::object& facts = proxy.data().as_object();
  return client.open_console(
      below(guest_path, "vncwebsocket"),
      {{"port", text_of(facts.at("port"))}, {"vncticket", text_of(facts.at("ticket"))}});
}

// The program that works inside the container on our own streams.
std::vector<std::string> attach_words(Client& client, const json::object& words) {
  const Path path = {"posada", "nodes", client.node(), "lxc", word(words, "vmid"), "attach"};
  CallResult result = client.call(api::Verb::get, path, {});
  std::vector<std::string> command;
  for (const json::value& part : result.data().as_array()) command.push_back(text_of(part));
  return command;
}

sys::Async<void> run_to_end(const sys::Command& command, sys::Loop& loop, int& status) {
  sys::Child child = sys::spawn(loop.executor(), command);
  status = co_await child.wait();
}

// Runs a shell's text inside; `descriptors` are its standard streams.
int run_inside(Client& client, const json::object& words, const char* script,
               const std::vector<std::string>& arguments, std::map<int, int> descriptors) {
  sys::Command command;
  command.arguments = attach_words(client, words);
  for (const char* part : {"sh", "-c", script, "sh"}) command.arguments.emplace_back(part);
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  command.descriptors = std::move(descriptors);
  command.descriptors[2] = 2;
  command.new_session = false;  // Ctrl-C reaches it
  int status = exit_failure;
  client.loop().run_until(run_to_end(command, client.loop(), status));
  return status;
}

// One command for QEMU's monitor; false when it was refused.
bool monitor_command(Client& client, const Path& path, const std::string& line) {
  try {
    CallResult result = client.call(api::Verb::post, path, {{"command", line}});
    std::string text = text_of(result.data());
    if (!text.empty() && text.back() != '\n') text += '\n';
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
    return true;
  } catch (const Error& error) {
    if (error.code().starts_with("cli.")) throw;
    std::string text = error.wire();
    for (const auto& [name, why] : error.parameters()) text = why;
    std::fprintf(stderr, "ERROR: %s\n", text.c_str());
    return false;
  }
}

unsigned file_mode(const json::object& words, unsigned otherwise) {
  const std::string text = word(words, "perms");
  if (text.empty()) return otherwise;
  if (text.size() > 4 || text.find_first_not_of("01234567") != std::string::npos) {
    throw Error::failed("cli.perms", "--perms: '" + text + "' is no octal number such as 644");
  }
  return static_cast<unsigned>(std::stoul(text, nullptr, 8));
}

}  // namespace

int machine_terminal(Client& client, const json::object& words) {
  const std::string named = word(words, "escape");
  const std::optional<char> escape = escape_key(named.empty() ? "^O" : named);
  json::object wanted;
  const std::string port = word(words, "iface");
  if (!port.empty()) wanted["serial"] = port;
  sys::Fd console = open_terminal(client, guest(client, "qemu", words), std::move(wanted));
  if (sys::is_terminal(0)) {
    std::fprintf(stderr, "starting serial terminal on interface %s%s\n",
                 port.empty() ? "serial0" : port.c_str(),
                 escape ? (" (press " + key_name(*escape) + " to exit)").c_str() : "");
  }
  return relay(std::move(console), {escape, std::nullopt},
               "The console has ended: the machine stopped.\n");
}

int container_console(Client& client, const json::object& words) {
  const std::string named = word(words, "escape");
  const std::optional<char> escape = escape_key(named.empty() ? "^A" : named);
  sys::Fd console = open_terminal(client, guest(client, "lxc", words), {});
  if (sys::is_terminal(0) && escape) {
    std::fprintf(stderr, "Press Enter for the prompt; %s, then q, leaves the console.\n",
                 key_name(*escape).c_str());
  }
  return relay(std::move(console), {escape, 'q'},
               "The console has ended: the guest stopped, or somebody else has opened it.\n");
}

int machine_monitor(Client& client, const json::object& words) {
  const Path machine = guest(client, "qemu", words);
  const std::string id = word(words, "vmid");
  CallResult status = client.call(
      api::Verb::get, {machine[0], machine[1], machine[2], id, "status", "current"}, {});
  if (text_of(status.data().at("status")) != "running") {
    throw Error::failed("vm.not-running", "VM " + id + " is not running");
  }
  const bool person = sys::is_terminal(0);
  if (person) {
    std::printf("Entering QEMU Monitor for VM %s - type 'help' for help, 'quit' to leave\n",
                id.c_str());
  }
  bool well = true;
  for (std::string line;;) {
    if (person) std::fputs("qm> ", stdout);
    std::fflush(stdout);
    if (!std::getline(std::cin, line)) break;
    line = trim(line);
    if (line.empty()) continue;
    if (line == "q" || line == "quit") return well || person ? 0 : exit_failure;
    if (!monitor_command(client, below(machine, "monitor"), line)) well = false;
  }
  if (person) std::fputs("\n", stdout);
  return well || person ? 0 : exit_failure;
}

int container_enter(Client& client, const json::object& words) {
  std::vector<std::string> command = attach_words(client, words);
  std::fflush(stdout);
  sys::replace_program(std::move(command));
}

int container_exec(Client& client, const json::object& words) {
  const json::value* rest = words.if_contains("extra-args");
  if (!rest || rest->as_array().empty()) {
    throw Error::failed("cli.missing-word", "the command to run is missing");
  }
  std::vector<std::string> command = attach_words(client, words);
  for (const json::value& part : rest->as_array()) command.push_back(text_of(part));
  sys::replace_program(std::move(command));
}

int container_push(Client& client, const json::object& words) {
  file_mode(words, 0);
  const sys::Fd file = sys::open_for_reading(word(words, "file"));
  const std::string group = word(words, "group");
  const std::string owner = word(words, "user") + (group.empty() ? "" : ":" + group);
  // Beside its place first: a copy that is cut leaves no half of a file.
  constexpr const char* script =
      "[ -d \"$1\" ] && { echo \"$1 is a folder; name the file\" >&2; exit 1; }\n"
      "new=\"$1.new-$$\"\n"
      "cat >\"$new\" && { [ -z \"$2\" ] || chmod \"$2\" \"$new\"; } &&\n"
      "{ [ -z \"$3\" ] || chown \"$3\" \"$new\"; } && mv -f \"$new\" \"$1\" && exit 0\n"
      "rm -f \"$new\"; exit 1";
  const int status =
      run_inside(client, words, script, {word(words, "destination"), word(words, "perms"), owner},
                 {{0, file.get()}, {1, 1}});
  return status == 0 ? 0 : exit_failure;
}

int container_pull(Client& client, const json::object& words) {
  const unsigned mode = file_mode(words, 0644);
  const std::string target = word(words, "destination");
  const std::string fresh = target + ".new-" + sys::random_uuid().substr(0, 8);
  const sys::Fd file = sys::create_new_file(fresh, mode);
  const int status =
      run_inside(client, words, "exec cat -- \"$1\"", {word(words, "path")}, {{1, file.get()}});
  if (status == 0) {
    sys::rename_file(fresh, target);
    return 0;
  }
  sys::remove_file(fresh);
  return exit_failure;
}

}  // namespace posada::app

#include "app/cli/guest_work.h"

#include <cstdio>
#include <iostream>
#include <iterator>

#include "app/cli/answer.h"
#include "app/cli/run.h"
#include "app/cli/tables.h"
#include "app/cli/words.h"
#include "base/error.h"
#include "base/text.h"
#include "sys/clock.h"

namespace posada::app {
namespace {

using Path = std::vector<std::string>;

constexpr sys::Milliseconds shortest_wait(20), longest_wait(1000);
constexpr std::size_t most_input = 1024 * 1024;
constexpr int spare_disk = 30;  // the last scsi key: where an image waits to become unused

Path machine(Client& client, const json::object& words, const std::vector<std::string>& rest) {
  Path path = {"nodes", client.node(), "qemu", word(words, "vmid")};
  path.insert(path.end(), rest.begin(), rest.end());
  return path;
}

// Seconds; `otherwise` when the option is not given.
std::int64_t seconds_of(const json::object& words, std::int64_t otherwise) {
  const std::string text = word(words, "timeout");
  if (text.empty()) return otherwise;
  const std::optional<std::int64_t> seconds = to_integer(text);
  if (!seconds || *seconds < 0) {
    throw Error::failed("cli.timeout", "--timeout: '" + text + "' is no number of seconds");
  }
  return *seconds;
}

int show_status(Client& client, const json::object& words, const char* kind) {
  CallResult result = client.call(
      api::Verb::get, {"nodes", client.node(), kind, word(words, "vmid"), "status", "current"}, {});
  const bool verbose = word(words, "verbose") == "1";
  std::fputs(status_lines(result.data().as_object(), verbose).c_str(), stdout);
  return 0;
}

// Asks until `done` says so or the time is over (0: never); false then.
bool ask_until(Client& client, const Path& path, const json::object& parameters,
               std::int64_t seconds, bool (*done)(const json::object&), json::value& answer) {
  sys::SystemClock clock;
  const sys::BootTime start = clock.boot_time();
  sys::Milliseconds pause = shortest_wait;
  for (;;) {
    answer = client.call(api::Verb::get, path, parameters).data();
    if (done(answer.as_object())) return true;
    if (seconds > 0 && clock.boot_time() - start >= std::chrono::seconds(seconds)) return false;
    client.loop().run_until(clock.sleep(pause));
    pause = std::min(pause * 2, longest_wait);
  }
}

std::string read_input() {
  std::string input(std::istreambuf_iterator<char>(std::cin), {});
  if (input.size() > most_input) {
    throw Error::failed("cli.input", "standard input is too long: at most 1 MiB can be handed on");
  }
  return input;
}

bool well(Client& client, CallResult& result) {
  if (!result.data().is_string()) return true;
  return client.follow_task(std::string(result.data().get_string()), stdout) == TaskEnd::ok;
}

json::object config(Client& client, const json::object& words) {
  return client.call(api::Verb::get, machine(client, words, {"config"}), {}).data().as_object();
}

}  // namespace

int machine_status(Client& client, const json::object& words) {
  return show_status(client, words, "qemu");
}

int container_status(Client& client, const json::object& words) {
  return show_status(client, words, "lxc");
}

int wait_for_stop(Client& client, const json::object& words) {
  json::value status;
  const bool stopped = ask_until(
      client, machine(client, words, {"status", "current"}), {}, seconds_of(words, 0),
      [](const json::object& now) { return text_member(now, "status") == "stopped"; }, status);
  if (stopped) return 0;
  std::fprintf(stderr, "VM %s still runs after %s seconds\n", word(words, "vmid").c_str(),
               word(words, "timeout").c_str());
  return exit_failure;
}

int guest_exec(Client& client, const json::object& words) {
  const json::value* command = words.if_contains("extra-args");
  if (!command || command->as_array().empty()) {
    throw Error::failed("cli.missing-word", "the command to run is missing");
  }
  const bool wait = word(words, "synchronous") != "0";
  const std::int64_t seconds = seconds_of(words, 30);
  if (!wait && words.contains("timeout")) {
    throw Error::failed("cli.timeout", "--timeout has no meaning with --synchronous 0");
  }
  json::object parameters{{"command", *command}};
  if (word(words, "pass-stdin") == "1") parameters["input-data"] = read_input();
  CallResult started = client.call(api::Verb::post, machine(client, words, {"agent", "exec"}),
                                   std::move(parameters));
  json::value answer = started.data();
  if (wait) {
    json::value last;
    const bool ended = ask_until(
        client, machine(client, words, {"agent", "exec-status"}),
        {{"pid", text_of(answer.at("pid"))}}, seconds,
        [](const json::object& now) { return text_member(now, "exited") == "1"; }, last);
    if (ended)
      answer = last;
    else
      std::fputs("it still runs; 'qm guest exec-status' shows what becomes of it\n", stderr);
  }
  std::fputs(agent_answer(answer, {}).c_str(), stdout);
  return 0;
}

int import_disk(Client& client, const json::object& words) {
  const std::string source = word(words, "source");
  std::string key = word(words, "target-disk");
  if (key.starts_with("unused")) key.clear();
  const json::object before = config(client, words);
  const bool unused = key.empty();
  if (unused) {
    CallResult status =
        client.call(api::Verb::get, machine(client, words, {"status", "current"}), {});
    key = "scsi" + std::to_string(spare_disk);
    if (text_of(status.data().at("status")) != "stopped" || before.contains(key)) {
      throw Error::failed("cli.import",
                          "a disk can only be imported as an unused one while the "
                          "machine is stopped and has no " +
                              key)
          .with_hint("Say with --target-disk where to attach it.");
    }
  }
  std::string value = word(words, "storage") + ":0,import-from=" + source;
  if (const std::string format = word(words, "format"); !format.empty())
    value += ",format=" + format;
  std::printf("importing disk '%s' to VM %s ...\n", source.c_str(), word(words, "vmid").c_str());
  CallResult set = client.call(api::Verb::post, machine(client, words, {"config"}), {{key, value}});
  if (!well(client, set)) return exit_failure;
  if (unused) {
    CallResult detached =
        client.call(api::Verb::post, machine(client, words, {"config"}), {{"delete", key}});
    if (!well(client, detached)) return exit_failure;
  }
  for (const auto& [name, now] : config(client, words)) {
    const bool wanted = unused ? name.starts_with("unused") : name == key;
    if (wanted && (!unused || !before.contains(name))) {
      std::printf("%s: successfully imported disk '%s'\n", std::string(name).c_str(),
                  text_of(now).c_str());
    }
  }
  return 0;
}

}  // namespace posada::app

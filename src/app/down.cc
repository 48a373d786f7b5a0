// `posada down`: the guests, the daemon, the front and the node's network, in this order.
#include <cstdio>
#include <iostream>

#include "app/cli/client.h"
#include "app/commands.h"
#include "app/process_record.h"
#include "base/text.h"
#include "net/instance_network.h"
#include "sys/cgroup_view.h"
#include "sys/channel.h"
#include "sys/clock.h"
#include "sys/file.h"

namespace posada::app {
namespace {

constexpr int shutdown_seconds = 20;  // then a guest is stopped hard
constexpr int start_seconds = 60;     // for a daemon to answer
constexpr std::chrono::seconds end_patience{15};

struct Guest {
  std::string kind, id, name;
};

// Nothing when the daemon ends before it has answered.
std::optional<std::vector<Guest>> running_guests(Client& client) {
  std::optional<CallResult> result;
  try {
    result = client.call(api::Verb::get, {"cluster", "resources"}, {{"type", "vm"}});
  } catch (const Error& error) {
    if (error.code() != "cli.lost" && error.code() != "cli.no-daemon") throw;
    return std::nullopt;
  }
  std::vector<Guest> guests;
  for (const json::value& value : result->data().as_array()) {
    const json::object& row = value.as_object();
    if (text_member(row, "status") == "stopped") continue;
    guests.push_back({text_member(row, "type").value_or(""), text_member(row, "vmid").value_or(""),
                      text_member(row, "name").value_or("")});
  }
  return guests;
}

bool confirmed(const std::vector<Guest>& guests) {
  std::printf("These guests run and will be shut down:\n");
  for (const Guest& guest : guests) std::printf("  %s %s\n", guest.id.c_str(), guest.name.c_str());
  std::printf("Go on? [y/N] ");
  std::fflush(stdout);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

void shut_down(Client& client, const std::vector<Guest>& guests) {
  std::vector<std::string> tasks;
  for (const Guest& guest : guests) {
    std::printf("Shutting down %s %s\n", guest.id.c_str(), guest.name.c_str());
    CallResult result = client.call(
        api::Verb::post, {"nodes", client.node(), guest.kind, guest.id, "status", "shutdown"},
        {{"timeout", std::to_string(shutdown_seconds)}, {"forceStop", "1"}});
    tasks.push_back(text_of(result.data()));
  }
  for (const std::string& task : tasks) {
    if (client.follow_task(task, stderr) != TaskEnd::ok) {
      throw Error::failed("down.guest", "a guest did not stop; nothing else was ended");
    }
  }
}

// Guests have a run folder while they run, with or without a daemon.
bool has_run_folders(const Settings& settings) {
  for (const char* kind : {"/vm", "/ct"}) {
    const std::string folder = settings.run + kind;
    if (sys::exists(folder) && !sys::list_directory(folder).empty()) return true;
  }
  return false;
}

sys::Async<bool> answers(const Settings& settings, sys::Executor executor) {
  try {
    co_await sys::connect_unix(executor, settings.admin_socket());
  } catch (const Error&) {
    co_return false;
  }
  co_return true;
}

// One that is just starting or ending is waited for.
sys::Async<void> look_for_daemon(Settings settings, sys::Executor executor, bool& serves) {
  sys::SystemClock clock;
  for (int look = 0; look < start_seconds * 10; ++look) {
    if (!find_process(settings.run + "/daemon.json", executor)) co_return;
    serves = co_await answers(settings, executor);
    if (serves) co_return;
    co_await clock.sleep(sys::Milliseconds(100));
  }
  throw Error::failed("down.silent", "the daemon of this node runs but does not answer")
      .with_hint("What it says is in " + settings.log + "/posada.log.");
}

// Only a daemon shuts guests down in good order, and only it knows which of them still run.
sys::Async<void> start_daemon(Settings settings, sys::Loop& loop) {
  sys::Command command;
  // Nobody but us will call it, and the port that it had may be somebody else's by now.
  command.arguments = {
      settings.programs + "/posada", "serve", "--node", settings.node, "--port", "0"};
  if (!settings.root.empty()) {
    command.arguments.insert(command.arguments.end(), {"--root", settings.root});
  }
  const std::string log = settings.log + "/posada.log";
  const sys::Fd output = sys::open_for_append(log);
  command.descriptors = {{1, output.get()}, {2, output.get()}};
  command.no_new_privileges = false;
  sys::Child daemon = sys::spawn(loop.executor(), command);
  sys::Event ended(loop.executor());
  sys::Scope scope(loop.executor());
  scope.spawn("daemon", [](sys::Child& child, sys::Event& event) -> sys::Async<void> {
    co_await child.wait();
    event.set();
  }(daemon, ended));
  bool serves = false;
  for (int look = 0; look < start_seconds * 10 && !serves && !ended.is_set(); ++look) {
    serves = co_await answers(settings, loop.executor());
    if (!serves) co_await ended.wait_for(sys::Milliseconds(100));
  }
  scope.stop();
  co_await scope.join();
  if (!serves) {
    throw Error::failed("down.no-daemon",
                        "guests of this node run, and the daemon that would shut "
                        "them down did not start; nothing was ended")
        .with_hint("What it says is in " + log + ".");
  }
}

// Starts one where guests run without.
bool daemon_serves(const Settings& settings) {
  sys::Loop loop;
  bool serves = false;
  loop.run(look_for_daemon(settings, loop.executor(), serves));
  if (serves || !has_run_folders(settings)) return serves;
  std::printf("The daemon is not running; starting it to look after the guests.\n");
  std::fflush(stdout);
  loop.run_until(start_daemon(settings, loop));
  return true;
}

sys::Async<void> end_recorded(std::string file, sys::Executor executor) {
  std::optional<sys::Child> process = find_process(file, executor);
  if (process) co_await end_process(std::move(*process), executor, end_patience);
}

sys::Async<void> end_node(Settings settings, sys::Loop& loop) {
  co_await end_recorded(settings.run + "/daemon.json", loop.executor());
  co_await end_recorded(settings.run + "/front.json", loop.executor());
  if (settings.privileged) {
    sys::SystemClock clock;
    net::InstanceNetwork network({net::Mode::instance, settings.instance, settings.run}, clock,
                                 loop.executor());
    co_await network.down();
  }
  // Groups that still have processes stay.
  sys::CgroupView().remove("posada/" + settings.instance);
  sys::CgroupView().remove_if_empty("posada");  // it is all nodes'
  sys::remove_tree(settings.run);
}

}  // namespace

int down(const std::string& root, bool yes) {
  const Settings settings = load_settings({.root = find_root(root)});
  for (bool known = false; !known;) {
    if (!daemon_serves(settings)) {
      std::printf("The daemon is not running; ending what is left of this node.\n");
      break;
    }
    Client client(settings);
    const std::optional<std::vector<Guest>> guests = running_guests(client);
    if (!guests) continue;
    known = true;
    if (!guests->empty() && !yes && !confirmed(*guests)) {
      std::printf("Nothing was stopped.\n");
      return 1;
    }
    shut_down(client, *guests);
  }
  sys::Loop loop;
  loop.run(end_node(settings, loop));
  std::printf("The node is down. Its data stay in %s.\n",
              (settings.root.empty() ? settings.data : settings.root).c_str());
  return 0;
}

}  // namespace posada::app

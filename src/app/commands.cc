#include "app/commands.h"

#include <csignal>
#include <cstdio>

#include <CLI/CLI.hpp>

#include "api/router.h"
#include "app/cli/config.h"
#include "app/cli/families.h"
#include "app/cli/help.h"
#include "app/cli/run.h"
#include "app/cli/words.h"
#include "app/node.h"
#include "base/json.h"
#include "sys/log.h"

namespace posada::app {
namespace {

constexpr const char* help = R"text(usage: posada COMMAND ...

  qm ...          virtual machines: list, create, start, stop, config, set, terminal ...
  pct ...         containers: list, create, start, enter, exec ...
  pvesm ...       storages and volumes
  pveam ...       container templates
  pveum ...       users, groups, roles, permissions
  pvenode ...     this node and its tasks
  pvecm ...       the cluster
  pvesh ...       any method of the API: get, create, set, delete, ls, usage
  config ...      the configuration texts: ls, get, put, edit, export, import
  api list        what the API offers, and what of it is built
  completion bash for the shell: eval "$(posada completion bash)"
  serve           run the node's daemon
  down            stop the node and its guests

Each command explains itself with --help. The families work under their own names as well
(qm, pct ...). The node is the one that POSADA_ROOT names, or the folder .posada here or above,
or the one of this machine.
)text";

// CLI11 wants the arguments in reverse order, without the program's name.
std::optional<int> parse(CLI::App& parser, std::vector<std::string> words) {
  std::reverse(words.begin(), words.end());
  try {
    parser.parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    return parser.exit(error);
  }
  return std::nullopt;
}

sys::Async<void> run_node(Settings settings, sys::Loop& loop) {
  Node node(std::move(settings), loop);
  co_await node.start();
  const int signal = co_await loop.wait_signal({SIGTERM, SIGINT});
  sys::log_info("signal {}: stopping; guests go on", signal);
  co_await node.stop();
}

}  // namespace

int serve(const std::vector<std::string>& words) {
  Overrides overrides;
  std::optional<int> port;
  CLI::App parser("Run the node's daemon.", "posada serve");
  parser.add_option("--root", overrides.root, "folder for everything of this node");
  parser.add_option("--node", overrides.node, "name of the node (default: the host's name)");
  parser.add_option("--address", overrides.address, "address to listen on");
  parser.add_option("--port", port, "port to listen on; 0: any free one")->check(CLI::Range(0, 65535));
  if (const std::optional<int> status = parse(parser, words)) return *status;
  if (port) overrides.port = static_cast<std::uint16_t>(*port);
  if (!overrides.root.empty()) overrides.root = find_root(overrides.root);
  std::signal(SIGPIPE, SIG_IGN);
  sys::Loop loop;
  loop.run(run_node(load_settings(overrides), loop));
  return 0;
}

int down_command(const std::vector<std::string>& words) {
  std::string root;
  bool yes = false;
  CLI::App parser("Stop the node and, after asking, its guests.", "posada down");
  parser.add_option("--root", root, "folder of the node");
  parser.add_flag("--yes", yes, "do not ask");
  if (const std::optional<int> status = parse(parser, words)) return *status;
  return down(root, yes);
}

int api_command(const std::vector<std::string>& words) {
  bool as_json = false;
  CLI::App parser("What the API offers.", "posada api");
  CLI::App* list = parser.add_subcommand("list", "every method, and whether it is built");
  list->add_flag("--json", as_json, "as JSON");
  parser.require_subcommand(1);
  if (const std::optional<int> status = parse(parser, words)) return *status;
  const api::Router& router = built_methods();
  if (as_json) {
    std::puts(json::serialize(router.list()).c_str());
    return 0;
  }
  for (const api::Method& method : api::methods()) {
    std::printf("%-6s %-7s %s\n", router.implements(method.id) ? "built" : "-",
                std::string(api::name_of(method.verb)).c_str(), std::string(method.path).c_str());
  }
  std::printf("%zu of %zu methods are built\n", router.implemented(), api::methods().size());
  return 0;
}

int run_command(std::vector<std::string> words) {
  std::string called = words.empty() ? "posada" : words[0].substr(words[0].rfind('/') + 1);
  std::vector<std::string> rest(words.begin() + std::min<long>(1, std::ssize(words)), words.end());
  if (called == "posada") {
    called = rest.empty() ? "" : rest.front();
    if (!rest.empty()) rest.erase(rest.begin());
  }
  if (called == "serve") return serve(rest);
  if (called == "down") return down_command(rest);
  if (called == "api") return api_command(rest);
  if (called == "config") return run_config(rest);
  if (called == "pvesh") return run_pvesh(rest);
  if (called == "completion") return run_completion(rest);
  if (called == "complete") return run_complete(rest);
  if (is_family(called)) return run_family(called, rest);
  for (const auto& [family, purpose] : later_families()) {
    if (called != family) continue;
    throw Error::failed("cli.later", called + ": this version of Posada does not have it yet (" +
                                         std::string(purpose) + ")");
  }
  const bool asked = called == "help" || called == "--help" || called == "-h";
  if (asked || called.empty()) {
    std::fputs(help, asked ? stdout : stderr);
    return asked ? 0 : exit_failure;
  }
  std::fprintf(stderr, "posada: there is no command '%s'\n", called.c_str());
  std::vector<std::string> known = family_names();
  for (const char* word : {"serve", "down", "api", "config", "completion"})
    known.emplace_back(word);
  const std::string meant = nearest(called, known);
  const std::string hint =
      meant.empty() ? "'posada help' lists the commands." : "Did you mean 'posada " + meant + "'?";
  std::fprintf(stderr, "%s\n", hint.c_str());
  return exit_failure;
}

}  // namespace posada::app

// What the node can do, and a report on it.
#include <algorithm>

#include "api/handlers/machine.h"
#include "api/request/nodes.h"
#include "api/request/nodes_capabilities.h"
#include "api/request/nodes_vzdump.h"
#include "base/text.h"
#include "guest/registry.h"
#include "host/host.h"
#include "host/options.h"
#include "host/report.h"
#include "storage/storage.h"
#include "vm/cpu_vendor.h"

namespace posada::api {
namespace {

constexpr const char* emulator = "qemu-system-x86_64";

void require_own_architecture(const std::optional<std::string>& arch) {
  if (arch.value_or("x86_64") == "x86_64") return;
  throw Error::parameter("arch", "this node's QEMU runs x86_64 guests only");
}

// First words of the lines that `-machine help` or `-cpu help` prints.
sys::Async<std::vector<std::string>> emulator_list(host::Programs& programs, std::string option) {
  const std::string text = co_await host::output_of(
      programs, host::Run{.arguments = {emulator, std::move(option), "help"}});
  std::vector<std::string> names;
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> words = split_list(line, " ");
    if (words.size() > 1 && words[0] == "x86") {
      names.push_back(words[1]);  // older ones write "x86 NAME"
    } else if (!words.empty()) {
      names.push_back(words[0]);
    }
  }
  co_return names;
}

// Models that clients may name and that the QEMU of this node has.
sys::Async<Answer> list_cpus(Call&, const Machine& machine, nodes_capabilities::CpuIndex request) {
  require_own_architecture(request.arch);
  const std::vector<std::string> known = co_await emulator_list(machine.host->programs, "-cpu");
  const std::vector<std::string> path = {"cluster", "qemu", "custom-cpu-models"};
  const Parameter* model = find_route(Verb::post, path).method->parameter("reported-model");
  json::array rows;
  for (const std::string_view name : model->rule->choices) {
    if (std::find(known.begin(), known.end(), name) == known.end()) continue;
    const std::string_view vendor = vm::vendor_of(name);
    rows.push_back(json::object{
        {"name", name}, {"custom", 0}, {"vendor", vendor.empty() ? "default" : vendor}});
  }
  co_return rows;
}

sys::Async<Answer> list_machines(Call&, const Machine& machine, nodes_capabilities::Types request) {
  require_own_architecture(request.arch);
  json::array rows;
  for (const std::string& id : co_await emulator_list(machine.host->programs, "-machine")) {
    const bool q35 = id.starts_with("pc-q35-");
    if (!q35 && !id.starts_with("pc-i440fx-")) continue;
    rows.push_back(json::object{
        {"id", id}, {"type", q35 ? "q35" : "i440fx"}, {"version", id.substr(id.rfind('-') + 1)}});
  }
  co_return rows;
}

sys::Async<Answer> migration_support(Call&, nodes_capabilities::Capabilities) {
  co_return json::object{{"has-dbus-vmstate", false}};
}

// What a backup does where neither the call nor a job says otherwise, as the call declares it.
sys::Async<Answer> backup_defaults(Call& call, nodes_vzdump::Defaults request) {
  const std::vector<std::string> path = {"nodes", call.services.node, "vzdump"};
  json::object answer;
  for (const Parameter* parameter : find_route(Verb::post, path).method->parameters) {
    const Rule& rule = *parameter->rule;
    if (!rule.has_default) continue;
    const std::string text(rule.default_text);
    if (rule.type == ValueType::string) {
      answer[parameter->name] = text;
    } else {
      answer[parameter->name] = to_integer(text).value_or(0);
    }
  }
  answer["fleecing"] = json::object{{"enabled", 0}};
  answer["performance"] = json::object{{"max-workers", 16}, {"pbs-entries-max", 1048576}};
  const std::string storage = request.storage.value_or("local");
  const auto all = call.services.storages->definitions();
  const bool known = std::ranges::any_of(all, [&](const auto& one) { return one.name == storage; });
  if (!known && !request.storage) co_return answer;
  const auto definition = call.services.storages->definition(storage);  // throws without it
  answer["storage"] = storage;
  if (!definition.path().empty()) {
    answer["dumpdir"] =
        definition.path() + "/" + definition.folder(::posada::storage::Content::backup);
  }
  co_return answer;
}

sys::Async<Answer> write_report(Call& call, const Machine& machine, nodes::Report) {
  const Services& services = call.services;
  std::string text = "==== node ====\n\n" + services.product + " (" + services.build + "), API " +
                     services.version + ", node " + services.node + "\n\n";
  text += "==== settings of the data center ====\n\n" + machine.datacenter->text() + "\n";
  text += "==== settings of the node ====\n\n" + machine.node_options->text() + "\n";
  text += "==== guests ====\n\n";
  for (const guest::Record& record : services.registry->list()) {
    text +=
        std::string(path_name(record.kind)) + "/" + record.id.text() + " on " + record.node + "\n";
  }
  text += "\n==== storages ====\n\n";
  for (const ::posada::storage::Definition& definition : services.storages->definitions()) {
    text += definition.type + ": " + definition.name + "\n";
  }
  text += "\n" + co_await host::machine_report(*machine.host);
  co_return Answer(json::value(text));
}

}  // namespace

void register_node_reports(MachineRouter& router) {
  router.on<nodes_capabilities::CpuIndex>(list_cpus);
  router.on<nodes_capabilities::Types>(list_machines);
  router.on<nodes_capabilities::Capabilities>(migration_support);
  router.on<nodes_vzdump::Defaults>(backup_defaults);
  router.on<nodes::Report>(write_report);
}

}  // namespace posada::api

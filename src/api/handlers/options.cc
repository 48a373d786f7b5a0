// The settings of the data center and of this node.
#include "host/options.h"

#include <set>

#include "access/permissions.h"
#include "api/handlers/machine.h"
#include "api/request/cluster.h"
#include "api/request/nodes.h"
#include "base/text.h"
#include "telemetry/board.h"

namespace posada::api {
namespace {

using ::posada::access::Privilege;

// Settings that are property strings and leave the server taken apart; their formats' names.
struct TakenApart {
  std::string_view key, format;
};
constexpr TakenApart taken_apart[] = {
    {"crs", "scheduling"},      {"ha", "ha-settings"}, {"migration", "migration"},
    {"next-id", "next-id"},     {"notify", "notify"},  {"replication", "migration"},
    {"tag-style", "tag-style"}, {"u2f", "u2f"},        {"user-tag-access", "user-tag-access"},
    {"webauthn", "webauthn"},
};

void add_tags(std::set<std::string>& tags, const std::optional<std::string>& list) {
  if (!list) return;
  for (std::string& tag : split_list(*list)) tags.insert(std::move(tag));
}

// The tags that the caller may give to guests.
json::array allowed_tags(const Call& call, const json::object& options) {
  const bool privileged = call.services.permissions->may(call.identity, "/", Privilege::sys_modify);
  std::set<std::string> registered, tags;
  add_tags(registered, text_member(options, "registered-tags"));
  const std::string access = text_member(options, "user-tag-access").value_or("");
  const json::value rules = host::property_object("user-tag-access", access);
  std::string allow = "free";
  if (rules.is_object()) {
    allow = text_member(rules.get_object(), "user-allow").value_or("free");
    if (allow != "none" || privileged) {
      add_tags(tags, text_member(rules.get_object(), "user-allow-list"));
    }
  }
  if (allow == "free" || allow == "existing" || privileged) {
    for (const char* kind : {"qemu/", "lxc/"}) {
      call.services.board->each(kind, [&](const telemetry::Row& row) {
        const std::string path = "/vms/" + text_member(row.values, "vmid").value_or("");
        if (!call.services.permissions->may(call.identity, path, Privilege::vm_audit)) return;
        std::set<std::string> given;
        add_tags(given, text_member(row.values, "tags"));
        for (const std::string& tag : given) {
          if (!registered.contains(tag)) tags.insert(tag);
        }
      });
    }
  }
  if (privileged) tags.insert(registered.begin(), registered.end());
  json::array result;
  for (const std::string& tag : tags) result.push_back(json::value(tag));
  return result;
}

sys::Async<Answer> get_datacenter(Call& call, const Machine& machine, cluster::GetOptions) {
  const json::object options = machine.datacenter->values();
  const bool audit = call.services.permissions->may(call.identity, "/", Privilege::sys_audit);
  json::object answer;
  if (audit) {
    answer = options;
    if (!answer.contains("description")) answer["description"] = "";
    if (!answer.contains("mac_prefix")) answer["mac_prefix"] = "BC:24:11";
  } else {
    for (const char* key : {"console", "tag-style"}) {
      if (const json::value* value = options.if_contains(key)) answer[key] = *value;
    }
  }
  for (const auto& [key, format] : taken_apart) {
    if (json::value* value = answer.if_contains(key)) {
      *value = host::property_object(format, text_of(*value));
    }
  }
  if (const auto registered = text_member(answer, "registered-tags")) {
    json::array list;
    for (const std::string& tag : split_list(*registered)) list.push_back(json::value(tag));
    answer["registered-tags"] = std::move(list);
  }
  answer["allowed-tags"] = allowed_tags(call, options);
  co_return answer;
}

// What a request sets: everything but these.
json::object settings_of(const json::object& parameters) {
  json::object set = parameters;
  for (const char* key : {"node", "delete", "digest"}) set.erase(key);
  return set;
}

sys::Async<Answer> set_datacenter(Call& call, const Machine& machine, cluster::SetOptions request) {
  co_await machine.datacenter->change(settings_of(call.parameters),
                                      split_list(request.delete_.value_or("")), "");
  co_return nullptr;
}

sys::Async<Answer> get_node(Call&, const Machine& machine, nodes::GetConfig request) {
  const json::object options = machine.node_options->values();
  json::object answer;
  for (const auto& [key, value] : options) {
    const bool wanted = request.property.value_or("all") == "all" || key == *request.property;
    if (wanted) answer[key] = value.is_string() ? value : json::value(text_of(value));
  }
  if (!options.empty()) answer["digest"] = machine.node_options->digest();
  co_return answer;
}

sys::Async<Answer> set_node(Call& call, const Machine& machine, nodes::SetOptions request) {
  co_await machine.node_options->change(settings_of(call.parameters),
                                        split_list(request.delete_.value_or("")),
                                        request.digest.value_or(""));
  co_return nullptr;
}

}  // namespace

void register_options(MachineRouter& router) {
  router.on<cluster::GetOptions>(get_datacenter);
  router.on<cluster::SetOptions>(set_datacenter);
  router.on<nodes::GetConfig>(get_node);
  router.on<nodes::SetOptions>(set_node);
}

}  // namespace posada::api

#include "api/handlers/resource_rows.h"

#include <algorithm>
#include <array>

#include "access/permissions.h"
#include "store/mirror.h"
#include "sys/file.h"

namespace posada::api {
namespace {

using access::Privilege;

constexpr std::size_t most_answers = 64;
constexpr std::size_t most_identities = 1000;

std::string member(const json::object& row, std::string_view name) {
  return text_member(row, name).value_or("");
}

std::vector<std::string_view> prefixes(RowList list) {
  switch (list) {
    case RowList::everything:
      return {""};
    case RowList::guests:
      return {"lxc/", "qemu/"};
    case RowList::storages:
      return {"storage/"};
    case RowList::nodes:
      return {"node/"};
    case RowList::machines:
      return {"qemu/"};
    case RowList::containers:
      return {"lxc/"};
    case RowList::nothing:
      break;
  }
  return {};
}

bool belongs_to_node(RowList list) {
  return list == RowList::machines || list == RowList::containers;
}

// What the board's row has beside the guest's own figures.
std::string guest_text(const json::object& row) {
  static constexpr std::array<std::string_view, 4> of_resource{"id", "node", "pool", "maxcpu"};
  const bool container = member(row, "type") == "lxc";
  json::object fields;
  for (const auto& [key, value] : row) {
    const std::string_view name(key.data(), key.size());
    const bool template_flag = name == "template" && value == json::value(0);
    const bool kind = name == "type" && value == json::value("qemu");
    const bool same_as_mem = name == "memhost" && container;
    if (template_flag || kind || same_as_mem ||
        std::ranges::find(of_resource, name) != of_resource.end()) {
      continue;
    }
    fields.emplace(key, value);
  }
  return json::serialize(fields);
}

json::object node_name(const json::object& row) {
  json::object fields;
  for (const std::string_view name : {"id", "type", "node", "status", "level", "cgroup-mode"}) {
    fields[name] = row.at(name);
  }
  return fields;
}

std::string listed_text(const telemetry::Row& row, Sight sight) {
  return row.id.starts_with("node/") ? json::serialize(listed_node(row.values, sight)) : row.text;
}

bool may_see(const Services& services, const Identity& identity, const json::object& row) {
  access::Permissions& permissions = *services.permissions;
  const std::string type = member(row, "type");
  if (type == "qemu" || type == "lxc") {
    return permissions.may(identity, "/vms/" + member(row, "vmid"), Privilege::vm_audit);
  }
  if (type == "storage") {
    return permissions.may(identity, "/storage/" + member(row, "storage"),
                           {Privilege::datastore_audit, Privilege::datastore_allocate_space}, true);
  }
  if (type == "pool") {
    return permissions.may(identity, "/pool/" + member(row, "pool"), Privilege::pool_audit);
  }
  return permissions.may(identity, "/nodes/" + member(row, "node"), Privilege::sys_audit);
}

}  // namespace

Sight sight(const Services& services, const Identity& identity, const json::object& row) {
  if (may_see(services, identity, row)) return Sight::whole;
  return member(row, "type") == "node" ? Sight::name : Sight::nothing;
}

std::string row_text(const telemetry::Row& row, Sight sight) {
  return sight == Sight::name ? json::serialize(node_name(row.values)) : row.text;
}

json::object listed_node(const json::object& row, Sight sight) {
  if (sight == Sight::name) return node_name(row);
  json::object fields = row;
  for (const std::string_view name : {"swap", "maxswap", "loadavg", "network-failure"})
    fields.erase(name);
  return fields;
}

Answer ResourceTexts::answer(const Services& services, const Identity& identity, RowList list) {
  Answer answer;
  answer.raw.emplace();
  answer.raw->content_type = "application/json;charset=UTF-8";
  answer.raw->body = BodyKind::memory;
  answer.descriptor = get(services, identity, list)->duplicate();
  return answer;
}

std::shared_ptr<const sys::Fd> ResourceTexts::get(const Services& services,
                                                  const Identity& identity, RowList list) {
  publish_changes_();
  const std::uint64_t board = services.board->sequence();
  const std::uint64_t store = services.mirror->revision().number;
  if (board != board_ || answers_.size() >= most_answers) answers_.clear();
  if (answers_.empty() || store != store_ || of_identity_.size() >= most_identities) {
    of_identity_.clear();
  }
  board_ = board;
  store_ = store;
  std::shared_ptr<const sys::Fd>& answer = of_identity_[{identity, list}];
  if (!answer) answer = print(services, identity, list);
  return answer;
}

std::shared_ptr<const sys::Fd> ResourceTexts::print(const Services& services,
                                                    const Identity& identity, RowList list) {
  Key key{list, {}};
  std::vector<std::pair<const telemetry::Row*, Sight>> rows;
  for (const std::string_view prefix : prefixes(list)) {
    services.board->each(prefix, [&](const telemetry::Row& row) {
      if (belongs_to_node(list) && member(row.values, "node") != services.node) return;
      key.sights.push_back(sight(services, identity, row.values));
      if (key.sights.back() != Sight::nothing) rows.emplace_back(&row, key.sights.back());
    });
  }
  std::shared_ptr<const sys::Fd>& answer = answers_[key];
  if (answer) return answer;
  std::string text = R"({"data":[)";
  for (const auto& [row, sight] : rows) {
    if (row != rows.front().first) text += ',';
    text += belongs_to_node(list) ? guest_text(row->values) : listed_text(*row, sight);
  }
  text += "]}";
  answer = std::make_shared<const sys::Fd>(sys::sealed_memory("answer", text));
  return answer;
}

}  // namespace posada::api

#include "access/privileges.h"

#include <algorithm>

namespace posada::access {
namespace {

using Level = PrivilegeLevel;
using Area = PrivilegeArea;

PrivilegeSet select(bool (*wanted)(const PrivilegeInfo&)) {
  PrivilegeSet set;
  for (const PrivilegeInfo& info : privilege_table) {
    if (wanted(info)) set.insert(info.privilege);
  }
  return set;
}

PrivilegeSet area_up_to(Area area, Level highest) {
  PrivilegeSet set;
  for (const PrivilegeInfo& info : privilege_table) {
    const bool listed = info.level >= highest && info.level != Level::hidden;
    if (info.area == area && listed) set.insert(info.privilege);
  }
  return set;
}

std::map<std::string, PrivilegeSet, std::less<>> make_builtin_roles() {
  std::map<std::string, PrivilegeSet, std::less<>> roles;
  roles["Administrator"] = all_privileges();
  roles[std::string(role_no_access)] = {};
  roles["PVEAdmin"] = select([](const PrivilegeInfo& info) {
    return info.level != Level::root && info.level != Level::hidden &&
           info.privilege != Privilege::mapping_modify;
  });
  roles["PVEAuditor"] =
      select([](const PrivilegeInfo& info) { return info.level == Level::audit; });
  roles["PVETemplateUser"] = {Privilege::vm_audit, Privilege::vm_clone};

  struct AreaName {
    Area area;
    std::string_view name;
    bool has_user_role;
  };
  constexpr AreaName areas[] = {{Area::vm, "VM", true},
                                {Area::sys, "Sys", false},
                                {Area::datastore, "Datastore", true},
                                {Area::sdn, "SDN", true},
                                {Area::user, "User", false},
                                {Area::pool, "Pool", true},
                                {Area::mapping, "Mapping", true}};
  for (const AreaName& area : areas) {
    const std::string prefix = "PVE" + std::string(area.name);
    roles[prefix + "Admin"] = area_up_to(area.area, Level::admin);
    if (area.has_user_role) roles[prefix + "User"] = area_up_to(area.area, Level::user);
  }
  return roles;
}

}  // namespace

std::optional<Privilege> find_privilege(std::string_view name) {
  static const std::map<std::string_view, Privilege> by_name = [] {
    std::map<std::string_view, Privilege> index;
    for (const PrivilegeInfo& info : privilege_table) index.emplace(info.name, info.privilege);
    return index;
  }();
  const auto found = by_name.find(name);
  if (found == by_name.end()) return std::nullopt;
  return found->second;
}

std::vector<std::string> PrivilegeSet::names() const {
  std::vector<std::string> names;
  for (const PrivilegeInfo& info : privilege_table) {
    if (contains(info.privilege)) names.emplace_back(info.name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string PrivilegeList::joined(std::string_view separator) const {
  std::string text;
  for (const Privilege privilege : *this) {
    if (!text.empty()) text += separator;
    text += name_of(privilege);
  }
  return text;
}

PrivilegeSet all_privileges() {
  return select([](const PrivilegeInfo& info) { return info.level != Level::hidden; });
}

const std::map<std::string, PrivilegeSet, std::less<>>& builtin_roles() {
  static const auto roles = make_builtin_roles();
  return roles;
}

}  // namespace posada::access

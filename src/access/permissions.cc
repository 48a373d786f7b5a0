#include "access/permissions.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "base/text.h"

namespace posada::access {
namespace {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept {
    return std::hash<std::string_view>{}(text);
  }
};
template <class Value>
using TextMap = std::unordered_map<std::string, Value, TextHash, std::equal_to<>>;

// What the entries say on a path: privileges, and whether NoAccess stands there.
struct Own {
  Granted granted;
  bool no_access = false;
};

// The entries of one level that count for one identity.
struct PathLevel {
  std::vector<const AclRoles*> own;
  std::vector<const AclRoles*> of_groups;
};

// A path that the cache does not know costs two map look-ups a level; a caller who asks about
// ever new paths must not fill the memory.
constexpr std::size_t max_cached_paths = 50'000;
constexpr std::size_t max_views = 1'000;

std::string_view parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos || path.size() == 1) return {};
  return slash == 0 ? path.substr(0, 1) : path.substr(0, slash);
}

}  // namespace

// What one identity sees: the entries that are for it, and what was computed from them.
struct Permissions::View {
  const UserConfig& config;
  bool everything = false;  // root@pam
  View* limit = nullptr;    // a separated token's user
  TextMap<PathLevel> levels;
  TextMap<Own> cache;

  explicit View(const UserConfig& config_in) : config(config_in) {}

  // Points into the database: a view never outlives the state that it was made from.
  void collect(const Identity& identity) {
    const AclHolder self{identity.token.empty() ? AclHolder::Kind::user : AclHolder::Kind::token,
                         identity.text()};
    const Names groups = identity.token.empty() ? config.groups_of(identity.user) : Names{};
    for (const auto& [path, node] : config.acl) {
      PathLevel level;
      if (const auto found = node.find(self); found != node.end()) {
        level.own.push_back(&found->second);
      }
      for (const std::string& group : groups) {
        const auto found = node.find({AclHolder::Kind::group, group});
        if (found != node.end()) level.of_groups.push_back(&found->second);
      }
      if (!level.own.empty() || !level.of_groups.empty()) levels.emplace(path, std::move(level));
    }
  }

  // Roles with whether they propagate, of the entries that reach a path from this level: all of
  // them on the path itself (`exact`), else those that propagate.
  AclRoles reaching(const std::vector<const AclRoles*>& entries, bool exact) const {
    AclRoles roles;
    for (const AclRoles* entry : entries) {
      for (const auto& [role, propagates] : *entry) {
        if ((exact || propagates) && config.find_role(role)) roles[role] |= propagates;
      }
    }
    return roles;
  }

  // The nearest level that has a say decides alone, and on it the user before its groups.
  AclRoles roles(std::string_view path) const {
    bool exact = true;
    for (std::string_view at = path; !at.empty(); at = parent_of(at)) {
      if (const auto level = levels.find(at); level != levels.end()) {
        AclRoles found = reaching(level->second.own, exact);
        if (found.empty()) found = reaching(level->second.of_groups, exact);
        if (const auto none = found.find(role_no_access); none != found.end()) {
          return {{none->first, none->second}};
        }
        if (!found.empty()) return found;
      }
      exact = false;
    }
    return {};
  }

  Own compute(std::string_view path) const {
    Own own;
    for (const auto& [role, propagates] : roles(path)) {
      if (role == role_no_access) own.no_access = true;
      const PrivilegeSet privileges = config.find_role(role).value_or(PrivilegeSet{});
      own.granted.here |= privileges;
      if (propagates) own.granted.below |= privileges;
    }
    return own;
  }

  const Own& own(std::string_view path) {
    if (const auto found = cache.find(path); found != cache.end()) return found->second;
    if (cache.size() >= max_cached_paths) cache.clear();
    return cache.emplace(std::string(path), compute(path)).first->second;
  }

  // False when the pool takes everything away.
  bool add_pool(const std::string& pool, Granted& granted) {
    const Own& of_pool = own("/pool/" + pool);
    if (of_pool.no_access) return false;
    granted.here |= of_pool.granted.here;
    granted.below |= of_pool.granted.below;
    return true;
  }

  Granted with_pools(std::string_view path) {
    const Own& of_path = own(path);
    if (of_path.no_access) return {};
    Granted granted = of_path.granted;
    if (path.starts_with("/vms/")) {
      const auto number = to_integer(path.substr(5));
      if (!number || *number <= 0 || *number > UINT32_MAX) return granted;
      const std::string* pool = config.pool_of({static_cast<std::uint32_t>(*number)});
      if (pool != nullptr && !add_pool(*pool, granted)) return {};
    } else if (path.starts_with("/storage/")) {
      for (const std::string& pool : config.pools_of(path.substr(9))) {
        if (!add_pool(pool, granted)) return {};
      }
    }
    return granted;
  }

  Granted granted(std::string_view path) {
    if (everything) return {all_privileges(), all_privileges()};
    Granted result = with_pools(path);
    if (limit != nullptr && !limit->everything) {
      const Granted of_user = limit->granted(path);
      result.here &= of_user.here;
      result.below &= of_user.below;
    }
    return result;
  }
};

Permissions::Permissions(const UserConfig& config) : config_(config) {}
Permissions::~Permissions() = default;

void Permissions::changed() {
  views_.clear();
}

Permissions::View& Permissions::view(const Identity& identity) {
  if (const auto found = views_.find(identity); found != views_.end()) return *found->second;
  if (views_.size() >= max_views) views_.clear();
  if (!identity.token.empty()) {
    const Token* token = config_.find_token(identity.user, identity.token);
    if (token != nullptr && !token->separated) return view({identity.user, {}});
  }
  auto made = std::make_unique<View>(config_);
  made->everything = identity.is_root();
  if (config_.has(identity) && !made->everything) made->collect(identity);
  if (!identity.token.empty()) made->limit = &view({identity.user, {}});
  return *views_.emplace(identity, std::move(made)).first->second;
}

Granted Permissions::granted(const Identity& identity, std::string_view path) {
  return view(identity).granted(path);
}

PrivilegeSet Permissions::privileges(const Identity& identity, std::string_view path) {
  return granted(identity, path).here;
}

Names Permissions::roles(const Identity& identity, std::string_view path) {
  const View& seen = view(identity);
  if (seen.everything) return {"Administrator"};
  Names names;
  for (const auto& [role, unused] : seen.roles(path)) names.insert(role);
  return names;
}

bool Permissions::may(const Identity& identity, std::string_view path,
                      const PrivilegeList& privileges, bool any) {
  View& seen = view(identity);
  if (seen.everything) {
    // What only root may do is not done with one of root's tokens, unless it was given that.
    return identity.token.empty() || !privileges.set().contains(Privilege::sys_root);
  }
  const PrivilegeSet has = seen.granted(path).here;
  return any ? has.contains_any(privileges.set()) : has.contains_all(privileges.set());
}

void Permissions::check(const Identity& identity, std::string_view path,
                        const PrivilegeList& privileges, bool any) {
  if (may(identity, path, privileges, any)) return;
  if (any) throw Error::forbidden(path, privileges.joined("|"));
  const PrivilegeSet has = this->privileges(identity, path);
  for (const Privilege privilege : privileges) {
    if (!has.contains(privilege)) throw Error::forbidden(path, name_of(privilege));
  }
}

namespace {

PrivilegeList entry_privileges(std::string_view path) {
  if (path.starts_with("/storage/")) {
    return {Privilege::permissions_modify, Privilege::datastore_allocate};
  }
  if (path.starts_with("/vms/")) return {Privilege::permissions_modify, Privilege::vm_allocate};
  if (path.starts_with("/pool/")) return {Privilege::permissions_modify, Privilege::pool_allocate};
  return Privilege::permissions_modify;
}

}  // namespace

bool Permissions::may_change_entries(const Identity& identity, std::string_view path) {
  const auto normal = normalize_acl_path(path);
  return normal && may(identity, *normal, entry_privileges(*normal), true);
}

void Permissions::check_change_entries(const Identity& identity, std::string_view path) {
  const auto normal = normalize_acl_path(path);
  if (!normal) throw Error::forbidden(path, name_of(Privilege::permissions_modify));
  check(identity, *normal, entry_privileges(*normal), true);
}

bool Permissions::may_ask_about(const Identity& asker, const Identity& subject) {
  if (asker == subject || (asker.token.empty() && asker.user == subject.user)) return true;
  return may(asker, "/access", Privilege::sys_audit);
}

std::map<std::string, Granted> Permissions::all_granted(const Identity& identity) {
  Names paths = {"/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms"};
  for (const auto& [path, node] : config_.acl) paths.insert(path);
  for (const auto& [pool, unused] : config_.pools) {
    const PoolMembers& members = config_.members_of(pool);
    for (const GuestId guest : members.guests) paths.insert("/vms/" + guest.text());
    for (const std::string& storage : members.storages) paths.insert("/storage/" + storage);
  }
  std::map<std::string, Granted> result;
  for (const std::string& path : paths) {
    const Granted granted = this->granted(identity, path);
    if (!granted.here.empty()) result.emplace(path, granted);
  }
  return result;
}

std::map<std::string, PrivilegeSet> Permissions::capabilities(const Identity& identity) {
  struct Area {
    std::string_view name;
    std::string_view path;  // counts with all below it
    PrivilegeSet privileges;
  };
  const auto of = [](PrivilegeArea area) {
    PrivilegeSet set{Privilege::permissions_modify};
    for (const PrivilegeInfo& info : privilege_table) {
      if (info.area == area && info.level != PrivilegeLevel::hidden) set.insert(info.privilege);
    }
    return set;
  };
  const Area areas[] = {
      {"vms", "/vms", of(PrivilegeArea::vm)},
      {"storage", "/storage", of(PrivilegeArea::datastore)},
      {"nodes", "/nodes", of(PrivilegeArea::sys)},
      {"sdn", "/sdn", of(PrivilegeArea::sdn)},
      {"mapping", "/mapping", of(PrivilegeArea::mapping)},
      {"access",
       "/access",
       {Privilege::user_modify, Privilege::group_allocate, Privilege::permissions_modify}}};

  std::map<std::string, PrivilegeSet> result;
  for (const Area& area : areas) result[std::string(area.name)];
  // "/mapping" is no default path of all_granted, so that its answer is what clients expect.
  auto granted = all_granted(identity);
  granted["/mapping"] = this->granted(identity, "/mapping");
  for (const auto& [path, set] : granted) {
    for (const Area& area : areas) {
      const bool below = path == area.path || path.starts_with(std::string(area.path) + "/");
      if (below || path == "/") result[std::string(area.name)] |= set.here & area.privileges;
    }
  }
  for (const auto& [pool, unused] : config_.pools) {
    const PrivilegeSet set = privileges(identity, "/pool/" + pool);
    result["vms"] |= set & areas[0].privileges;
    result["storage"] |= set & areas[1].privileges;
  }
  result["dc"] = privileges(identity, "/") &
                 PrivilegeSet{Privilege::sys_audit, Privilege::sys_modify, Privilege::sdn_allocate,
                              Privilege::sdn_use, Privilege::sdn_audit};
  return result;
}

}  // namespace posada::access

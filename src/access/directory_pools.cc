// Roles and pools.
#include <algorithm>

#include "access/directory.h"
#include "access/identifiers.h"
#include "access/records.h"

namespace posada::access {

sys::Async<void> Directory::create_role(std::string role, PrivilegeSet privileges) {
  if (!config_.find_role(role)) co_await erase_all(role_dependents(role));
  co_await change("create role", [&] {
    if (config_.find_role(role)) {
      throw Error::failed("access.role-exists", "role '" + role + "' already exists");
    }
    store::Transaction transaction;
    transaction.require_absent(role_key(role)).put(role_key(role), value_of(privileges));
    return transaction;
  });
}

sys::Async<void> Directory::update_role(std::string role, PrivilegeSet privileges, bool append) {
  if (is_builtin_role(role)) {
    throw Error::failed("access.role-built-in",
                        "auto-generated role '" + role + "' cannot be modified");
  }
  co_await change("update role", [&] {
    const PrivilegeSet before = need_role(role);
    store::Transaction transaction;
    const store::Entry* entry = mirror_.find(role_key(role));
    transaction.require_modified(role_key(role), entry == nullptr ? 0 : entry->modified)
        .put(role_key(role), value_of(append ? before | privileges : privileges));
    return transaction;
  });
}

sys::Async<void> Directory::delete_role(std::string role) {
  if (is_builtin_role(role)) {
    throw Error::failed("access.role-built-in",
                        "auto-generated role '" + role + "' cannot be deleted");
  }
  auto check = [this, role] { need_role(role); };
  co_await erase_object("delete role", role_key(role), check,
                        [this, role] { return role_dependents(role); });
}

// Entries with it: a later role of the same name must not be granted by them.
std::vector<std::string> Directory::role_dependents(const std::string& role) const {
  std::vector<std::string> keys;
  for (const auto& [path, node] : config_.acl) {
    for (const auto& [holder, roles] : node) {
      if (roles.contains(role)) keys.push_back(acl_key(path, holder, role));
    }
  }
  return keys;
}

sys::Async<void> Directory::create_pool(std::string pool, std::string comment) {
  if (!config_.pools.contains(pool)) co_await erase_all(pool_dependents(pool));
  co_await change("create pool", [&] {
    if (config_.pools.contains(pool)) {
      throw Error::failed("access.pool-exists", "pool '" + pool + "' already exists");
    }
    store::Transaction transaction;
    if (const std::size_t slash = pool.rfind('/'); slash != std::string::npos) {
      const std::string parent = pool.substr(0, slash);
      if (!config_.pools.contains(parent)) {
        throw Error::failed("access.no-pool", "parent pool '" + parent + "' does not exist");
      }
      transaction.require_exists(pool_key(parent));
    }
    transaction.require_absent(pool_key(pool)).put(pool_key(pool), value_of(Pool{comment}));
    return transaction;
  });
}

namespace {

void change_guest(const UserConfig& config, store::Transaction& transaction,
                  const std::string& pool, GuestId guest, const PoolChange& wanted) {
  const std::string* now = config.pool_of(guest);
  const std::string name = "VM " + guest.text();
  const std::string key = pool_guest_key(guest);
  if (wanted.remove) {
    if (now == nullptr || *now != pool) {
      throw Error::failed("access.no-member", name + " is not a pool member");
    }
    transaction.require_exists(key).erase(key);
    return;
  }
  if (now != nullptr && *now == pool) {
    throw Error::failed("access.member", name + " is already a pool member");
  }
  if (now != nullptr && !wanted.allow_move) {
    throw Error::failed("access.other-pool", name + " belongs already to pool '" + *now +
                                                 "' and 'allow-move' is not set");
  }
  if (now == nullptr) {
    // A membership that was left behind by a pool that is gone does not count.
    transaction.put(key, pool);
  } else {
    transaction.require_exists(key).put(key, pool);
  }
}

void change_storage(const UserConfig& config, store::Transaction& transaction,
                    const std::string& pool, const std::string& storage, const PoolChange& wanted) {
  const bool member = config.members_of(pool).storages.contains(storage);
  const std::string key = pool_storage_key(storage, pool);
  if (wanted.remove != member) {
    throw Error::failed(
        member ? "access.member" : "access.no-member",
        "Storage '" + storage + (member ? "' is already a pool member" : "' is not a pool member"));
  }
  if (wanted.remove) {
    transaction.require_exists(key).erase(key);
  } else {
    transaction.require_absent(key).put(key, "1");
  }
}

}  // namespace

sys::Async<void> Directory::update_pool(std::string pool, PoolChange wanted) {
  const std::size_t members = wanted.guests.size() + wanted.storages.size();
  if (members >= store::max_operations) {
    throw Error::parameter(
        "vms", "at most 99 members can be changed at once, not " + std::to_string(members));
  }
  co_await change("update pools", [&] {
    need_pool(pool);
    store::Transaction transaction;
    if (wanted.comment) {
      transaction.put(pool_key(pool), value_of(Pool{*wanted.comment}));
    }
    transaction.require_exists(pool_key(pool));
    for (const GuestId guest : wanted.guests) {
      change_guest(config_, transaction, pool, guest, wanted);
    }
    for (const std::string& storage : wanted.storages) {
      change_storage(config_, transaction, pool, storage, wanted);
    }
    return transaction;
  });
}

sys::Async<void> Directory::delete_pool(std::string pool, std::function<bool(GuestId)> guest_exists,
                                        std::function<bool(const std::string&)> storage_exists) {
  auto check = [this, pool, guest_exists, storage_exists] {
    need_pool(pool);
    const auto not_empty = [&pool](const std::string& what) {
      return Error::failed("access.pool-not-empty",
                           "pool '" + pool + "' is not empty (contains " + what + ")");
    };
    for (const auto& [other, unused] : config_.pools) {
      if (other.starts_with(pool + "/")) throw not_empty("pool '" + other + "'");
    }
    const PoolMembers& members = config_.members_of(pool);
    for (const GuestId guest : members.guests) {
      if (guest_exists(guest)) throw not_empty("VM " + guest.text());
    }
    for (const std::string& storage : members.storages) {
      if (storage_exists(storage)) throw not_empty("storage '" + storage + "'");
    }
  };
  try {
    check();
  } catch (const Error& error) {
    throw error.prefixed("delete pool failed: ");
  }
  co_await erase_object("delete pool", pool_key(pool), check,
                        [this, pool] { return pool_dependents(pool); });
}

std::vector<std::string> Directory::pool_dependents(const std::string& pool) const {
  const std::string path = "/pool/" + pool;
  std::vector<std::string> keys =
      acl_keys([&](std::string_view of, const AclHolder&) { return of == path; });
  const auto members = config_.pool_members.find(pool);
  if (members == config_.pool_members.end()) return keys;
  for (const GuestId guest : members->second.guests) keys.push_back(pool_guest_key(guest));
  for (const std::string& storage : members->second.storages) {
    keys.push_back(pool_storage_key(storage, pool));
  }
  return keys;
}

void Directory::add_guest_to_pool(store::Transaction& transaction, const std::string& pool,
                                  GuestId guest) const {
  need_pool(pool);
  transaction.require_exists(pool_key(pool)).put(pool_guest_key(guest), pool);
}

sys::Async<void> Directory::forget_guest(GuestId guest) {
  const std::string path = "/vms/" + guest.text();
  std::vector<std::string> keys =
      acl_keys([&](std::string_view of, const AclHolder&) { return of == path; });
  if (mirror_.find(pool_guest_key(guest)) != nullptr) keys.push_back(pool_guest_key(guest));
  co_await erase_all(std::move(keys));
}

sys::Async<void> Directory::forget_storage(std::string storage) {
  const std::string path = "/storage/" + storage;
  std::vector<std::string> keys =
      acl_keys([&](std::string_view of, const AclHolder&) { return of == path; });
  for (const std::string& pool : config_.pools_of(storage)) {
    keys.push_back(pool_storage_key(storage, pool));
  }
  co_await erase_all(std::move(keys));
}

}  // namespace posada::access

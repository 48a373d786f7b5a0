#include "access/directory.h"

#include <algorithm>

#include "access/identifiers.h"
#include "access/records.h"
#include "access/user_config_text.h"
#include "base/text.h"

namespace posada::access {
namespace {

constexpr int max_races = 20;
constexpr std::size_t part_size = store::max_operations - 1;

Error absent(std::string what, std::string_view name) {
  std::string text = what + " '";
  text.append(name).append("' does not exist");
  return Error::failed("access.no-" + what, text, {{"name", std::string(name)}});
}

}  // namespace

Directory::Directory(store::Mirror& mirror) : mirror_(mirror) {}
Directory::~Directory() = default;

void Directory::start(std::function<void()> entries_changed) {
  entries_changed_ = std::move(entries_changed);
  config_ = {};
  mirror_.each(records_prefix, [this](const store::Entry& entry) {
    apply_record(config_, entry.key, entry.value);
  });
  subscription_ = mirror_.subscribe(std::string(records_prefix),
                                    [this](const store::Change& change) { apply(change); });
  entries_changed_();
}

void Directory::apply(const store::Change& change) {
  const auto value = change.entry ? std::optional(change.entry->value) : std::nullopt;
  if (apply_record(config_, change.key, value) == RecordEffect::entries) entries_changed_();
}

sys::Async<void> Directory::change(std::string action, Build build) {
  for (int attempt = 0; attempt < max_races; ++attempt) {
    store::Transaction transaction;
    try {
      transaction = build();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::failed) throw;
      throw error.prefixed(action + " failed: ");
    }
    if (transaction.operations.empty()) co_return;
    if (co_await mirror_.try_commit(std::move(transaction))) co_return;
  }
  throw Error::failed("store.conflict",
                      action + " failed: others change the same all the time, try again");
}

sys::Async<void> Directory::erase_all(std::vector<std::string> keys) {
  for (std::size_t start = 0; start < keys.size(); start += part_size) {
    store::Transaction transaction;
    for (std::size_t i = start; i < std::min(keys.size(), start + part_size); ++i) {
      transaction.erase(keys[i]);
    }
    co_await mirror_.commit(std::move(transaction));
  }
}

sys::Async<void> Directory::erase_object(std::string action, std::string key,
                                         std::function<void()> check, Dependents dependents) {
  // What does not fit goes first, so that the object itself goes last.
  for (std::vector<std::string> keys = dependents(); keys.size() > part_size; keys = dependents()) {
    keys.resize(part_size);
    co_await erase_all(std::move(keys));
  }
  co_await change(std::move(action), [&] {
    check();
    store::Transaction transaction;
    transaction.require_exists(key).erase(key);
    for (const std::string& dependent : dependents()) transaction.erase(dependent);
    return transaction;
  });
}

void Directory::add_if_present(std::vector<std::string>& keys, std::string key) const {
  if (mirror_.find(key) != nullptr) keys.push_back(std::move(key));
}

std::vector<std::string> Directory::acl_keys(
    const std::function<bool(std::string_view, const AclHolder&)>& chosen) const {
  std::vector<std::string> keys;
  for (const auto& [path, node] : config_.acl) {
    for (const auto& [holder, roles] : node) {
      if (!chosen(path, holder)) continue;
      for (const auto& [role, unused] : roles) keys.push_back(acl_key(path, holder, role));
    }
  }
  return keys;
}

const User Directory::need_user(std::string_view user) const {
  auto found = config_.find_user(user);
  if (!found) {
    std::string text = "no such user ('";
    throw Error::failed("access.no-user", text.append(user).append("')"),
                        {{"name", std::string(user)}});
  }
  return *found;
}

const Token& Directory::need_token(const Identity& token) const {
  const Token* found = config_.find_token(token.user, token.token);
  if (found == nullptr) {
    throw Error::failed("access.no-token",
                        "no such token '" + token.token + "' for user '" + token.user + "'");
  }
  return *found;
}

void Directory::need_group(std::string_view group) const {
  if (!config_.groups.contains(group)) throw absent("group", group);
}

PrivilegeSet Directory::need_role(std::string_view role) const {
  const auto found = config_.find_role(role);
  if (!found) throw absent("role", role);
  return *found;
}

const Pool& Directory::need_pool(std::string_view pool) const {
  const auto found = config_.pools.find(pool);
  if (found == config_.pools.end()) throw absent("pool", pool);
  return found->second;
}

sys::Async<void> Directory::update_acl(AclChange wanted) {
  const std::size_t records = wanted.roles.size() * wanted.holders.size();
  if (records > store::max_operations) {
    throw Error::parameter(
        "roles", "at most 100 entries can be changed at once, not " + std::to_string(records));
  }
  co_await change("ACL update", [&] {
    store::Transaction transaction;
    for (const std::string& role : wanted.roles) {
      need_role(role);
      if (!is_builtin_role(role)) transaction.require_exists(role_key(role));
      for (const AclHolder& holder : wanted.holders) {
        const std::string key = acl_key(wanted.path, holder, role);
        if (wanted.remove) {
          transaction.erase(key);
        } else {
          transaction.put(key, wanted.propagate ? "1" : "0");
        }
      }
    }
    for (const AclHolder& holder : wanted.holders) {
      if (holder.kind == AclHolder::Kind::group) {
        need_group(holder.id);
        transaction.require_exists(group_key(holder.id));
      } else if (holder.kind == AclHolder::Kind::token) {
        const Identity token = parse_identity(holder.id).value_or(Identity{holder.id, {}});
        need_token(token);
        transaction.require_exists(token_key(token.user, token.token));
      } else {
        if (!config_.has_user(holder.id)) throw absent("user", holder.id);
        if (holder.id != root_user) transaction.require_exists(user_key(holder.id));
      }
    }
    return transaction;
  });
}

std::string Directory::text() const {
  return print_user_config(config_);
}

sys::Async<void> Directory::put_text(std::string text) {
  check_user_config(text);
  const ParsedUserConfig parsed = parse_user_config(text);
  const auto wanted = records_of(parsed.config);
  const auto present = records_of(config_);
  store::Transaction all;
  for (const auto& [key, value] : present) {
    if (wanted.contains(key)) continue;
    all.erase(key);
    // A token or user that goes takes its secret along.
    if (key.starts_with(token_records_prefix)) {
      all.erase("priv/token/" + key.substr(token_records_prefix.size()));
    } else if (key.starts_with(user_records_prefix)) {
      all.erase(shadow_key(key.substr(user_records_prefix.size())));
    }
  }
  for (const auto& [key, value] : wanted) {
    const auto found = present.find(key);
    if (found == present.end() || found->second != value) all.put(key, value);
  }
  // Each key as it was seen, or absent.
  for (std::size_t start = 0; start < all.operations.size(); start += store::max_operations) {
    store::Transaction part;
    const std::size_t end = std::min(all.operations.size(), start + store::max_operations);
    for (std::size_t i = start; i < end; ++i) {
      part.operations.push_back(all.operations[i]);
      const std::string& key = std::visit(
          [](const auto& op) -> const std::string& { return op.key; }, all.operations[i]);
      const store::Entry* entry = mirror_.find(key);
      if (entry != nullptr) {
        part.require_modified(key, entry->modified);
      } else {
        part.require_absent(key);
      }
    }
    co_await mirror_.commit(std::move(part));
  }
}

}  // namespace posada::access

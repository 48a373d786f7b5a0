// Users, tokens and groups.
#include <algorithm>

#include "access/directory.h"
#include "access/identifiers.h"
#include "access/records.h"
#include "base/digest.h"
#include "base/text.h"
#include "sys/file.h"

namespace posada::access {
namespace {

void assign(User& user, const UserChange& change) {
  if (change.enabled) user.enabled = *change.enabled;
  if (change.expires) user.expires = *change.expires;
  if (change.first_name) user.first_name = *change.first_name;
  if (change.last_name) user.last_name = *change.last_name;
  if (change.email) user.email = *change.email;
  if (change.comment) user.comment = *change.comment;
  if (change.keys) user.keys = *change.keys;
}

void assign(Token& token, const TokenChange& change) {
  if (change.expires) token.expires = *change.expires;
  if (change.separated) token.separated = *change.separated;
  if (change.comment) token.comment = *change.comment;
}

}  // namespace

void Directory::put_user(store::Transaction& transaction, const std::string& user, User record,
                         const UserChange& wanted) const {
  assign(record, wanted);
  transaction.put(user_key(user), value_of(record));
  if (!wanted.groups) return;
  for (const std::string& group : *wanted.groups) {
    if (!config_.groups.contains(group)) {
      throw Error::failed("access.no-group", "no such group '" + group + "'");
    }
    transaction.require_exists(group_key(group)).put(group_member_key(group, user), "1");
  }
  if (wanted.append_groups) return;
  for (const std::string& group : config_.groups_of(user)) {
    if (!wanted.groups->contains(group)) transaction.erase(group_member_key(group, user));
  }
}

sys::Async<void> Directory::create_user(std::string user, UserChange wanted,
                                        std::vector<store::Put> secrets) {
  if (!config_.has_user(user)) co_await erase_all(user_dependents(user));
  co_await change("create user", [&] {
    if (config_.has_user(user)) {
      throw Error::failed("access.user-exists", "user '" + user + "' already exists");
    }
    User record;
    record.enabled = true;
    store::Transaction transaction;
    transaction.require_absent(user_key(user));
    put_user(transaction, user, record, wanted);
    for (const store::Put& secret : secrets) transaction.put(secret.key, secret.value);
    return transaction;
  });
}

sys::Async<void> Directory::update_user(std::string user, UserChange wanted) {
  co_await change("update user", [&] {
    const User record = need_user(user);
    store::Transaction transaction;
    const store::Entry* entry = mirror_.find(user_key(user));
    if (entry != nullptr) {
      transaction.require_modified(entry->key, entry->modified);
    } else {
      transaction.require_absent(user_key(user));
    }
    put_user(transaction, user, record, wanted);
    return transaction;
  });
}

sys::Async<void> Directory::delete_user(std::string user) {
  if (user == root_user) {
    throw Error::failed("access.root-stays", "delete user failed: root@pam cannot be deleted");
  }
  if (user_dependents(user).size() > 50) {
    // In several transactions: first make sure that half a user can do nothing.
    UserChange disable;
    disable.enabled = false;
    co_await update_user(user, disable);
  }
  auto check = [this, user] {
    if (!config_.users.contains(user)) {
      throw Error::failed("access.no-user", "user '" + user + "' does not exist");
    }
  };
  co_await erase_object("delete user", user_key(user), check,
                        [this, user] { return user_dependents(user); });
}

std::vector<std::string> Directory::user_dependents(const std::string& user) const {
  std::vector<std::string> keys = acl_keys([&](std::string_view, const AclHolder& holder) {
    return (holder.kind == AclHolder::Kind::user && holder.id == user) ||
           (holder.kind == AclHolder::Kind::token && holder.id.starts_with(user + "!"));
  });
  if (const auto tokens = config_.tokens.find(user); tokens != config_.tokens.end()) {
    for (const auto& [name, unused] : tokens->second) {
      keys.push_back(token_key(user, name));
      add_if_present(keys, token_secret_key(user, name));
    }
  }
  add_if_present(keys, shadow_key(user));
  for (const auto& [group, members] : config_.group_members) {
    if (members.contains(user)) keys.push_back(group_member_key(group, user));
  }
  return keys;
}

sys::Async<void> Directory::write_secrets(std::string user, std::vector<store::Put> secrets) {
  if (secrets.empty()) co_return;
  store::Transaction transaction;
  if (user != root_user) transaction.require_exists(user_key(user));
  for (store::Put& secret : secrets) transaction.put(secret.key, secret.value);
  co_await mirror_.commit(std::move(transaction));
}

std::vector<std::string> Directory::token_dependents(const Identity& token) const {
  auto keys = acl_keys([&](std::string_view, const AclHolder& holder) {
    return holder.kind == AclHolder::Kind::token && holder.id == token.text();
  });
  add_if_present(keys, token_secret_key(token.user, token.token));
  return keys;
}

sys::Async<std::string> Directory::create_token(Identity token, TokenChange wanted) {
  need_user(token.user);
  if (config_.find_token(token.user, token.token) != nullptr) {
    throw Error::parameter("tokenid", "Token already exists.");
  }
  co_await erase_all(token_dependents(token));
  const std::string secret = sys::random_uuid();
  co_await change("generating token", [&] {
    need_user(token.user);
    if (config_.find_token(token.user, token.token) != nullptr) {
      throw Error::failed("access.token-exists", "Token already exists.");
    }
    Token record;
    record.separated = true;
    assign(record, wanted);
    store::Transaction transaction;
    const std::string key = token_key(token.user, token.token);
    transaction.require_absent(key).put(key, value_of(record));
    transaction.put(token_secret_key(token.user, token.token), sha256_hex(secret));
    if (token.user != root_user) transaction.require_exists(user_key(token.user));
    return transaction;
  });
  co_return secret;
}

sys::Async<void> Directory::update_token(Identity token, TokenChange wanted) {
  need_token(token);
  co_await change("updating token info", [&] {
    Token record = need_token(token);
    assign(record, wanted);
    store::Transaction transaction;
    const std::string key = token_key(token.user, token.token);
    const store::Entry* entry = mirror_.find(key);
    transaction.require_modified(key, entry == nullptr ? 0 : entry->modified)
        .put(key, value_of(record));
    return transaction;
  });
}

sys::Async<std::string> Directory::renew_token(Identity token) {
  need_token(token);
  const std::string secret = sys::random_uuid();
  co_await change("updating token info", [&] {
    need_token(token);
    store::Transaction transaction;
    transaction.require_exists(token_key(token.user, token.token));
    transaction.put(token_secret_key(token.user, token.token), sha256_hex(secret));
    return transaction;
  });
  co_return secret;
}

sys::Async<void> Directory::delete_token(Identity token) {
  need_token(token);
  co_await erase_object(
      "deleting token", token_key(token.user, token.token), [this, token] { need_token(token); },
      [this, token] { return token_dependents(token); });
}

bool Directory::is_token_secret(const Identity& token, std::string_view secret) const {
  const std::string given = sha256_hex(secret);
  const store::Entry* entry = mirror_.find(token_secret_key(token.user, token.token));
  const bool known = entry != nullptr && config_.find_token(token.user, token.token) != nullptr;
  // Against the hash of nothing when there is no such token.
  const std::string expected = known ? entry->value : std::string(given.size(), '0');
  return equal_constant_time(given, expected) && known;
}

sys::Async<void> Directory::create_group(std::string group, std::string comment) {
  if (!config_.groups.contains(group)) co_await erase_all(group_dependents(group));
  co_await change("create group", [&] {
    if (config_.groups.contains(group)) {
      throw Error::failed("access.group-exists", "group '" + group + "' already exists");
    }
    store::Transaction transaction;
    transaction.require_absent(group_key(group)).put(group_key(group), value_of(Group{comment}));
    return transaction;
  });
}

sys::Async<void> Directory::update_group(std::string group, std::optional<std::string> comment) {
  co_await change("update group", [&] {
    need_group(group);
    store::Transaction transaction;
    if (comment) {
      transaction.require_exists(group_key(group)).put(group_key(group), value_of(Group{*comment}));
    }
    return transaction;
  });
}

sys::Async<void> Directory::delete_group(std::string group) {
  auto check = [this, group] { need_group(group); };
  co_await erase_object("delete group", group_key(group), check,
                        [this, group] { return group_dependents(group); });
}

std::vector<std::string> Directory::group_dependents(const std::string& group) const {
  std::vector<std::string> keys = acl_keys([&](std::string_view, const AclHolder& holder) {
    return holder.kind == AclHolder::Kind::group && holder.id == group;
  });
  if (const auto members = config_.group_members.find(group);
      members != config_.group_members.end()) {
    for (const std::string& user : members->second) keys.push_back(group_member_key(group, user));
  }
  return keys;
}

}  // namespace posada::access

// The user database of this cluster: reads its records through the store's mirror, keeps them as
// one UserConfig in memory, and is the only one that changes them.
//
// Every change is one transaction whose preconditions hold what was looked at (a change of more
// than 99 records is made in several, ordered so that it takes rights away before it finishes).
// A change that lost a race is worked out anew on what the other left. Faults carry the wire's
// sentences ("create user failed: user 'x@pve' already exists"). Who may ask for a change is not
// decided here but by the caller, with Permissions.
//
// Lifecycle: constructed once by the composition root, start() after the mirror's. One thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "access/user_config.h"
#include "store/mirror.h"

namespace posada::access {

// What a request wants changed of a user; nothing: as it is.
struct UserChange {
  std::optional<bool> enabled;
  std::optional<std::int64_t> expires;
  std::optional<std::string> first_name, last_name, email, comment, keys;
  std::optional<Names> groups;
  bool append_groups = false;  // else the groups given replace those it has
};

struct TokenChange {
  std::optional<std::int64_t> expires;
  std::optional<bool> separated;
  std::optional<std::string> comment;
};

struct AclChange {
  std::string path;  // normalized
  Names roles;
  std::vector<AclHolder> holders;
  bool propagate = true;
  bool remove = false;
};

struct PoolChange {
  std::optional<std::string> comment;
  std::vector<GuestId> guests;
  std::vector<std::string> storages;
  bool remove = false;      // take the members out instead of adding them
  bool allow_move = false;  // a guest may leave the pool that it is in
};

class Directory {
 public:
  explicit Directory(store::Mirror& mirror);
  ~Directory();
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  // Reads the records and follows them. `entries_changed` is called after every change of anything
  // but pool membership: Permissions::changed belongs there.
  void start(std::function<void()> entries_changed);
  const UserConfig& config() const { return config_; }

  // `secrets` go into the same transaction (the password's hash).
  sys::Async<void> create_user(std::string user, UserChange change,
                               std::vector<store::Put> secrets = {});
  sys::Async<void> update_user(std::string user, UserChange change);
  // With its tokens, memberships, entries and secrets.
  sys::Async<void> delete_user(std::string user);
  sys::Async<void> write_secrets(std::string user, std::vector<store::Put> secrets);

  // The secret, which is shown once and kept only as a hash.
  sys::Async<std::string> create_token(Identity token, TokenChange change);
  sys::Async<void> update_token(Identity token, TokenChange change);
  sys::Async<std::string> renew_token(Identity token);
  sys::Async<void> delete_token(Identity token);
  // True when `secret` is the token's; takes the same time whether or not the token exists.
  bool is_token_secret(const Identity& token, std::string_view secret) const;

  sys::Async<void> create_group(std::string group, std::string comment);
  sys::Async<void> update_group(std::string group, std::optional<std::string> comment);
  sys::Async<void> delete_group(std::string group);

  sys::Async<void> create_role(std::string role, PrivilegeSet privileges);
  sys::Async<void> update_role(std::string role, PrivilegeSet privileges, bool append);
  sys::Async<void> delete_role(std::string role);

  sys::Async<void> update_acl(AclChange change);

  sys::Async<void> create_pool(std::string pool, std::string comment);
  sys::Async<void> update_pool(std::string pool, PoolChange change);
  // Refused while it has members or pools below it; guests that `guest_exists` does not know do not
  // count, and likewise storages.
  sys::Async<void> delete_pool(std::string pool, std::function<bool(GuestId)> guest_exists,
                               std::function<bool(const std::string&)> storage_exists);

  // For whoever creates a guest: puts it into the pool in the guest's own transaction.
  void add_guest_to_pool(store::Transaction& transaction, const std::string& pool,
                         GuestId guest) const;
  // For whoever deletes a guest or storage: removes pool memberships and entries on its path, so
  // that a later one of the same name inherits no rights.
  sys::Async<void> forget_guest(GuestId guest);
  sys::Async<void> forget_storage(std::string storage);

  // The whole database as text, and what a text makes of it. A line that cannot be understood is
  // refused (check_user_config) and nothing changes.
  std::string text() const;
  sys::Async<void> put_text(std::string text);

  // Throw the wire's sentences when there is none.
  const User need_user(std::string_view user) const;
  const Token& need_token(const Identity& token) const;
  void need_group(std::string_view group) const;
  PrivilegeSet need_role(std::string_view role) const;
  const Pool& need_pool(std::string_view pool) const;

 private:
  using Build = std::function<store::Transaction()>;

  void apply(const store::Change& change);
  // Commits what `build` makes of the present state, again when it lost a race. Faults of `build`
  // get "ACTION failed: " before their sentence.
  sys::Async<void> change(std::string action, Build build);
  // What belongs to an object and goes with it: keys of records that exist.
  using Dependents = std::function<std::vector<std::string>()>;
  sys::Async<void> erase_all(std::vector<std::string> keys);
  // Deletes a record with what belongs to it.
  sys::Async<void> erase_object(std::string action, std::string key, std::function<void()> check,
                                Dependents dependents);
  std::vector<std::string> user_dependents(const std::string& user) const;
  std::vector<std::string> token_dependents(const Identity& token) const;
  std::vector<std::string> group_dependents(const std::string& group) const;
  std::vector<std::string> role_dependents(const std::string& role) const;
  std::vector<std::string> pool_dependents(const std::string& pool) const;
  std::vector<std::string> acl_keys(
      const std::function<bool(std::string_view path, const AclHolder&)>& chosen) const;
  void add_if_present(std::vector<std::string>& keys, std::string key) const;
  void put_user(store::Transaction& transaction, const std::string& user, User record,
                const UserChange& change) const;

  store::Mirror& mirror_;
  UserConfig config_;
  std::function<void()> entries_changed_;
  std::shared_ptr<void> subscription_;
};

}  // namespace posada::access

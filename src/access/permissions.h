// Who may do what where: roles and privileges of an identity on a path, computed from the user
// database.
//
// Features and the API ask here before they act; nothing else decides. What an identity has on a
// path is computed once for each state of the database: the cache is dropped when users, groups,
// roles or access control entries change, and pool membership is looked up each time, so a new
// guest costs no one's cache. Runs on the loop; never waits; reads the database that it was given.
//
// Rules. Entries hang on paths; walking from "/" to the object, each level that has entries for
// the identity replaces what was gathered before, the user's own entries going before those of
// its groups. Entries that do not propagate count on their own path only. Among the final roles
// NoAccess stands alone and gives nothing. Guests and storages also have what the identity has on
// their pools. A token with separated privileges has what its own entries give, at most what its
// user has; another token is its user. root@pam may do everything.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "access/privileges.h"
#include "access/user_config.h"
#include "base/error.h"
#include "base/ids.h"

namespace posada::access {

// Privileges on one path, and those among them that also hold below it.
struct Granted {
  PrivilegeSet here;
  PrivilegeSet below;
};

class Permissions {
 public:
  // `config` must outlive this; call `changed` after every change but pool membership.
  explicit Permissions(const UserConfig& config);
  ~Permissions();
  Permissions(const Permissions&) = delete;
  Permissions& operator=(const Permissions&) = delete;

  void changed();

  // Throws Error::forbidden(path, …) unless the identity has all (or, with `any`, one) of the
  // privileges on the path; the text names the first that is missing, or all alternatives.
  void check(const Identity& identity, std::string_view path, const PrivilegeList& privileges,
             bool any = false);
  bool may(const Identity& identity, std::string_view path, const PrivilegeList& privileges,
           bool any = false);
  PrivilegeSet privileges(const Identity& identity, std::string_view path);
  Granted granted(const Identity& identity, std::string_view path);
  // Names of the roles that the entries give; pools do not count.
  Names roles(const Identity& identity, std::string_view path);

  // May the identity change entries on the path, however it is spelled? Permissions.Modify, or what
  // lets it allocate the object itself.
  bool may_change_entries(const Identity& identity, std::string_view path);
  void check_change_entries(const Identity& identity, std::string_view path);

  // May `asker` see what `subject` may do? Its own always, a user its tokens', others with
  // Sys.Audit on /access.
  bool may_ask_about(const Identity& asker, const Identity& subject);

  // Every path that entries or pools name, with what the identity has there; empty ones left out.
  std::map<std::string, Granted> all_granted(const Identity& identity);
  // What the page shows or hides: privileges the identity has anywhere, by area
  // ("vms", "storage", "access", "nodes", "dc", "sdn", "mapping").
  std::map<std::string, PrivilegeSet> capabilities(const Identity& identity);

 private:
  struct View;
  View& view(const Identity& identity);

  const UserConfig& config_;
  std::map<Identity, std::unique_ptr<View>> views_;
};

}  // namespace posada::access

// What the API offers, as constant tables made from the files under api/: methods, their
// parameters and permission rules, and the tree of paths. The router finds methods here, the
// command line its options, `posada api list` its output.
//
// The tables live in the read-only part of the program: nothing is built at start, pointers and
// views stay valid for ever, any thread may read them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/rule.h"

namespace posada::api {

// Place of a method in methods(); stable within one build only, so never stored or sent.
using MethodId = std::uint16_t;

enum class Verb : std::uint8_t { get, post, put, remove };
std::string_view name_of(Verb verb);  // "GET" …
std::optional<Verb> verb_of(std::string_view name);

using Parameter = Member;

enum class PermissionKind : std::uint8_t {
  root,        // root@pam only
  everyone,    // no sign-in needed
  signed_in,   // any user or token
  privileges,  // `privileges` on `path` (all of them, or one when `any`)
  groups,      // `privileges` on the groups of the user in parameter userid, see `groups`
  self,        // parameter userid is the caller
  realm,       // the privilege on the realm of parameter userid
  modify,      // may change access to `path`
  all_of,      // every one of `parts`
  any_of,      // one of `parts`
};

struct PermissionRule {
  PermissionKind kind = PermissionKind::root;
  std::string_view path{};  // with {parameter} in it
  std::span<const std::string_view> privileges{};
  bool any = false;
  std::string_view parameter{};  // the rule only counts when this parameter is given
  std::string_view groups{};     // "create", "update": the groups in the request count too
  std::span<const PermissionRule* const> parts{};
};

struct Method {
  MethodId id = 0;
  Verb verb = Verb::get;
  std::string_view path{};                         // "/nodes/{node}/qemu/{vmid}"
  std::string_view name{};                         // "destroy_vm"
  std::string_view description{};                  // one sentence
  std::string_view resource{};                     // the file of api/ that declares it, '/' as '_'
  std::span<const Parameter* const> parameters{};  // path parameters too; sorted by name
  const Rule* returns = nullptr;
  const PermissionRule* permission = nullptr;
  bool is_protected = false;       // needs root's rights on the host
  bool to_node = false;            // runs on the node named by parameter `node`
  bool ticket_only = false;        // refused for API tokens
  bool open = false;               // takes parameters that are not listed
  bool wants_credentials = false;  // the caller's ticket or token reaches the handler
  bool may_download = false;       // the answer may be a file
  const Parameter* parameter(std::string_view wanted) const {
    return find_member(parameters, wanted);
  }
};

// All methods, ordered by path, then verb name; methods()[m.id] is m.
std::span<const Method> methods();

struct Route {
  const Method* method = nullptr;  // null: see known_path
  bool known_path = false;         // the path exists, perhaps with other verbs only
  std::vector<std::pair<std::string_view, std::string>> parameters;  // of the path, in order
};

// Finds what a request means. `segments` are %-decoded and not empty; a parameter that may hold
// a path ({volume}, {cidr}) takes the rest of them, joined by '/'.
Route find_route(Verb verb, std::span<const std::string> segments);

struct PathChild {
  std::string_view name{};    // without braces
  bool is_parameter = false;  // stands for any name
  bool has_children = false;
  std::vector<Verb> verbs;  // what may be called there
};

// What stands directly below a path, names first and sorted; nothing when there is no such path.
std::optional<std::vector<PathChild>> children_of(std::span<const std::string> segments);

}  // namespace posada::api

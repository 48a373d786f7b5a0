// Paths of the object tree that access control entries hang on ("/vms/100", "/pool/a/b").
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace posada::access {

// Without doubled or trailing slashes, with a leading one. Nothing when a character cannot stand
// in a path.
std::optional<std::string> normalize_acl_path(std::string_view path);

// True for the paths that an entry may be made on. Entries read from a text may stand on others;
// they are kept.
bool is_valid_acl_path(std::string_view normalized);

// Tree order: a path, then what is below it, then its next sibling.
struct AclPathOrder {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const;
};

}  // namespace posada::access

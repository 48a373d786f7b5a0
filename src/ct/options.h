// How each option of a container's config takes effect, one declaration for each: at whose hands,
// or with what words it is refused. A test holds the table to the API description, so that no
// option is accepted and then forgotten.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace posada::ct {

enum class By {
  liblxc,  // lxc_config.h
  files,   // guest_files.h
  mounts,  // the helper that mounts the volumes
  daemon,  // Containers itself: locks, protection, templates, what waits
  others,  // other features read it: backup, replication, migration, the start of a node
  none,    // refused, but for the value that changes nothing
};

struct Option {
  std::string_view key;       // "net", without its number
  std::string_view property;  // of the key's property string; empty: the key itself
  By by = By::daemon;
  std::string_view harmless{};  // By::none: the value that is accepted
  std::string_view reason{};    // By::none: why any other is refused
};

std::span<const Option> options();

// Refuses a key or a property that would have no effect. Throws Error::parameter(key, …).
void check_effect(std::string_view key, std::string_view value);

}  // namespace posada::ct

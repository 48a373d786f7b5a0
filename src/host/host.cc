#include "host/host.h"

#include "sys/file.h"
#include "sys/link.h"

namespace posada::host {

std::string Host::read_etc(const std::string& name) const {
  if (auto text = sys::read_file_if_exists(places.etc + "/" + name)) return *text;
  if (places.fallback_etc.empty()) return {};
  return sys::read_file_if_exists(places.fallback_etc + "/" + name).value_or("");
}

std::string Host::writable_etc(const std::string& name) const {
  const std::string path = places.etc + "/" + name;
  if (const auto target = sys::link_target(path)) {
    throw Error::failed("host.file-kept-elsewhere",
                        path + " is a link to " + *target +
                            ": another program keeps this file, change the settings there",
                        {{"file", path}, {"target", *target}});
  }
  sys::make_directories(places.etc);
  return path;
}

const std::string& Host::machine_etc() const {
  return places.fallback_etc.empty() ? places.etc : places.fallback_etc;
}

bool Host::has_systemd() const {
  return sys::exists(places.run + "/systemd/system");
}

void Host::require_machine(const std::string& what) const {
  if (places.owns_machine) return;
  throw Error::failed(
      "host.shared-machine",
      "this node cannot " + what + ": it runs under a folder of its own and shares the machine",
      {{"action", what}})
      .with_hint("Do it on the machine itself.");
}

}  // namespace posada::host

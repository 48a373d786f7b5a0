// What a container's own files are to say, from its config (rootfs/setup.h). Pure but for
// names_of_host.
#pragma once

#include "ct/config.h"
#include "rootfs/setup.h"

namespace posada::ct {

// Of the host, for a config that says nothing.
struct HostNames {
  std::vector<std::string> search_domains, name_servers;
  std::string time_zone;
};
HostNames host_names(const std::string& resolv_conf, const std::string& time_zone);

HostNames names_of_host();

rootfs::Setup setup_of(GuestId id, const guest::ConfigSection& config, const HostNames& host);

}  // namespace posada::ct

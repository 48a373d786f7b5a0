// What servers on the network offer as storage, asked by the programs of their protocols.
#pragma once

#include <string>
#include <vector>

#include "host/host.h"

namespace posada::host {

struct Offer {
  std::string name;         // export path, share, target
  std::string description;  // who may mount, comment, portal
};
sys::Async<std::vector<Offer>> nfs_exports(Host& host, std::string server);
sys::Async<std::vector<Offer>> iscsi_targets(Host& host, std::string portal);
struct CifsLogin {
  std::string user, password, domain;  // user empty: as a guest
};
sys::Async<std::vector<Offer>> cifs_shares(Host& host, std::string server, CifsLogin login);

// Pure: what the programs write.
std::vector<Offer> parse_exports(std::string_view text);
std::vector<Offer> parse_targets(std::string_view text);
std::vector<Offer> parse_shares(std::string_view text);

}  // namespace posada::host

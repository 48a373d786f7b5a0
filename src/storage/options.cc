#include "storage/options.h"

#include <algorithm>

namespace posada::storage {
namespace {

// Those of the call that makes a storage, whatever a type makes of them; a test holds them to it.
constexpr std::string_view option_table[] = {
    "authsupported",
    "base",
    "blocksize",
    "bwlimit",
    "comstar_hg",
    "comstar_tg",
    "content",
    "content-dirs",
    "create-base-path",
    "create-subdirs",
    "data-pool",
    "datastore",
    "disable",
    "domain",
    "encryption-key",
    "export",
    "fingerprint",
    "format",
    "fs-name",
    "fuse",
    "is_mountpoint",
    "iscsiprovider",
    "keyring",
    "krbd",
    "lio_tpg",
    "master-pubkey",
    "max-protected-backups",
    "mkdir",
    "monhost",
    "mountpoint",
    "namespace",
    "nocow",
    "nodes",
    "nowritecache",
    "options",
    "password",
    "path",
    "pool",
    "port",
    "portal",
    "preallocation",
    "prune-backups",
    "saferemove",
    "saferemove-stepsize",
    "saferemove_throughput",
    "server",
    "share",
    "shared",
    "skip-cert-verification",
    "smbversion",
    "snapshot-as-volume-chain",
    "sparse",
    "subdir",
    "tagged_only",
    "target",
    "thinpool",
    "username",
    "vgname",
    "zfs-base-path",
};

}  // namespace

std::span<const std::string_view> options() {
  return option_table;
}

bool is_option(std::string_view key) {
  return std::ranges::binary_search(option_table, key);
}

}  // namespace posada::storage

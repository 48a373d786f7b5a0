// The privileges and the roles made of them: the one place that names them.
//
// A privilege is declared once, in the table below, with the area it belongs to and the level
// that decides which built-in roles hold it. Nothing else in the program spells a privilege.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace posada::access {

// area: which PVE<Area>Admin/User role it belongs to. level: `root` only in Administrator,
// `admin`, `user` and `audit` in the roles of that name; `hidden` is in no built-in role and in no
// list, but may be given in a role of one's own.
// clang-format off
#define POSADA_PRIVILEGES(X)                                             \
  X(vm_allocate, "VM.Allocate", vm, admin)                               \
  X(vm_audit, "VM.Audit", vm, audit)                                     \
  X(vm_backup, "VM.Backup", vm, user)                                    \
  X(vm_clone, "VM.Clone", vm, admin)                                     \
  X(vm_config_cdrom, "VM.Config.CDROM", vm, user)                        \
  X(vm_config_cpu, "VM.Config.CPU", vm, admin)                           \
  X(vm_config_cloudinit, "VM.Config.Cloudinit", vm, user)                \
  X(vm_config_disk, "VM.Config.Disk", vm, admin)                         \
  X(vm_config_hwtype, "VM.Config.HWType", vm, admin)                     \
  X(vm_config_memory, "VM.Config.Memory", vm, admin)                     \
  X(vm_config_network, "VM.Config.Network", vm, admin)                   \
  X(vm_config_options, "VM.Config.Options", vm, admin)                   \
  X(vm_console, "VM.Console", vm, user)                                  \
  X(vm_guest_agent_audit, "VM.GuestAgent.Audit", vm, audit)              \
  X(vm_guest_agent_file_read, "VM.GuestAgent.FileRead", vm, user)        \
  X(vm_guest_agent_file_system, "VM.GuestAgent.FileSystemMgmt", vm, user)\
  X(vm_guest_agent_file_write, "VM.GuestAgent.FileWrite", vm, user)      \
  X(vm_guest_agent_unrestricted, "VM.GuestAgent.Unrestricted", vm, admin)\
  X(vm_migrate, "VM.Migrate", vm, admin)                                 \
  X(vm_power, "VM.PowerMgmt", vm, user)                                  \
  X(vm_replicate, "VM.Replicate", vm, admin)                             \
  X(vm_snapshot, "VM.Snapshot", vm, admin)                               \
  X(vm_snapshot_rollback, "VM.Snapshot.Rollback", vm, admin)             \
  X(sys_access_network, "Sys.AccessNetwork", sys, root)                  \
  X(sys_audit, "Sys.Audit", sys, audit)                                  \
  X(sys_console, "Sys.Console", sys, admin)                              \
  X(sys_incoming, "Sys.Incoming", sys, root)                             \
  X(sys_modify, "Sys.Modify", sys, root)                                 \
  X(sys_power, "Sys.PowerMgmt", sys, root)                               \
  X(sys_syslog, "Sys.Syslog", sys, admin)                                \
  X(datastore_allocate, "Datastore.Allocate", datastore, admin)          \
  X(datastore_allocate_space, "Datastore.AllocateSpace", datastore, user)\
  X(datastore_allocate_template, "Datastore.AllocateTemplate", datastore, admin) \
  X(datastore_audit, "Datastore.Audit", datastore, audit)                \
  X(sdn_allocate, "SDN.Allocate", sdn, admin)                            \
  X(sdn_audit, "SDN.Audit", sdn, audit)                                  \
  X(sdn_use, "SDN.Use", sdn, user)                                       \
  X(user_modify, "User.Modify", user, admin)                             \
  X(group_allocate, "Group.Allocate", user, admin)                       \
  X(realm_allocate, "Realm.Allocate", user, root)                        \
  X(realm_allocate_user, "Realm.AllocateUser", user, admin)              \
  X(pool_allocate, "Pool.Allocate", pool, admin)                         \
  X(pool_audit, "Pool.Audit", pool, audit)                               \
  X(mapping_audit, "Mapping.Audit", mapping, audit)                      \
  X(mapping_modify, "Mapping.Modify", mapping, admin)                    \
  X(mapping_use, "Mapping.Use", mapping, user)                           \
  X(permissions_modify, "Permissions.Modify", permissions, root)         \
  X(sys_root, "Sys.Root", sys, hidden)
// clang-format on

enum class Privilege : std::uint8_t {
#define X(id, name, area, level) id,
  POSADA_PRIVILEGES(X)
#undef X
};

enum class PrivilegeArea { vm, sys, datastore, sdn, user, pool, mapping, permissions };
enum class PrivilegeLevel { root, admin, user, audit, hidden };

struct PrivilegeInfo {
  Privilege privilege;
  std::string_view name;
  PrivilegeArea area;
  PrivilegeLevel level;
};

inline constexpr std::array privilege_table = {
#define X(id, name, area, level) \
  PrivilegeInfo{Privilege::id, name, PrivilegeArea::area, PrivilegeLevel::level},
    POSADA_PRIVILEGES(X)
#undef X
};

constexpr std::string_view name_of(Privilege privilege) {
  return privilege_table[static_cast<std::size_t>(privilege)].name;
}
std::optional<Privilege> find_privilege(std::string_view name);

// A set of privileges, one bit each.
class PrivilegeSet {
 public:
  constexpr PrivilegeSet() = default;
  constexpr PrivilegeSet(std::initializer_list<Privilege> privileges) {
    for (const Privilege privilege : privileges) insert(privilege);
  }
  constexpr void insert(Privilege privilege) { bits_ |= bit(privilege); }
  constexpr bool contains(Privilege privilege) const { return (bits_ & bit(privilege)) != 0; }
  constexpr bool contains_all(PrivilegeSet other) const {
    return (bits_ & other.bits_) == other.bits_;
  }
  constexpr bool contains_any(PrivilegeSet other) const { return (bits_ & other.bits_) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr PrivilegeSet operator|(PrivilegeSet other) const { return from(bits_ | other.bits_); }
  constexpr PrivilegeSet operator&(PrivilegeSet other) const { return from(bits_ & other.bits_); }
  constexpr PrivilegeSet& operator|=(PrivilegeSet other) { return *this = *this | other; }
  constexpr PrivilegeSet& operator&=(PrivilegeSet other) { return *this = *this & other; }
  constexpr bool operator==(const PrivilegeSet&) const = default;
  // Sorted by name, bytewise.
  std::vector<std::string> names() const;

 private:
  static constexpr std::uint64_t bit(Privilege privilege) {
    return std::uint64_t{1} << static_cast<unsigned>(privilege);
  }
  static constexpr PrivilegeSet from(std::uint64_t bits) {
    PrivilegeSet set;
    set.bits_ = bits;
    return set;
  }
  std::uint64_t bits_ = 0;
};
static_assert(privilege_table.size() <= 64);

// The privileges that a check asks for, in the order in which a refusal names them.
class PrivilegeList {
 public:
  static constexpr std::size_t capacity = 16;
  constexpr PrivilegeList(Privilege privilege) { add(privilege); }
  constexpr PrivilegeList(std::initializer_list<Privilege> privileges) {
    for (const Privilege privilege : privileges) add(privilege);
  }
  explicit PrivilegeList(std::span<const Privilege> privileges) {
    for (const Privilege privilege : privileges) add(privilege);
  }
  constexpr const Privilege* begin() const { return items_.data(); }
  constexpr const Privilege* end() const { return items_.data() + size_; }
  constexpr std::size_t size() const { return size_; }
  constexpr PrivilegeSet set() const {
    PrivilegeSet out;
    for (const Privilege privilege : *this) out.insert(privilege);
    return out;
  }
  // "A|B", as refusals write alternatives.
  std::string joined(std::string_view separator) const;

 private:
  constexpr void add(Privilege privilege) { items_.at(size_++) = privilege; }
  std::array<Privilege, capacity> items_{};
  std::size_t size_ = 0;
};

// Every privilege that clients know: what root@pam and the role Administrator have.
PrivilegeSet all_privileges();

inline constexpr std::string_view role_no_access = "NoAccess";

// Roles that always exist and cannot be changed, by name.
const std::map<std::string, PrivilegeSet, std::less<>>& builtin_roles();
inline bool is_builtin_role(std::string_view name) {
  return builtin_roles().contains(name);
}

}  // namespace posada::access

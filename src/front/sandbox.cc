#include "front/sandbox.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <vector>

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/fd.h"

namespace posada::front {
namespace {

constexpr rlim_t wanted_descriptors = 8192;

#if defined(__x86_64__)
constexpr unsigned native_architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned native_architecture = AUDIT_ARCH_AARCH64;
#else
#error "say how seccomp names this architecture"
#endif

// Programs, other processes, the kernel's own state, namespaces, keys, devices and clocks: nothing
// of it is the front's business.
constexpr int denied_calls[] = {
    __NR_execve,
    __NR_execveat,
    __NR_ptrace,
    __NR_process_vm_readv,
    __NR_process_vm_writev,
    __NR_kcmp,
    __NR_pidfd_getfd,
    __NR_mount,
    __NR_umount2,
    __NR_pivot_root,
    __NR_chroot,
    __NR_open_tree,
    __NR_move_mount,
    __NR_fsopen,
    __NR_fsconfig,
    __NR_fsmount,
    __NR_fspick,
    __NR_mount_setattr,
    __NR_bpf,
    __NR_kexec_load,
    __NR_kexec_file_load,
    __NR_init_module,
    __NR_finit_module,
    __NR_delete_module,
    __NR_perf_event_open,
    __NR_userfaultfd,
    __NR_io_uring_setup,
    __NR_io_uring_enter,
    __NR_io_uring_register,
    __NR_unshare,
    __NR_setns,
    __NR_keyctl,
    __NR_add_key,
    __NR_request_key,
    __NR_reboot,
    __NR_swapon,
    __NR_swapoff,
    __NR_acct,
    __NR_quotactl,
    __NR_settimeofday,
    __NR_clock_settime,
    __NR_adjtimex,
    __NR_clock_adjtime,
    __NR_sethostname,
    __NR_setdomainname,
    __NR_mknodat,
    __NR_personality,
    __NR_name_to_handle_at,
    __NR_open_by_handle_at,
    __NR_fanotify_init,
    __NR_syslog,
    __NR_vhangup,
    __NR_nfsservctl,
    __NR_lookup_dcookie,
    __NR_kill,
    __NR_tkill,
#ifdef __NR_mknod
    __NR_mknod,
#endif
#ifdef __NR_fork
    __NR_fork,
    __NR_vfork,
#endif
#ifdef __NR_iopl
    __NR_iopl,
    __NR_ioperm,
    __NR_modify_ldt,
    __NR_create_module,
#endif
};

constexpr unsigned refused = SECCOMP_RET_ERRNO | EPERM;

sock_filter load(std::size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(offset));
}
sock_filter answer(unsigned verdict) {
  return BPF_STMT(BPF_RET | BPF_K, verdict);
}
// Skips `over` instructions unless the loaded value is `value`.
sock_filter unless_equal(unsigned value, unsigned char over) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, over);
}

std::vector<sock_filter> filter() {
  std::vector<sock_filter> program{
      load(offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, native_architecture, 1, 0),
      answer(SECCOMP_RET_KILL_PROCESS),
      load(offsetof(seccomp_data, nr)),
  };
#if defined(__x86_64__)
  // The x32 twins of all calls.
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1));
  program.push_back(answer(SECCOMP_RET_KILL_PROCESS));
#endif
  for (int call : denied_calls) {
    program.push_back(unless_equal(static_cast<unsigned>(call), 1));
    program.push_back(answer(refused));
  }
  // Threads may be made (the file pool), processes not. clone3 hides its flags: glibc then asks
  // clone instead.
  program.push_back(unless_equal(__NR_clone3, 1));
  program.push_back(answer(SECCOMP_RET_ERRNO | ENOSYS));
  program.push_back(unless_equal(__NR_clone, 4));
  program.push_back(load(offsetof(seccomp_data, args[0])));
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x00010000, 0, 1));  // CLONE_THREAD
  program.push_back(answer(SECCOMP_RET_ALLOW));
  program.push_back(answer(refused));
  // New sockets go to the daemon only; the listener is open.
  program.push_back(unless_equal(__NR_socket, 4));
  program.push_back(load(offsetof(seccomp_data, args[0])));
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 0, 1));
  program.push_back(answer(SECCOMP_RET_ALLOW));
  program.push_back(answer(refused));
  program.push_back(answer(SECCOMP_RET_ALLOW));
  return program;
}

passwd account(const std::string& user) {
  std::vector<std::string> names{user};
  if (user.empty()) names = {"posada", "nobody"};
  for (const std::string& name : names) {
    if (const passwd* found = ::getpwnam(name.c_str())) return *found;
  }
  throw Error::failed("front.user", "--user: there is no user '" + names.front() + "'");
}

void become(const std::string& user) {
  passwd target = account(user);
  if (target.pw_uid == 0) throw Error::failed("front.user", "--user: the front never runs as root");
  // Some may be gone already; past the last one the kernel says that there is no such capability.
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability) >= 0; ++capability) {
    if (::prctl(PR_CAPBSET_DROP, capability) < 0) sys::throw_errno("dropping capabilities");
  }
  if (::setgroups(0, nullptr) < 0) sys::throw_errno("dropping groups");
  if (::setresgid(target.pw_gid, target.pw_gid, target.pw_gid) < 0) {
    sys::throw_errno("changing the group");
  }
  if (::setresuid(target.pw_uid, target.pw_uid, target.pw_uid) < 0) {
    sys::throw_errno("changing the user");
  }
  if (::setuid(0) == 0) throw Error::failed("front.user", "root could be had back");
}

void drop_capabilities() {
  if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0) {
    sys::throw_errno("dropping ambient capabilities");
  }
  __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> none{};
  if (::syscall(__NR_capset, &head, none.data()) < 0) sys::throw_errno("dropping capabilities");
}

void forbid_calls() {
  std::vector<sock_filter> program = filter();
  sock_fprog whole{static_cast<unsigned short>(program.size()), program.data()};
  if (::syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &whole) != 0) {
    sys::throw_errno("setting the filter of system calls");
  }
}

}  // namespace

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) < 0) sys::throw_errno("asking for the descriptor limit");
  if (limit.rlim_cur >= wanted_descriptors) return;
  limit.rlim_cur = std::min(limit.rlim_max, wanted_descriptors);
  if (::setrlimit(RLIMIT_NOFILE, &limit) < 0) sys::throw_errno("raising the descriptor limit");
}

void enter_sandbox(const std::string& user) {
  if (::geteuid() == 0) become(user);
  drop_capabilities();
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) sys::throw_errno("forbidding new privileges");
  // No core file and no debugger: the key is in this memory.
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) sys::throw_errno("forbidding core files");
  rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) < 0) sys::throw_errno("forbidding core files");
  forbid_calls();
}

}  // namespace posada::front

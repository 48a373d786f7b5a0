// Container configs: their text, and liblxc's text from it.
#include <gtest/gtest.h>

#include "base/error.h"
#include "ct/lxc_config.h"

namespace posada::ct {
namespace {

constexpr GuestId id{201};

guest::GuestConfig read(std::string_view text) {
  return guest::parse_config(text, grammar(), id, guest::Strictness::strict).config;
}

std::string bytes(std::size_t count) {
  return std::string(count, '\x5a');
}

HostFacts host_v1() {
  HostFacts host;
  host.memory = host.swap = host.cpu = host.cpuset = true;
  host.cpus = 4;
  return host;
}

Places places() {
  Places result;
  result.group = "posada/1a2b3c4d/ct-201";
  result.log = "/run/x/lxc.log";
  result.mount_root = "/run/posada-lxc";
  result.first_id = 100000;
  result.id_count = 65536;
  return result;
}

bool has_line(const std::string& text, std::string_view line) {
  return text.find("\n" + std::string(line) + "\n") != std::string::npos;
}

TEST(ContainerConfig, ComesBackAsItWasWritten) {
  const std::string text =
      "#a note\n"
      "arch: amd64\n"
      "hostname: web\n"
      "memory: 512\n"
      "mp0: local:201/vm-201-disk-1.raw,mp=/srv/data,backup=1,size=8G\n"
      "net0: name=eth0,bridge=vmbr0,hwaddr=BC:24:11:AA:BB:CC,ip=dhcp,type=veth\n"
      "ostype: debian\n"
      "rootfs: local:201/vm-201-disk-0.raw,size=4G\n"
      "swap: 512\n"
      "unprivileged: 1\n"
      "lxc.cap.drop: sys_nice\n"
      "lxc.mount.entry: /dev/fuse dev/fuse none bind 0 0\n"
      "\n"
      "[pve:pending]\n"
      "hostname: later\n";
  EXPECT_EQ(guest::write_config(read(text), grammar()), text);
}

TEST(ContainerConfig, RefusesAStrangeValueByItsKey) {
  EXPECT_THROW(read("memory: 8\n"), Error);
  EXPECT_THROW(read("net0: bridge=vmbr0\n"), Error) << "a card needs a name";
  EXPECT_THROW(read("ostype: windows\n"), Error);
}

TEST(ContainerConfig, GivesACardItsAddressOnce) {
  const std::string first = normal_value("net0", "name=eth0,bridge=vmbr0", "", bytes);
  EXPECT_EQ(first, "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:5A:5A:5A,type=veth");
  const auto other = [](std::size_t count) { return std::string(count, '\1'); };
  EXPECT_EQ(normal_value("net0", "name=eth0,bridge=vmbr1", first, other),
            "name=eth0,bridge=vmbr1,hwaddr=BC:24:11:5A:5A:5A,type=veth");
}

TEST(ContainerConfig, TellsANewVolumeFromOneThatExists) {
  EXPECT_EQ(new_volume("local:8")->bytes, 8ULL << 30);
  EXPECT_EQ(new_volume("local:0")->bytes, 0U);
  EXPECT_FALSE(new_volume("local:201/vm-201-disk-0.raw"));
  EXPECT_FALSE(new_volume("/srv/data"));
}

TEST(ContainerConfig, AsksForThePrivilegeOfEachKey) {
  EXPECT_EQ(privilege_for("memory"), access::Privilege::vm_config_memory);
  EXPECT_EQ(privilege_for("mp3"), access::Privilege::vm_config_disk);
  EXPECT_EQ(privilege_for("net1"), access::Privilege::vm_config_network);
  EXPECT_FALSE(privilege_for("dev0")) << "devices of the host are root's to give";
  EXPECT_FALSE(privilege_for("unprivileged"));
}

TEST(LxcConfig, KeepsAnUnprivilegedContainerInItsIdsAndPlaces) {
  const auto config = read(
      "cores: 2\nhostname: web\nmemory: 256\n"
      "mp0: local:201/vm-201-disk-1.raw,mp=/srv/my data,ro=1\n"
      "net0: name=eth0,bridge=vmbr0,hwaddr=BC:24:11:AA:BB:CC,ip=10.0.0.5/24,gw=10.0.0.1\n"
      "net1: name=eth1,bridge=vmbr0,link_down=1\n"
      "rootfs: local:201/vm-201-disk-0.raw\nswap: 128\nunprivileged: 1\n");
  const std::string text = "\n" + lxc_config(id, config.main, host_v1(), places());
  for (const char* line : {
           "lxc.uts.name = web",
           "lxc.idmap = u 0 100000 65536",
           "lxc.idmap = g 0 100000 65536",
           "lxc.rootfs.path = dir:/run/posada-lxc/rootfs",
           "lxc.mount.entry = /run/posada-lxc/mp0 srv/my\\040data none bind,create=dir,ro 0 0",
           "lxc.cgroup.dir.container = posada/1a2b3c4d/ct-201/guest",
           "lxc.cgroup.memory.limit_in_bytes = 268435456",
           "lxc.cgroup.memory.memsw.limit_in_bytes = 402653184",
           "lxc.cgroup.cpuset.cpus = 1,2",
           "lxc.net.0.ipv4.address = 10.0.0.5/24",
           "lxc.net.0.ipv4.gateway = 10.0.0.1",
           "lxc.net.0.link = vmbr0",
           "lxc.net.0.veth.pair = veth201i0",
       })
    EXPECT_TRUE(has_line(text, line)) << line << " is not in" << text;
  EXPECT_EQ(text.find("lxc.net.1.link"), std::string::npos) << "its cable is out";
}

TEST(LxcConfig, SpeaksVersion2OfControlGroups) {
  HostFacts host = host_v1();
  host.cgroup2 = true;
  const auto config = read(
      "cpulimit: 1.5\ncpuunits: 200\nmemory: 64\nswap: 0\n"
      "rootfs: local:201/vm-201-disk-0.raw\n");
  const std::string text = "\n" + lxc_config(id, config.main, host, places());
  EXPECT_TRUE(has_line(text, "lxc.cgroup2.memory.max = 67108864"));
  EXPECT_TRUE(has_line(text, "lxc.cgroup2.memory.swap.max = 0"));
  EXPECT_TRUE(has_line(text, "lxc.cgroup2.cpu.max = 150000 100000"));
  EXPECT_TRUE(has_line(text, "lxc.cgroup2.cpu.weight = 200"));
}

TEST(LxcConfig, LetsNoValueBecomeALineOfItsOwn) {
  guest::ConfigSection config;
  config.values["rootfs"] = "local:201/vm-201-disk-0.raw";
  config.values["hostname"] = "web\nlxc.hook.start = /bin/true";
  EXPECT_THROW(lxc_config(id, config, host_v1(), places()), Error);
}

TEST(ContainerConfig, RefusesAMountPointThatLeadsOutside) {
  EXPECT_THROW(read("mp0: /srv,mp=/data/../../etc\nrootfs: local:201/vm-201-disk-0.raw\n"), Error);
}

}  // namespace
}  // namespace posada::ct

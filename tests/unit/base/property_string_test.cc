#include "base/property_string.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/property_formats.h"

namespace posada {
namespace {

std::string fault(const PropertyFormat& format, std::string_view text, const std::string& name) {
  try {
    parse_property_string(format, text, name);
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::parameter);
    return error.parameters().at(name);
  }
}

TEST(PropertyString, TheBareValueIsTheDefaultKey) {
  auto drive =
      parse_property_string(formats::qemu_scsi, "local:100/vm-100-disk-0.qcow2,size=4G", "scsi0");
  EXPECT_EQ(drive.at("file"), "local:100/vm-100-disk-0.qcow2");
  EXPECT_EQ(drive.at("size"), "4G");
  EXPECT_EQ(parse_property_string(formats::qemu_agent, "on", "agent").at("enabled"), "1");
}

TEST(PropertyString, AnAliasGivesTheNamedKey) {
  auto drive = parse_property_string(formats::qemu_ide, "volume=local:8", "ide0");
  EXPECT_EQ(drive.at("file"), "local:8");
  EXPECT_FALSE(drive.contains("volume"));
}

TEST(PropertyString, AModelWithItsAddressIsTwoKeys) {
  auto net =
      parse_property_string(formats::qemu_net, "virtio=BC:24:11:00:00:01,bridge=vmbr0", "net0");
  EXPECT_EQ(net.at("model"), "virtio");
  EXPECT_EQ(net.at("macaddr"), "BC:24:11:00:00:01");
  EXPECT_EQ(print_property_string(formats::qemu_net, net), "virtio=BC:24:11:00:00:01,bridge=vmbr0");
}

TEST(PropertyString, BooleansOfAllWordsBecomeOneAndZero) {
  auto drive = parse_property_string(formats::qemu_scsi, "local:8,ssd=Yes,iothread=off", "scsi0");
  EXPECT_EQ(drive.at("ssd"), "1");
  EXPECT_EQ(drive.at("iothread"), "0");
}

TEST(PropertyString, PrintingPutsTheBareValueThenRequiredThenOptionalKeys) {
  PropertyValues net{
      {"bridge", "vmbr0"}, {"name", "eth0"}, {"hwaddr", "BC:24:11:00:00:01"}, {"ip", "dhcp"}};
  EXPECT_EQ(print_property_string(formats::lxc_net, net),
            "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:01,ip=dhcp");
  EXPECT_THROW(print_property_string(formats::lxc_net, {{"nosuch", "1"}}), std::logic_error);
}

TEST(PropertyString, FaultsHaveTheTextsOfTheWire) {
  EXPECT_EQ(fault(formats::qemu_net, "virtio,brige=x", "net0"),
            "invalid format - format error\nnet0.brige: property is not defined in schema and the "
            "schema does not allow additional properties\n");
  EXPECT_EQ(fault(formats::qemu_memory, "lots", "memory"),
            "invalid format - format error\nmemory.current: type check ('integer') failed - got "
            "'lots'\n");
  EXPECT_EQ(fault(formats::qemu_net, "", "net3"),
            "invalid format - format error\nnet3.model: property is missing and it is not "
            "optional\n");
  EXPECT_EQ(fault(formats::qemu_net, "virtio,e1000", "net0"),
            "invalid format - duplicate key in comma-separated list property: model\n");
  EXPECT_EQ(fault(formats::qemu_net, "virtio,bridge=a,bridge=b", "net0"),
            "invalid format - duplicate key in comma-separated list property: bridge\n");
  EXPECT_EQ(fault(formats::qemu_net, "virtio,bridge=", "net0"),
            "invalid format - missing key in comma-separated list property\n");
  EXPECT_EQ(fault(formats::qemu_net, "virtio,mtu=99999,tag=0", "net0"),
            "invalid format - format error\nnet0.mtu: value must have a maximum value of 65520\n"
            "net0.tag: value must have a minimum value of 1\n");
  EXPECT_EQ(fault(formats::qemu_net, "virtio=AA", "net0"),
            "invalid format - format error\nnet0.macaddr: invalid format - value does not look "
            "like a valid unicast MAC address\n");
  EXPECT_EQ(fault(formats::qemu_net, "turbo", "net0").substr(0, 78),
            "invalid format - format error\nnet0.model: value 'turbo' does not have a value ");
}

TEST(PropertyString, AKeyMayNeedAnother) {
  EXPECT_EQ(fault(formats::pve_qm_ipconfig, "gw=10.0.0.1", "ipconfig0"),
            "invalid format - format error\nipconfig0.ip: missing property required by 'gw'\n");
}

TEST(PropertyString, FormatsAreFoundByName) {
  EXPECT_EQ(find_property_format("qemu-net"), &formats::qemu_net);
  EXPECT_EQ(find_property_format("pve-startup-order"), &formats::pve_startup_order);
  EXPECT_EQ(find_property_format("nosuch"), nullptr);
}

// Every value that parses is printed as a text that parses to the same.
TEST(PropertyString, PrintedTextsReadBack) {
  struct Case {
    const PropertyFormat& format;
    std::string_view text;
  };
  for (const Case& one :
       {Case{formats::qemu_net, "e1000=BC:24:11:00:00:01,firewall=1,tag=5"},
        Case{formats::qemu_net, "virtio,bridge=vmbr0"}, Case{formats::qemu_vga, "serial0"},
        Case{formats::pve_vm_cpu_conf, "host,flags=+aes;-pcid"},
        Case{formats::pve_startup_order, "order=3,up=10,down=20"},
        Case{formats::lxc_mp, "local:8,mp=/srv,backup=yes"}}) {
    auto values = parse_property_string(one.format, one.text, "x");
    std::string printed = print_property_string(one.format, values);
    EXPECT_EQ(parse_property_string(one.format, printed, "x"), values) << printed;
  }
}

}  // namespace
}  // namespace posada

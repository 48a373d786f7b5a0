// This module on real files and programs, in a folder that stands for the machine.
#include <cstdlib>
#include <deque>

#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/text.h"
#include "contract/host/fixture.h"
#include "host/certificate.h"
#include "host/devices.h"
#include "host/name_service.h"
#include "host/options.h"
#include "host/package_sources.h"
#include "host/power.h"
#include "host/services.h"
#include "host/shell.h"
#include "host/time_zone.h"
#include "sys/file.h"
#include "sys/host.h"
#include "sys/link.h"
#include "sys/stream.h"

namespace posada::host {
namespace {

// Says what would be run, and answers with what the test wants.
class RecordingPrograms final : public Programs {
 public:
  sys::Async<sys::Finished> run(Run run) override {
    runs.push_back(join(run.arguments, " "));
    sys::Finished answer;
    if (!answers.empty()) {
      answer = answers.front();
      answers.pop_front();
    }
    co_return answer;
  }
  std::vector<std::string> runs;
  std::deque<sys::Finished> answers;
};

// Settings as a call of the API declares them.
constexpr Rule text_rule{.type = ValueType::string};
constexpr Rule count_rule{.type = ValueType::integer};
constexpr Member delete_member{.name = "delete", .rule = &text_rule, .optional = true};
constexpr Member description_member{.name = "description", .rule = &text_rule, .optional = true};
constexpr Member keyboard_member{.name = "keyboard", .rule = &text_rule, .optional = true};
constexpr Member workers_member{.name = "max_workers", .rule = &count_rule, .optional = true};
constexpr const Member* settings[] = {&delete_member, &description_member, &keyboard_member,
                                      &workers_member};

class Machine : public ::testing::Test {
 protected:
  Machine() {
    places_.etc = node_.folder + "/etc";
    places_.sysfs = node_.folder + "/sys";
    places_.run = node_.folder + "/run";
    sys::make_directories(places_.etc);
    rebuild();
  }
  void rebuild() { host_ = std::make_unique<Host>("n1", places_, programs_, node_.clock); }
  void with_systemd() { sys::make_directories(node_.folder + "/run/systemd/system"); }
  std::string etc(const std::string& name) { return sys::read_file(places_.etc + "/" + name); }

  Bench node_;
  Places places_;
  RecordingPrograms programs_;
  std::unique_ptr<Host> host_;
};

TEST_F(Machine, a_hosts_file_is_replaced_only_by_who_saw_the_present_one) {
  write_hosts(*host_, "127.0.0.1 localhost\n", "");
  const std::string digest = read_hosts(*host_).digest;
  write_hosts(*host_, "127.0.0.1 localhost n1", digest);
  EXPECT_EQ(etc("hosts"), "127.0.0.1 localhost n1\n");
  EXPECT_THROW(write_hosts(*host_, "127.0.0.1 other\n", digest), Error);
  EXPECT_THROW(write_hosts(*host_, "nonsense\n", ""), Error);
  EXPECT_EQ(etc("hosts"), "127.0.0.1 localhost n1\n");
}

TEST_F(Machine, a_node_under_a_folder_reads_the_machines_file_and_writes_its_own) {
  sys::write_file(places_.etc + "/hosts", "192.0.2.1 machine\n");
  places_.fallback_etc = places_.etc;
  places_.etc = node_.folder + "/own/etc";
  rebuild();
  EXPECT_EQ(read_hosts(*host_).text, "192.0.2.1 machine\n");
  write_hosts(*host_, "192.0.2.2 own\n", sha1_hex("192.0.2.1 machine\n"));
  EXPECT_EQ(read_hosts(*host_).text, "192.0.2.2 own\n");
  EXPECT_EQ(sys::read_file(places_.fallback_etc + "/hosts"), "192.0.2.1 machine\n");
}

TEST_F(Machine, a_resolver_file_that_another_program_keeps_is_not_replaced) {
  sys::write_file(node_.folder + "/stub", "nameserver 127.0.0.53\n");
  sys::replace_link(places_.etc + "/resolv.conf", node_.folder + "/stub");
  EXPECT_EQ(read_resolver(*host_).servers, std::vector<std::string>{"127.0.0.53"});
  EXPECT_THROW(write_resolver(*host_, {"a.test", {"192.0.2.1"}}), Error);
  EXPECT_EQ(sys::read_file(node_.folder + "/stub"), "nameserver 127.0.0.53\n");
}

TEST_F(Machine, a_search_domain_must_be_one) {
  EXPECT_THROW(write_resolver(*host_, {"not a/domain", {}}), Error);
  EXPECT_FALSE(sys::exists(places_.etc + "/resolv.conf"));
}

TEST_F(Machine, the_time_zone_is_a_name_and_a_link) {
  if (!sys::exists("/usr/share/zoneinfo/Europe/Madrid")) GTEST_SKIP() << "no tzdata";
  EXPECT_EQ(time_zone(*host_), "UTC");
  set_time_zone(*host_, "Europe/Madrid");
  EXPECT_EQ(time_zone(*host_), "Europe/Madrid");
  EXPECT_EQ(sys::link_target(places_.etc + "/localtime"), "/usr/share/zoneinfo/Europe/Madrid");
  sys::remove_file(places_.etc + "/timezone");
  EXPECT_EQ(time_zone(*host_), "Europe/Madrid");
  EXPECT_EQ(zone_offset(*host_, "Europe/Madrid", 1'795'744'800), 3600);  // November
  EXPECT_EQ(zone_offset(*host_, "Europe/Madrid", 1'783'000'000), 7200);  // July
  EXPECT_EQ(zone_offset(*host_, "UTC", 1'783'000'000), 0);
  for (const char* name : {"Europe", "Europe/Nowhere", "../../etc/passwd", "", "a b"}) {
    EXPECT_THROW(set_time_zone(*host_, name), Error) << name;
  }
  EXPECT_EQ(zone_offset(*host_, "Europe", 1'783'000'000), 0);
}

TEST_F(Machine, power_is_ordered_from_systemd_where_it_runs) {
  node_.run([this]() -> sys::Async<void> {
    co_await order_power(*host_, PowerOrder::reboot);
    with_systemd();
    co_await order_power(*host_, PowerOrder::shutdown);
  });
  EXPECT_EQ(programs_.runs,
            (std::vector<std::string>{"shutdown -r now", "systemctl --no-block poweroff"}));
}

TEST_F(Machine, a_node_that_shares_the_machine_neither_reboots_it_nor_stops_its_services) {
  places_.owns_machine = false;
  rebuild();
  with_systemd();
  node_.run([this]() -> sys::Async<void> {
    EXPECT_EQ(co_await refusal(order_power(*host_, PowerOrder::reboot)),
              "this node cannot reboot the machine: it runs under a folder of its own and shares "
              "the machine");
    EXPECT_NE(co_await refusal(order_service(*host_, "sshd", ServiceOrder::stop)), "");
  });
  EXPECT_TRUE(programs_.runs.empty());
}

TEST_F(Machine, a_service_is_looked_up_before_it_is_ordered) {
  with_systemd();
  programs_.answers = {{0, "LoadState=not-found\nActiveState=inactive\nSubState=dead\n", ""},
                       {0, "LoadState=loaded\nActiveState=active\nSubState=running\n", ""}};
  node_.run([this]() -> sys::Async<void> {
    EXPECT_EQ(co_await refusal(order_service(*host_, "corosync", ServiceOrder::start)),
              "the service corosync.service is not installed on this node");
    co_await order_service(*host_, "pveproxy", ServiceOrder::restart);
    EXPECT_NE(co_await refusal(order_service(*host_, "pvedaemon", ServiceOrder::stop)), "");
  });
  ASSERT_EQ(programs_.runs.size(), 3U);
  EXPECT_EQ(programs_.runs[2], "systemctl --no-block restart posada-front.service");
}

TEST_F(Machine, without_systemd_only_the_parts_of_this_node_are_services) {
  node_.run([this]() -> sys::Async<void> {
    const auto states = co_await service_states(*host_, {"pvedaemon", "sshd"});
    EXPECT_EQ(states.at(0).active_state, "active");
    EXPECT_EQ(states.at(1).unit_state, "not-found");
    EXPECT_NE(co_await refusal(order_service(*host_, "sshd", ServiceOrder::start)), "");
  });
  EXPECT_TRUE(programs_.runs.empty());
}

TEST_F(Machine, a_failing_program_is_told_with_its_last_words) {
  programs_.answers = {{1, "", "warning\nno such thing\n"}};
  node_.run([this]() -> sys::Async<void> {
    EXPECT_EQ(co_await refusal(output_of(programs_, host::Run{.arguments = {"vgs"}})),
              "vgs failed: no such thing");
  });
}

TEST_F(Machine, a_program_that_is_not_there_is_told_with_its_package) {
  node_.run([]() -> sys::Async<void> {
    SystemPrograms programs;
    EXPECT_EQ(co_await refusal(programs.run(host::Run{.arguments = {"posada-no-such-program"}})),
              "the program 'posada-no-such-program' is not installed (Debian package "
              "posada-no-such-program)");
  });
}

TEST_F(Machine, a_package_source_is_switched_in_its_own_line_only) {
  sys::make_directories(places_.etc + "/apt/sources.list.d");
  const std::string list = places_.etc + "/apt/sources.list";
  const std::string stanzas = places_.etc + "/apt/sources.list.d/a.sources";
  sys::write_file(list, "# note\ndeb http://a.test stable main\ndeb http://b.test sid main\n");
  sys::write_file(stanzas, "Types: deb\nURIs: http://c.test\nSuites: sid\n");
  const std::string digest = digest_of(read_package_sources(*host_));
  enable_package_source(*host_, list, 1, false, digest);
  EXPECT_EQ(sys::read_file(list),
            "# note\ndeb http://a.test stable main\n# deb http://b.test sid main\n");
  EXPECT_THROW(enable_package_source(*host_, list, 1, true, digest), Error);
  enable_package_source(*host_, stanzas, 0, false, "");
  EXPECT_EQ(sys::read_file(stanzas), "Types: deb\nURIs: http://c.test\nSuites: sid\nEnabled: no\n");
  EXPECT_FALSE(read_package_sources(*host_).at(1).sources.at(0).enabled);
  EXPECT_THROW(enable_package_source(*host_, "/etc/passwd", 0, true, ""), Error);
  EXPECT_THROW(enable_package_source(*host_, list, 2, true, ""), Error);
}

TEST_F(Machine, devices_are_read_from_sysfs) {
  const std::string device = places_.sysfs + "/bus/pci/devices/0000:00:02.0";
  sys::make_directories(device + "/mdev_supported_types/nvidia-1");
  sys::write_file(device + "/class", "0x030000\n");
  sys::write_file(device + "/vendor", "0x1af4\n");
  sys::write_file(device + "/device", "0x1050\n");
  sys::replace_link(device + "/iommu_group", "../../../kernel/iommu_groups/7");
  sys::write_file(device + "/mdev_supported_types/nvidia-1/available_instances", "3\n");
  const std::string usb = places_.sysfs + "/bus/usb/devices/1-2.3";
  sys::make_directories(usb);
  sys::write_file(usb + "/busnum", "1\n");
  sys::write_file(usb + "/idVendor", "1d6b\n");
  ASSERT_EQ(pci_devices(places_, {"06"}).size(), 1U);
  EXPECT_EQ(pci_devices(places_, {"06"})[0].iommu_group, 7);
  EXPECT_TRUE(pci_devices(places_, {"03"}).empty());
  EXPECT_EQ(mediated_types(places_, "00:02.0").at(0).available, 3);
  EXPECT_THROW(mediated_types(places_, "0000:00:09.0"), Error);
  ASSERT_EQ(usb_devices(places_).size(), 1U);
  EXPECT_EQ(usb_devices(places_)[0].path, "2.3");
  EXPECT_EQ(usb_devices(places_)[0].port, 3);
}

TEST_F(Machine, options_are_typed_checked_and_never_lose_anothers_change) {
  node_.run([this]() -> sys::Async<void> {
    store::Texts texts(*node_.mirror);
    register_option_text(texts, "datacenter.cfg", settings);
    Options options(texts, *node_.mirror, "datacenter.cfg", settings);
    EXPECT_TRUE(options.values().empty());
    co_await options.change({{"max_workers", 3}, {"description", "ours: all"}}, {}, "");
    const std::string digest = options.digest();
    EXPECT_EQ(options.text(), "#ours%3A all\nmax_workers: 3\n");
    co_await options.change({{"keyboard", "es"}}, {}, digest);
    EXPECT_EQ(options.values(),
              (json::object{{"description", "ours: all"}, {"keyboard", "es"}, {"max_workers", 3}}));
    EXPECT_NE(co_await refusal(options.change({{"keyboard", "de"}}, {}, digest)), "");
    EXPECT_NE(co_await refusal(options.change({}, {"nosuch"}, "")), "");
    EXPECT_NE(co_await refusal(texts.put("datacenter.cfg", "delete: keyboard\n")), "");
    co_await options.change({}, {"description", "max_workers"}, "");
    EXPECT_EQ(options.text(), "keyboard: es\n");
    // By hand: a key that is none, and a value that is none.
    EXPECT_NE(co_await refusal(texts.put("datacenter.cfg", "nosuch: 1\n")), "");
    EXPECT_NE(co_await refusal(texts.put("datacenter.cfg", "max_workers: many\n")), "");
    EXPECT_EQ(options.text(), "keyboard: es\n");
  });
}

TEST_F(Machine, a_first_change_with_a_digest_must_have_seen_the_empty_text) {
  node_.run([this]() -> sys::Async<void> {
    store::Texts texts(*node_.mirror);
    register_option_text(texts, "nodes/*/config", settings);
    Options options(texts, *node_.mirror, "nodes/n1/config", settings);
    EXPECT_NE(co_await refusal(options.change({{"description", "x"}}, {}, sha1_hex("other"))), "");
    co_await options.change({{"description", "x"}}, {}, sha1_hex(""));
    EXPECT_EQ(options.text(), "#x\n");
  });
}

TEST_F(Machine, a_certificate_says_what_it_is) {
  node_.run([this]() -> sys::Async<void> {
    const std::string file = node_.folder + "/certificate.pem";
    sys::Command command;
    command.arguments = {"openssl",
                         "req",
                         "-x509",
                         "-newkey",
                         "ec",
                         "-pkeyopt",
                         "ec_paramgen_curve:prime256v1",
                         "-nodes",
                         "-days",
                         "10",
                         "-subj",
                         "/CN=n1.test",
                         "-addext",
                         "subjectAltName=DNS:n1.test,IP:127.0.0.1,IP:::1",
                         "-keyout",
                         node_.folder + "/key.pem",
                         "-out",
                         file};
    co_await sys::run_checked(std::move(command));
    command.arguments = {"openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in", file};
    const sys::Finished printed = co_await sys::run_checked(std::move(command));
    const auto facts = read_certificates(sys::read_file(file));
    EXPECT_EQ(facts.size(), 1U);
    EXPECT_EQ(facts.at(0).subject, "/CN=n1.test");
    EXPECT_EQ(facts.at(0).fingerprint,
              trim(std::string_view(printed.output).substr(printed.output.find('=') + 1)));
    EXPECT_EQ(facts.at(0).key_bits, 256);
    EXPECT_EQ(facts.at(0).key_type, "id-ecPublicKey");
    EXPECT_EQ(facts.at(0).not_after - facts.at(0).not_before, 10 * 86400);
    EXPECT_EQ(facts.at(0).names,
              (std::vector<std::string>{"n1.test", "127.0.0.1",
                                        "0000:0000:0000:0000:0000:0000:0000:0001"}));
  });
  EXPECT_THROW(read_certificates("no certificate"), Error);
}

TEST_F(Machine, a_shell_of_root_takes_what_is_typed_and_ends_when_it_is_hung_up) {
  if (sys::own_user() != 0) GTEST_SKIP() << "needs root";
  node_.run([this]() -> sys::Async<void> {
    Shell shell = open_shell(node_.loop.executor(), true);
    sys::Stream terminal(node_.loop.executor(), std::move(shell.terminal));
    terminal.write("echo $((6*7))-$(tty | cut -c1-9); exit\n");
    std::string seen;
    for (;;) {
      const std::string part = co_await terminal.read();
      if (part.empty()) break;
      seen += part;
    }
    EXPECT_NE(seen.find("42-/dev/pts/"), std::string::npos) << seen;
    EXPECT_EQ(co_await shell.child.wait(), 0);
  });
}

}  // namespace
}  // namespace posada::host

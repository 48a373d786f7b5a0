// A real namespace with bridge, NAT, DHCP and DNS: what guests get, and that nothing stays behind.
#include "net/instance_network.h"

#include <boost/asio/this_coro.hpp>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/text.h"
#include "sys/file.h"
#include "sys/host.h"
#include "sys/loop.h"
#include "sys/process.h"
#include "sys/process_status.h"

namespace posada::net {
namespace {

struct Place {
  Place() {
    char shape[] = "/tmp/posada-net-XXXXXX";
    path = ::mkdtemp(shape);
    instance = hex(sys::random_bytes(4));
  }
  ~Place() { sys::remove_tree(path); }
  std::string path;
  std::string instance;
};

sys::Async<std::string> output(std::vector<std::string> arguments) {
  sys::Command command;
  command.arguments = std::move(arguments);
  const sys::Finished finished = co_await sys::run(std::move(command));
  co_return finished.output + finished.errors;
}

sys::Async<int> status(std::vector<std::string> arguments) {
  sys::Command command;
  command.arguments = std::move(arguments);
  const sys::Finished finished = co_await sys::run(std::move(command));
  co_return finished.status;
}

// A guest without a machine: a namespace whose eth0 hangs on the bridge.
sys::Async<void> plug_guest(const Place& place, const std::string& name) {
  const std::string space = "posada-" + place.instance;
  co_await output({"ip", "netns", "add", name});
  co_await output({"ip", "-n", space, "link", "add", "g0", "type", "veth", "peer", "name", "eth0",
                   "netns", name});
  co_await output({"ip", "-n", space, "link", "set", "g0", "master", "vmbr0", "up"});
  co_await output({"ip", "-n", name, "link", "set", "eth0", "up"});
}

class InstanceNetworkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (sys::own_user() != 0) GTEST_SKIP() << "network namespaces need root";
  }

  // Runs the body between up() and down(), and looks for leftovers.
  void with_network(sys::Async<void> (*body)(InstanceNetwork&, const Place&, sys::Clock&)) {
    Place place;
    sys::Loop loop;
    loop.run(run(place, loop.executor(), body));
  }

  static sys::Async<void> run(const Place& place, sys::Executor executor,
                              sys::Async<void> (*body)(InstanceNetwork&, const Place&,
                                                       sys::Clock&)) {
    sys::SystemClock clock;
    InstanceNetwork network(
        {.mode = Mode::instance, .instance = place.instance, .run_folder = place.path}, clock,
        executor);
    try {
      co_await network.up();
      co_await body(network, place, clock);
    } catch (const Error& error) {
      ADD_FAILURE() << error.wire();
    }
    co_await network.down();
    EXPECT_EQ((co_await output({"ip", "netns", "list"})).find(place.instance), std::string::npos);
    EXPECT_EQ((co_await output({"ip", "link"})).find(place.instance), std::string::npos);
    EXPECT_EQ((co_await output({"nft", "list", "tables"})).find(place.instance), std::string::npos);
    EXPECT_TRUE(sys::list_directory(place.path).empty());
  }
};

TEST_F(InstanceNetworkTest, gives_a_guest_an_address_and_the_host_a_way_to_it) {
  with_network([](InstanceNetwork& network, const Place& place,
                  sys::Clock& clock) -> sys::Async<void> {
    EXPECT_EQ(co_await network.bridges(), std::vector<std::string>{"vmbr0"});
    const std::string guest = "posada-guest-" + place.instance;
    co_await plug_guest(place, guest);
    // udhcpc asks until it has an address; -q: then it ends.
    const std::string said =
        co_await output({"ip", "netns", "exec", guest, "busybox", "udhcpc", "-i", "eth0", "-q",
                         "-n", "-t", "10", "-T", "1", "-s", "/bin/true", "-x", "hostname:web1"});
    const std::vector<Lease> leases = network.leases();
    EXPECT_EQ(leases.size(), 1U) << said;
    if (leases.size() == 1) {
      const std::string address = leases[0].address;
      EXPECT_EQ(leases[0].host_name, "web1");
      co_await output({"ip", "-n", guest, "address", "add", address + "/24", "dev", "eth0"});
      co_await output(
          {"ip", "-n", guest, "route", "add", "default", "via", network.plan()->gateway});
      EXPECT_EQ(co_await status({"busybox", "ping", "-c", "1", "-W", "5", address}), 0);
      // Out through the namespace and the host: the host's own end of the link answers.
      EXPECT_EQ(co_await status({"ip", "netns", "exec", guest, "busybox", "ping", "-c", "1", "-W",
                                 "5", network.plan()->link_host}),
                0);
    }
    co_await output({"ip", "netns", "delete", guest});
    co_await clock.sleep(sys::Milliseconds(0));
  });
}

TEST_F(InstanceNetworkTest, makes_taps_that_vanish_with_their_descriptors) {
  with_network([](InstanceNetwork& network, const Place& place, sys::Clock&) -> sys::Async<void> {
    const std::string space = "posada-" + place.instance;
    {
      const auto taps = co_await network.make_tap({.name = "tap100i0", .queues = 2, .mtu = 1400});
      EXPECT_EQ(taps.size(), 2U);
      const std::string link = co_await output({"ip", "-n", space, "link", "show", "tap100i0"});
      EXPECT_NE(link.find("master vmbr0"), std::string::npos) << link;
      EXPECT_NE(link.find("mtu 1400"), std::string::npos) << link;
      EXPECT_NE(link.find("UP"), std::string::npos) << link;
      EXPECT_TRUE((co_await network.counters("tap100i0")).has_value());
      co_await network.set_link("tap100i0", false);
    }
    EXPECT_FALSE((co_await network.counters("tap100i0")).has_value());
    EXPECT_EQ((co_await output({"ip", "link"})).find("tap100i0"), std::string::npos);
    try {
      co_await network.make_tap({.bridge = "vmbr9", .name = "tap100i0"});
      ADD_FAILURE() << "a bridge that is not there was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.wire(), "bridge 'vmbr9' does not exist");
    }
    EXPECT_FALSE((co_await network.counters("tap100i0")).has_value());
  });
}

TEST_F(InstanceNetworkTest, makes_whoever_comes_early_wait_until_it_is_up) {
  Place place;
  sys::Loop loop;
  loop.run([](const Place& where, sys::Executor executor) -> sys::Async<void> {
    sys::SystemClock clock;
    InstanceNetwork network(
        {.mode = Mode::instance, .instance = where.instance, .run_folder = where.path}, clock,
        executor);
    network.start();
    EXPECT_EQ((co_await network.make_tap({.name = "tap100i0"})).size(), 1U);
    EXPECT_EQ(co_await network.guest_namespace(), "/run/netns/posada-" + where.instance);
    co_await network.stop();
    co_await network.down();
  }(place, loop.executor()));
}

TEST_F(InstanceNetworkTest, tells_whoever_needs_it_why_it_is_not_up) {
  Place place;
  sys::write_file(place.path + "/file", "");
  sys::Loop loop;
  loop.run([](const Place& where, sys::Executor executor) -> sys::Async<void> {
    sys::SystemClock clock;
    InstanceNetwork network({.mode = Mode::instance,
                             .instance = where.instance,
                             .run_folder = where.path + "/file/no-folder"},
                            clock, executor);
    network.start();
    try {
      co_await network.make_tap({.name = "tap100i0"});
      ADD_FAILURE() << "a tap was made although the network is not up";
    } catch (const Error& error) {
      EXPECT_NE(error.wire().find("the guests' network is not up: "), std::string::npos);
      EXPECT_NE(error.wire().find(network.failure()), std::string::npos);
      EXPECT_FALSE(network.failure().empty());
      EXPECT_NE(error.wire().find("no-folder"), std::string::npos) << error.wire();
    }
    co_await network.stop();
  }(place, loop.executor()));
}

TEST_F(InstanceNetworkTest, stands_beside_another_with_the_same_guests) {
  with_network([](InstanceNetwork& network, const Place&, sys::Clock& clock) -> sys::Async<void> {
    Place second;
    const sys::Executor executor = co_await boost::asio::this_coro::executor;
    InstanceNetwork other(
        {.mode = Mode::instance, .instance = second.instance, .run_folder = second.path}, clock,
        executor);
    co_await other.up();
    const auto ours = co_await network.make_tap({.name = "tap100i0"});
    const auto theirs = co_await other.make_tap({.name = "tap100i0"});
    EXPECT_EQ(ours.size() + theirs.size(), 2U);
    EXPECT_NE(network.plan()->network, other.plan()->network);
    co_await other.down();
    EXPECT_TRUE((co_await network.counters("tap100i0")).has_value());
  });
}

TEST_F(InstanceNetworkTest, is_found_again_by_the_next_daemon) {
  with_network(
      [](InstanceNetwork& network, const Place& place, sys::Clock& clock) -> sys::Async<void> {
        const auto tap = co_await network.make_tap({.name = "tap100i0"});
        const std::string before = network.plan()->network;
        co_await network.stop();
        const sys::Executor executor = co_await boost::asio::this_coro::executor;
        InstanceNetwork next(
            {.mode = Mode::instance, .instance = place.instance, .run_folder = place.path}, clock,
            executor);
        co_await next.up();
        EXPECT_EQ(next.plan()->network, before);
        EXPECT_TRUE((co_await next.counters("tap100i0")).has_value());
        EXPECT_EQ(sys::processes_with("POSADA_DHCP=" + place.path).size(), 1U);
        co_await next.stop();
      });
}

}  // namespace
}  // namespace posada::net

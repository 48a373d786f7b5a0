#include <set>

#include <gtest/gtest.h>

#include "net/instance_network.h"

namespace posada::net {
namespace {

TEST(Plans, keep_clear_of_the_routes_of_the_host) {
  const Plan plan = plan_for("1a2b3c4d", 0);
  EXPECT_FALSE(
      collides(plan, "default via 192.0.2.1 dev eth0\n192.0.2.0/24 dev eth0 scope link\n"));
  EXPECT_TRUE(collides(plan, plan.network + "/24 via 192.0.2.9 dev eth0\n"));
  EXPECT_TRUE(collides(plan, plan.link_host + " dev tun0 scope link\n"));
  EXPECT_TRUE(collides(plan, "blackhole " + plan.network + "/20\n"));
  EXPECT_TRUE(collides(plan, "local " + plan.gateway + " dev x table local scope host\n"));
  EXPECT_FALSE(collides(plan, "10.0.0.0/8 via 10.1.1.1 dev vpn\n"));
  EXPECT_FALSE(collides(plan, "0.0.0.0/1 via 10.1.1.1 dev vpn\n"));
}

TEST(Plans, of_following_attempts_differ) {
  std::set<std::string> networks;
  for (unsigned attempt = 0; attempt < 32; ++attempt)
    networks.insert(plan_for("00000000", attempt).network);
  EXPECT_EQ(networks.size(), 32U);
}

TEST(Leases, are_read_as_dnsmasq_writes_them) {
  const auto leases = parse_leases(
      "1764217200 BC:24:11:00:00:01 10.200.4.50 demo 01:bc:24:11:00:00:01\n"
      "1764217300 bc:24:11:00:00:02 10.200.4.51 * *\n"
      "duid 00:01:00:01\n");
  ASSERT_EQ(leases.size(), 2U);
  EXPECT_EQ(leases[0].mac, "bc:24:11:00:00:01");
  EXPECT_EQ(leases[0].host_name, "demo");
  EXPECT_EQ(leases[1].host_name, "");
  EXPECT_EQ(leases[1].address, "10.200.4.51");
}

}  // namespace
}  // namespace posada::net

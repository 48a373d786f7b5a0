#include "base/network_address.h"

#include <gtest/gtest.h>

namespace posada {
namespace {

TEST(NetworkAddresses, of_the_internet_are_told_from_those_of_a_local_network) {
  for (const char* text : {"1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111",
                           "2a00:1450:4001::1"}) {
    EXPECT_TRUE(is_public_address(text)) << text;
  }
  for (const char* text : {"127.0.0.1",   "127.1.2.3",        "0.0.0.0",         "10.1.2.3",
                           "172.16.0.1",  "172.31.255.255",   "192.168.1.1",     "169.254.169.254",
                           "100.64.0.1",  "224.0.0.1",        "255.255.255.255", "::1",
                           "::",          "::ffff:127.0.0.1", "::ffff:8.8.8.8",  "fe80::1",
                           "fd00::1",     "ff02::1",          "2002:7f00:1::",   "2001:0:7f00:1::",
                           "2001:db8::1", "64:ff9b::7f00:1",  "localhost",       "",
                           "127.1"}) {
    EXPECT_FALSE(is_public_address(text)) << text;
  }
}

}  // namespace
}  // namespace posada

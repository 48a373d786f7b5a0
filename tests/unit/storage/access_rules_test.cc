#include "storage/access_rules.h"

#include <gtest/gtest.h>

#include "access/user_config_text.h"
#include "base/error.h"
#include "support/conformance.h"

namespace posada::storage {
namespace {

Identity user(const json::value& name) {
  return {text_of(name), ""};
}

TEST(VolumeAccess, agrees_with_the_conformance_cases) {
  const auto cases = testing::conformance("volume_access");
  if (!cases) GTEST_SKIP() << "conformance/volume_access.json is not here";
  const access::UserConfig config =
      access::parse_user_config(text_of(cases->at("user_cfg"))).config;
  access::Permissions permissions(config);
  std::size_t checks = 0;
  for (const json::value& test : cases->at("cases").as_array()) {
    const std::string volume = text_of(test.at("volid"));
    SCOPED_TRACE(text_of(test.at("id")));
    std::optional<GuestId> guest;
    if (const auto number = integer_member(test.as_object(), "for_vmid"))
      guest = GuestId{static_cast<std::uint32_t>(*number)};
    const json::object& expect = test.at("expect").as_object();
    for (const json::value& name : expect.at("allowed_users").as_array()) {
      EXPECT_TRUE(may_access_volume(permissions, user(name), volume, guest)) << name;
      ++checks;
    }
    for (const json::value& name : expect.at("denied_users").as_array()) {
      EXPECT_FALSE(may_access_volume(permissions, user(name), volume, guest)) << name;
      ++checks;
    }
    const json::array& usable = expect.at("content_types_root_may_use_it_as").as_array();
    for (const json::value& content : cases->at("content_types").as_array()) {
      const bool fits = std::find(usable.begin(), usable.end(), content) != usable.end();
      const auto use = [&] {
        check_volume_access(permissions, {"root@pam", ""}, volume, guest,
                            content_from(text_of(content)));
      };
      if (fits) {
        EXPECT_NO_THROW(use()) << content;
      } else {
        EXPECT_THROW(use(), Error) << content;
      }
      ++checks;
    }
  }
  EXPECT_GE(checks, 100U);
}

}  // namespace
}  // namespace posada::storage

// No option of a container's config is accepted and then forgotten.
#include "ct/options.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/property_formats.h"

namespace posada::ct {
namespace {

bool is_declared(std::string_view key, std::string_view property) {
  const std::string name = std::string(key) + (property.empty() ? "" : ".") + std::string(property);
  return std::ranges::find(options(), name, &guest::Option::name) != options().end();
}

std::string refusal(std::string_view key, std::string_view value) {
  return unsupported(key, value).value_or("");
}

TEST(ContainerOptions, EachOneOfTheApiDescriptionTakesEffectOrIsRefused) {
  const std::pair<std::string_view, const PropertyFormat*> formats[] = {
      {"net", &formats::lxc_net},
      {"mp", &formats::lxc_mp},
      {"rootfs", &formats::lxc_rootfs},
      {"features", &formats::lxc_features},
      {"unused", &formats::lxc_unused}};
  for (const Member* member : shapes::lxc_config) {
    if (member->name == "digest") continue;
    const PropertyFormat* properties = nullptr;
    for (const auto& [name, format] : formats) {
      if (name == member->name) properties = format;
    }
    if (properties == nullptr) {
      EXPECT_TRUE(is_declared(member->name, "")) << member->name;
      continue;
    }
    for (const Member* property : properties->members) {
      if (!property->alias.empty()) continue;
      EXPECT_TRUE(is_declared(member->name, property->name))
          << member->name << " " << property->name;
    }
  }
}

TEST(ContainerOptions, WithoutEffectAreRefusedByNameButForTheValueThatChangesNothing) {
  EXPECT_EQ(refusal("net3", "name=eth3,bridge=vmbr0,rate=5"),
            "rate: limits of a card's rate are not possible yet");
  EXPECT_EQ(refusal("net3", "name=eth3,bridge=vmbr0,firewall=1"), "");
  EXPECT_EQ(refusal("features", "nesting=1,mknod=0"), "");
  EXPECT_NE(refusal("features", "mknod=1"), "");
  EXPECT_NE(refusal("dev0", "/dev/fuse"), "");
  EXPECT_NE(refusal("mp0", "local:1,mp=/srv,quota=1"), "");
  EXPECT_EQ(refusal("rootfs", "local:1,acl=1,quota=0"), "");
}

}  // namespace
}  // namespace posada::ct

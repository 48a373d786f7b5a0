// What changes do to a config's text, with a grammar of one kind of volume.
#include "guest/config_change.h"

#include <gtest/gtest.h>

#include "guest/properties.h"

namespace posada::guest {
namespace {

const GuestId id{100};

Grammar one_disk() {
  Grammar grammar;
  grammar.volume_of = [](std::string_view key,
                         std::string_view value) -> std::optional<std::string> {
    if (!key.starts_with("disk") && !is_unused_key(key)) return std::nullopt;
    return std::string(value.substr(0, value.find(',')));
  };
  grammar.takes_effect_at_once = [](std::string_view key) {
    return key == "name" || is_unused_key(key);
  };
  return grammar;
}

const std::string own = "local:100/vm-100-disk-0.raw", other = "local:100/vm-100-disk-1.raw",
                  foreign = "local:101/vm-101-disk-0.raw";

struct Changed {
  GuestConfig config;
  std::vector<std::string> removed;
};

Changed changed(GuestConfig config, const ConfigChange& change, bool is_running) {
  const Grammar grammar = one_disk();
  ConfigChanger changer(config, id, grammar);
  changer.request(change, change.set, is_running);
  return {config, changer.removed()};
}

ConfigChange setting(Values values) {
  ConfigChange change;
  change.set = std::move(values);
  return change;
}

ConfigChange unsetting(std::string key, bool force = false) {
  ConfigChange change;
  change.unset = {std::move(key)};
  change.force = force;
  return change;
}

TEST(ConfigChange, OfARunningGuestWaitsUnlessItsKeyNeedsNoNewStart) {
  const auto [config, removed] = changed({}, setting({{"name", "a"}, {"memory", "32"}}), true);
  EXPECT_EQ(config.main.values, (Values{{"name", "a"}}));
  EXPECT_EQ(config.pending.values, (Values{{"memory", "32"}}));
}

TEST(ConfigChange, AWaitingNewVolumeWhoseKeyIsDeletedStaysAsUnused) {
  GuestConfig config;
  config.main.values = {{"disk0", own}};
  config = changed(config, setting({{"disk0", other}}), true).config;
  const auto [after, removed] = changed(config, unsetting("disk0"), true);
  EXPECT_EQ(after.main.get("unused0"), other);
  EXPECT_TRUE(after.pending.empty());
  EXPECT_EQ(after.deletes, (PendingDeletes{{"disk0", false}}));
  EXPECT_TRUE(removed.empty());
}

TEST(ConfigChange, AVolumeIsRemovedOnlyWhenAskedForAndNeverAnotherGuests) {
  GuestConfig config;
  config.main.values = {{"disk0", own}, {"disk1", foreign}, {"unused3", foreign}};
  EXPECT_EQ(changed(config, unsetting("disk0"), false).config.main.get("unused0"), own);
  EXPECT_EQ(changed(config, unsetting("disk0", true), false).removed,
            std::vector<std::string>{own});
  EXPECT_TRUE(changed(config, unsetting("disk1", true), false).removed.empty());
  const auto [after, removed] = changed(config, unsetting("unused3"), false);
  EXPECT_FALSE(after.main.has("unused3"));
  EXPECT_TRUE(removed.empty());
}

TEST(ConfigChange, WhatWaitedTakesEffectAndTheVolumeBeforeStaysAsUnused) {
  GuestConfig config;
  config.main.values = {{"disk0", own}, {"cores", "2"}};
  config.set_later("disk0", other);
  config.delete_later("cores", false);
  const Grammar grammar = one_disk();
  ConfigChanger(config, id, grammar).settle_all();
  EXPECT_EQ(config.main.values, (Values{{"disk0", other}, {"unused0", own}}));
  EXPECT_FALSE(config.has_pending());
}

TEST(ConfigChange, AVolumeHasOneUnusedKeyAtMost) {
  ConfigSection section;
  section.values = {{"unused1", own}};
  keep_unused(section, own);
  EXPECT_EQ(section.values, (Values{{"unused1", own}}));
  keep_unused(section, other);
  EXPECT_EQ(section.get("unused0"), other);
}

}  // namespace
}  // namespace posada::guest

// storage.cfg knows the options that the call which makes a storage has, and no others.
#include "storage/options.h"

#include <gtest/gtest.h>

#include "api/schema.h"

namespace posada::api {
namespace {

TEST(StorageOptions, AreThoseOfTheCallThatMakesAStorage) {
  std::vector<std::string_view> declared;
  const std::vector<std::string> path{"storage"};
  for (const Member* member : find_route(Verb::post, path).method->parameters) {
    if (member->name != "storage" && member->name != "type") declared.push_back(member->name);
  }
  const auto known = ::posada::storage::options();
  EXPECT_EQ(std::vector<std::string_view>(known.begin(), known.end()), declared);
}

}  // namespace
}  // namespace posada::api

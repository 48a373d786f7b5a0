#include "base/json.h"

#include <gtest/gtest.h>

namespace posada {
namespace {

TEST(Json, NumbersAreTextsAsPeopleWriteThem) {
  EXPECT_EQ(text_of(json::value(0.08795)), "0.08795");
  EXPECT_EQ(text_of(json::value(512.0)), "512");
  EXPECT_EQ(text_of(json::value(-3)), "-3");
  EXPECT_EQ(text_of(json::value(true)), "1");
  EXPECT_EQ(text_of(json::value(nullptr)), "");
}

}  // namespace
}  // namespace posada

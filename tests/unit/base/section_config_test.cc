// Texts of sections: what a value can never do to the lines around it.
#include "base/section_config.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace posada {
namespace {

const SectionRules rules{.is_flag = {}, .is_required = {}, .is_array = [](std::string_view key) {
                           return key == "tag";
                         }};

TEST(SectionConfig, AValueWritesNoLinesOfItsOwn) {
  for (const std::string& value :
       {std::string("a\n\tpath /etc"), std::string("a\r"), std::string("a\0b", 3)}) {
    EXPECT_THROW(write_sections({{"dir", "one", {{"path", value}}}}, rules), Error) << value;
  }
}

TEST(SectionConfig, AnArrayWritesALineForEachElement) {
  EXPECT_EQ(write_sections({{"dir", "one", {{"tag", "a\nb"}}}}, rules),
            "dir: one\n\ttag a\n\ttag b\n\n");
}

}  // namespace
}  // namespace posada

// tools/schema: the documents that it writes, and what it says about mistakes.
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "api/schema.h"
#include "base/json.h"
#include "support/source.h"

namespace posada::api {
namespace {

namespace fs = std::filesystem;

class Generator : public ::testing::Test {
 protected:
  Generator() {
    std::string name = (fs::temp_directory_path() / "posada-schema-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~Generator() override { fs::remove_all(folder_); }

  // Everything that `tools/schema arguments` prints.
  std::string run(const std::string& arguments) {
    std::string command =
        (testing::source_folder() / "tools/schema").string() + " " + arguments + " 2>&1";
    std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
    std::string output;
    std::array<char, 4096> buffer;
    while (std::size_t count = fread(buffer.data(), 1, buffer.size(), pipe.get())) {
      output.append(buffer.data(), count);
    }
    return output;
  }

  std::string mistake(const std::string& text) {
    fs::create_directories(folder_ / "api");
    std::ofstream(folder_ / "api/test.api") << text;
    return run("generate " + (folder_ / "api").string() + " " + (folder_ / "out").string());
  }

  fs::path folder_;
};

// All $ref and x-property-string below `value` lead to a schema of the document.
void check_references(const json::value& value, const json::value& document) {
  if (const json::object* object = value.if_object()) {
    for (const auto& [key, member] : *object) {
      if (key == "$ref" || key == "x-property-string") {
        std::string pointer = std::string(member.as_string()).substr(1);
        boost::system::error_code error;
        EXPECT_NE(document.find_pointer(pointer, error), nullptr) << pointer;
      }
      check_references(member, document);
    }
  } else if (const json::array* array = value.if_array()) {
    for (const json::value& element : *array) check_references(element, document);
  }
}

TEST_F(Generator, WritesAnOpenApiDocumentOfAllMethods) {
  std::string api = (testing::source_folder() / "api").string();
  EXPECT_EQ(run("generate " + api + " " + folder_.string() + " --web " + folder_.string()), "");
  std::ifstream file(folder_ / "openapi.json");
  std::string text{std::istreambuf_iterator<char>(file), {}};
  json::value document = json::parse(text);
  EXPECT_TRUE(std::string(document.at("openapi").as_string()).starts_with("3.1"));
  EXPECT_EQ(document.at("servers").at(0).at("url"), "/api2/json");
  std::set<std::string> ids;
  for (const auto& [path, operations] : document.at("paths").as_object()) {
    for (const auto& [verb, operation] : operations.as_object()) {
      EXPECT_TRUE(ids.emplace(operation.at("operationId").as_string()).second) << path;
      EXPECT_FALSE(operation.at("summary").as_string().empty()) << path;
      EXPECT_TRUE(operation.at("responses").as_object().contains("200"));
      std::set<std::string> in_path;
      for (const json::value& parameter : operation.at("parameters").as_array()) {
        if (parameter.at("in") != "path") continue;
        EXPECT_EQ(parameter.at("required"), true);
        in_path.emplace(parameter.at("name").as_string());
      }
      for (const std::string& name : in_path) {
        EXPECT_NE(std::string(path).find("{" + name + "}"), std::string::npos) << path;
      }
      EXPECT_EQ(in_path.size(), std::count(path.begin(), path.end(), '{')) << path;
    }
  }
  EXPECT_EQ(ids.size(), methods().size());
  check_references(document, document);
  EXPECT_TRUE(fs::exists(folder_ / "api.ts"));
}

TEST_F(Generator, MistakesAreReportedWithTheirLine) {
  EXPECT_EQ(mistake("GET /a index\n  -- A.\n  allow user\n  name strin\n  returns null\n"),
            "schema: test.api:4: 'strin' is not a type: name strin\n");
  EXPECT_EQ(mistake("GET /a index\n  -- A.\n  returns null\n"),
            "schema: test.api:1: says nobody may call it; write `allow root` if that is meant: "
            "GET /a index\n");
  EXPECT_EQ(mistake("GET /a index\n  -- A.\n  allow user\n  use nosuch\n  returns null\n"),
            "schema: test.api:4: no group nosuch is declared: use nosuch\n");
  EXPECT_EQ(mistake("GET /a/{b} index\n  -- A.\n  allow user\n  returns null\n"),
            "schema: test.api:1: path parameter b is not declared: GET /a/{b} index\n");
  EXPECT_EQ(mistake("GET /a index\n  -- A.\n  allow user\n  b string pattern=`(?=x)`\n"
                    "  returns null\n"),
            "schema: unsupported ASSERT in (?=x)\n");
  EXPECT_EQ(mistake("group a\n  use b\ngroup b\n  use a\n"),
            "schema: test.api:4: group a contains itself: use a\n");
  EXPECT_EQ(mistake("GET /a index\n  -- A.\n  allow /x VM.Audit and /y VM.Audit or /z VM.Audit\n  "
                    "returns null\n"),
            "schema: test.api:3: put parentheses around one of `and`, `or`: "
            "allow /x VM.Audit and /y VM.Audit or /z VM.Audit\n");
}

TEST_F(Generator, ListsWhatIsNotBuiltYet) {
  std::ofstream(folder_ / "list.json")
      << R"([{"method":"GET","path":"/version","implemented":true},)"
      << R"({"method":"POST","path":"/nodes/{node}/qemu","implemented":false}])";
  std::string page = run("compatibility " + (folder_ / "list.json").string());
  EXPECT_NE(page.find("1 of 2 methods are built"), std::string::npos);
  EXPECT_NE(page.find("| nodes/qemu | 0 | 1 |"), std::string::npos);
  EXPECT_NE(page.find("- `POST /nodes/{node}/qemu`"), std::string::npos);
  EXPECT_EQ(page.find("GET /version"), std::string::npos);
}

}  // namespace
}  // namespace posada::api

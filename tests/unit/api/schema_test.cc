// The tables made from api/: that every method of the reference is there with all its fields,
// and that paths lead to the right method.
#include "api/schema.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "api/request/nodes_qemu.h"
#include "support/source.h"

namespace posada::api {
namespace {

using Segments = std::vector<std::string>;

Route route(Verb verb, Segments segments) {
  return find_route(verb, segments);
}

TEST(Schema, SaysExactlyWhatTheReferenceSays) {
  const std::filesystem::path source = testing::source_folder();
  std::filesystem::path reference = source.parent_path() / "shared/reference/pve-api.json";
  if (!std::filesystem::exists(reference)) GTEST_SKIP() << "no ../shared/reference/pve-api.json";
  std::string command = (source / "tools/schema").string() + " check " + (source / "api").string() +
                        " " + reference.string();
  EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST(Schema, KnowsAllMethodsOfTheReference) {
  auto ours = std::count_if(methods().begin(), methods().end(),
                            [](const Method& method) { return method.resource != "posada"; });
  EXPECT_EQ(ours, 675);
  for (std::size_t i = 0; i < methods().size(); ++i) {
    EXPECT_EQ(methods()[i].id, i);
    EXPECT_NE(methods()[i].permission, nullptr);
    EXPECT_NE(methods()[i].returns, nullptr);
  }
}

TEST(Schema, EveryMethodIsFoundByItsOwnPath) {
  for (const Method& method : methods()) {
    Segments segments;
    std::string_view rest = method.path.substr(1);
    while (!rest.empty()) {
      std::size_t end = rest.find('/');
      std::string_view segment = rest.substr(0, end);
      segments.emplace_back(segment.starts_with('{') ? "some-value" : segment);
      rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
    }
    EXPECT_EQ(route(method.verb, segments).method, &method) << method.path;
  }
}

TEST(Schema, PathParametersAreTakenFromTheSegments) {
  Route found = route(Verb::post, {"nodes", "one", "qemu", "100", "status", "start"});
  ASSERT_NE(found.method, nullptr);
  EXPECT_EQ(found.method->name, "vm_start");
  ASSERT_EQ(found.parameters.size(), 2u);
  EXPECT_EQ(found.parameters[0].first, "node");
  EXPECT_EQ(found.parameters[0].second, "one");
  EXPECT_EQ(found.parameters[1].first, "vmid");
  EXPECT_EQ(found.parameters[1].second, "100");
}

TEST(Schema, VolumeAndCidrTakeTheRestOfThePath) {
  for (Segments rest : {Segments{"local:iso/a.iso"}, Segments{"local:iso", "a.iso"}}) {
    Segments segments{"nodes", "one", "storage", "local", "content"};
    segments.insert(segments.end(), rest.begin(), rest.end());
    Route found = route(Verb::remove, segments);
    ASSERT_NE(found.method, nullptr);
    EXPECT_EQ(found.parameters.back().second, "local:iso/a.iso");
  }
  EXPECT_EQ(route(Verb::get, {"cluster", "firewall", "ipset", "a", "10.0.0.0", "8"})
                .parameters.back()
                .second,
            "10.0.0.0/8");
}

TEST(Schema, AKnownPathWithAnotherVerbIsToldFromAnUnknownPath) {
  Route wrong_verb = route(Verb::remove, {"version"});
  EXPECT_EQ(wrong_verb.method, nullptr);
  EXPECT_TRUE(wrong_verb.known_path);
  EXPECT_FALSE(route(Verb::get, {"nope"}).known_path);
  EXPECT_FALSE(route(Verb::get, {"version", "more"}).known_path);
  EXPECT_TRUE(route(Verb::get, {}).known_path);
}

TEST(Schema, ALiteralSegmentWinsOverAParameter) {
  Route found = route(Verb::get, {"cluster", "sdn", "fabrics", "all"});
  ASSERT_NE(found.method, nullptr);
  EXPECT_EQ(found.method->name, "list_all");
}

TEST(Schema, ChildrenOfAPathAreListedNamesFirst) {
  auto top = children_of(Segments{});
  ASSERT_TRUE(top);
  std::vector<std::string_view> names;
  for (const PathChild& child : *top) names.push_back(child.name);
  for (std::string_view name : {"access", "cluster", "nodes", "pools", "storage", "version"}) {
    EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
  }
  auto below = children_of(Segments{"nodes"});
  ASSERT_TRUE(below);
  ASSERT_EQ(below->size(), 1u);
  EXPECT_TRUE(below->front().is_parameter);
  EXPECT_TRUE(below->front().has_children);
  EXPECT_FALSE(children_of(Segments{"nope"}));
}

TEST(Schema, IndexedParametersHaveBounds) {
  const Method* create = route(Verb::post, {"nodes", "one", "qemu"}).method;
  ASSERT_NE(create, nullptr);
  EXPECT_NE(create->parameter("net0"), nullptr);
  EXPECT_NE(create->parameter("net31"), nullptr);
  EXPECT_EQ(create->parameter("net32"), nullptr);
  EXPECT_EQ(create->parameter("net01"), nullptr);
  EXPECT_EQ(create->parameter("net"), nullptr);
  EXPECT_NE(create->parameter("numa"), nullptr);
  EXPECT_NE(create->parameter("numa"), create->parameter("numa0"));
}

TEST(Schema, NamesAreSortedSoThatLookupsFindThem) {
  for (const Method& method : methods()) {
    EXPECT_TRUE(std::is_sorted(method.parameters.begin(), method.parameters.end(),
                               [](auto* a, auto* b) { return a->name < b->name; }))
        << method.path;
  }
}

TEST(Request, IsFilledFromParameters) {
  json::object parameters{{"node", "one"},   {"vmid", 103},      {"name", "vubuntu"},
                          {"onboot", false}, {"net0", "virtio"}, {"net12", "e1000"},
                          {"numa", true},    {"numa1", "cpus=0"}};
  auto request = read_request<nodes_qemu::CreateVm>(parameters);
  EXPECT_EQ(nodes_qemu::CreateVm::method, route(Verb::post, {"nodes", "one", "qemu"}).method->id);
  EXPECT_EQ(request.node, "one");
  EXPECT_EQ(request.vmid, 103);
  EXPECT_EQ(request.name, "vubuntu");
  EXPECT_EQ(request.onboot, false);
  EXPECT_FALSE(request.memory);
  EXPECT_EQ(request.net.size(), 2u);
  EXPECT_EQ(request.net.at(12), "e1000");
  EXPECT_EQ(request.numa, true);
  EXPECT_EQ(request.numa_list.at(1), "cpus=0");
}

}  // namespace
}  // namespace posada::api

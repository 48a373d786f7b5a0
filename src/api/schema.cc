#include "api/schema.h"

#include <array>

#include "api/schema_tables.h"

namespace posada::api {

namespace {

constexpr std::array<std::string_view, 4> verb_names{"GET", "POST", "PUT", "DELETE"};

std::span<const PathNode> children(const PathNode& node) {
  return path_nodes().subspan(node.first_child, node.child_count);
}

const PathNode* child_for(const PathNode& node, std::string_view segment) {
  const PathNode* parameter = nullptr;
  for (const PathNode& child : children(node)) {
    if (child.is_parameter) {
      parameter = &child;
    } else if (child.segment == segment) {
      return &child;
    }
  }
  return parameter;
}

std::string join_rest(std::span<const std::string> segments) {
  std::string rest;
  for (const std::string& segment : segments) {
    if (!rest.empty()) rest += '/';
    rest += segment;
  }
  return rest;
}

struct Walk {
  const PathNode* node = nullptr;  // null: no such path
  std::vector<std::pair<std::string_view, std::string>> parameters;
};

Walk walk(std::span<const std::string> segments) {
  Walk result{&path_nodes()[0], {}};
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const PathNode* child = child_for(*result.node, segments[i]);
    if (child == nullptr) return {};
    result.node = child;
    if (!child->is_parameter) continue;
    if (child->takes_rest) {
      result.parameters.emplace_back(child->segment, join_rest(segments.subspan(i)));
      return result;
    }
    result.parameters.emplace_back(child->segment, segments[i]);
  }
  return result;
}

}  // namespace

std::string_view name_of(Verb verb) {
  return verb_names.at(static_cast<std::size_t>(verb));
}

std::optional<Verb> verb_of(std::string_view name) {
  for (std::size_t i = 0; i < verb_names.size(); ++i) {
    if (verb_names[i] == name) return static_cast<Verb>(i);
  }
  return std::nullopt;
}

Route find_route(Verb verb, std::span<const std::string> segments) {
  Walk found = walk(segments);
  Route route;
  if (found.node == nullptr) return route;
  route.parameters = std::move(found.parameters);
  for (std::int16_t id : found.node->methods) route.known_path = route.known_path || id >= 0;
  std::int16_t id = found.node->methods[static_cast<std::size_t>(verb)];
  if (id >= 0) route.method = &methods()[static_cast<std::size_t>(id)];
  return route;
}

std::optional<std::vector<PathChild>> children_of(std::span<const std::string> segments) {
  Walk found = walk(segments);
  if (found.node == nullptr) return std::nullopt;
  std::vector<PathChild> result;
  for (const PathNode& child : children(*found.node)) {
    PathChild entry{child.segment, child.is_parameter, child.child_count > 0, {}};
    for (std::size_t i = 0; i < 4; ++i) {
      if (child.methods[i] >= 0) entry.verbs.push_back(static_cast<Verb>(i));
    }
    result.push_back(std::move(entry));
  }
  return result;
}

}  // namespace posada::api

// The generated tables as schema.cc walks them. Not for anyone else.
#pragma once

#include "api/schema.h"

namespace posada::api {

struct PathNode {
  std::string_view segment;  // without braces
  std::uint16_t first_child;
  std::uint16_t child_count;
  bool is_parameter;
  bool takes_rest;
  std::int16_t methods[4];  // by Verb; -1: none
};

// Node 0 is the root; the children of a node stand together, names sorted, the parameter last.
std::span<const PathNode> path_nodes();

}  // namespace posada::api

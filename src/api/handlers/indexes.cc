// Methods that list what stands below a path: all of them are answered from the tree of paths.
#include <algorithm>

#include "api/handlers/handlers.h"
#include "api/request/posada.h"
#include "base/text.h"

namespace posada::api {
namespace {

// The member by which an index names its children ("name", "subdir", …); empty when the answer of
// the method is no list of names. Where the description leaves the rows open it is "name".
std::string_view child_member(const Method& method) {
  const Rule* returns = method.returns;
  if (!returns || returns->type != ValueType::array || !returns->items) return {};
  const Members members = returns->items->members;
  const bool says_index = method.name == "index" || method.name.ends_with("_index");
  if (members.empty() && says_index) return "name";
  if (members.size() != 1) return {};
  const std::string_view name = members.front()->name;
  return name == "name" || name == "subdir" || name == "id" ? name : std::string_view{};
}

bool is_index(const Method& method) {
  if (method.verb != Verb::get || child_member(method).empty()) return false;
  const std::vector<std::string> segments = split_list(method.path, "/");
  const std::optional<std::vector<PathChild>> children = children_of(segments);
  // A path with a parameter right below it lists objects, not names of the tree.
  return children && !children->empty() &&
         std::none_of(children->begin(), children->end(),
                      [](const PathChild& child) { return child.is_parameter; });
}

sys::Async<Answer> list_children(Call& call) {
  json::array rows;
  const std::string_view member = child_member(call.method);
  const std::vector<std::string> segments = split_list(call.method.path, "/");
  const std::optional<std::vector<PathChild>> children = children_of(segments);
  for (const PathChild& child : *children) {
    rows.push_back(json::object{{member, child.name}});
  }
  co_return rows;
}

// What is our own at the root stays out: clients walk this list.
sys::Async<Answer> list_parts(Call&, posada::Index) {
  json::array rows;
  for (const char* name : {"version", "cluster", "nodes", "storage", "access", "pools"}) {
    rows.push_back(json::object{{"subdir", name}});
  }
  co_return rows;
}

}  // namespace

void register_indexes(Router& router) {
  router.on<posada::Index>(list_parts);
  for (const Method& method : methods()) {
    if (is_index(method) && !router.implements(method.id)) router.bind(method.id, list_children);
  }
}

}  // namespace posada::api

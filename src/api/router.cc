#include "api/router.h"

#include <algorithm>
#include <stdexcept>

namespace posada::api {

Router::Router() : handlers_(methods().size()) {}

void Router::bind(MethodId method, Handler handler) {
  if (handlers_.at(method)) {
    throw std::logic_error("two handlers for " + std::string(methods()[method].path));
  }
  handlers_[method] = std::move(handler);
}

const Handler* Router::find(MethodId method) const {
  const Handler& handler = handlers_.at(method);
  return handler ? &handler : nullptr;
}

std::size_t Router::implemented() const {
  return static_cast<std::size_t>(
      std::count_if(handlers_.begin(), handlers_.end(), [](const Handler& h) { return bool(h); }));
}

json::array Router::list() const {
  json::array rows;
  for (const Method& method : methods()) {
    json::object parameters;
    for (const Parameter* parameter : method.parameters) {
      std::string name(parameter->name);
      if (parameter->indexed()) name += "[n]";
      parameters[name] = json::object{
          {"type", parameter->rule ? name_of(parameter->rule->type) : std::string_view("string")},
          {"optional", parameter->optional}};
    }
    rows.push_back(json::object{{"method", name_of(method.verb)},
                                {"path", method.path},
                                {"name", method.name},
                                {"implemented", implements(method.id)},
                                {"params", std::move(parameters)}});
  }
  return rows;
}

}  // namespace posada::api

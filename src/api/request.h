// Fills the generated parameter structs (api/request/<resource>.h) from validated parameters.
//
//   auto request = read_request<nodes_qemu::CreateVm>(parameters);
//
// The parameters have passed validate() of the struct's own method, so types and required
// members are known to be right; a mismatch is a bug in us and throws std::logic_error.
#pragma once

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "api/schema.h"
#include "base/json.h"

namespace posada::api {

namespace request_detail {

template <class T>
struct Reader {
  static T read(const json::value& value) { return json::value_to<T>(value); }
};
template <>
struct Reader<json::value> {
  static json::value read(const json::value& value) { return value; }
};
template <>
struct Reader<json::object> {
  static json::object read(const json::value& value) { return value.as_object(); }
};
template <>
struct Reader<std::string> {
  static std::string read(const json::value& value) { return std::string(value.as_string()); }
};
template <>
struct Reader<double> {
  static double read(const json::value& value) { return value.to_number<double>(); }
};
template <class T>
struct Reader<std::vector<T>> {
  static std::vector<T> read(const json::value& value) {
    std::vector<T> result;
    for (const json::value& element : value.as_array()) {
      result.push_back(Reader<T>::read(element));
    }
    return result;
  }
};

// Indexed members (net0, net1 …) whose name without the number is `name`.
template <class T>
void read_indexed(const json::object& from, std::string_view name, std::map<int, T>& into) {
  for (const auto& [key, value] : from) {
    std::string_view text = key;
    if (text.size() <= name.size() || !text.starts_with(name)) continue;
    std::string_view number = text.substr(name.size());
    if (number.find_first_not_of("0123456789") != std::string_view::npos) continue;
    into.emplace(std::stoi(std::string(number)), Reader<T>::read(value));
  }
}

class Filler {
 public:
  explicit Filler(const json::object& from) : from_(from) {}

  template <class T>
  void operator()(std::string_view name, std::optional<T>& into) {
    if (const json::value* value = from_.if_contains(name)) into = Reader<T>::read(*value);
  }
  template <class T>
  void operator()(std::string_view name, std::map<int, T>& into) {
    read_indexed(from_, name, into);
  }
  template <class T>
  void operator()(std::string_view name, T& into) {
    const json::value* value = from_.if_contains(name);
    if (value == nullptr) throw std::logic_error("no validated parameter " + std::string(name));
    into = Reader<T>::read(*value);
  }

 private:
  const json::object& from_;
};

}  // namespace request_detail

template <class Request>
Request read_request(const json::object& parameters) {
  Request request;
  Request::visit(request_detail::Filler(parameters), request);
  return request;
}

}  // namespace posada::api

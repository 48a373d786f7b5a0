// Parameters of a request, checked against the method's declaration and brought into one form.
//
// The router calls this once for each request, before permissions that depend on parameters and
// before the handler. What comes out holds only declared members (unless the method takes more),
// each of its declared type: integers int64, numbers double, booleans bool, arrays array, all
// else text as it was sent; members that were null are gone. Lists (`*-list`) and property
// strings stay text: split_list() and parse_property_string() take them apart.
//
// Throws Error::parameters with a text for every wrong parameter at once.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "api/schema.h"
#include "base/json.h"

namespace posada::api {

using PathParameters = std::span<const std::pair<std::string_view, std::string>>;

// `sent` is the query and body: texts or arrays of texts from a form, anything from JSON. A
// parameter of the path that is sent again must have the same value.
json::object validate(const Method& method, PathParameters path, json::object sent);

}  // namespace posada::api

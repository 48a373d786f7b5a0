// Parameters out of what a client sends: query strings, form bodies and JSON bodies, by the rules
// that existing clients rely on. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace posada::front {

// `a=1&b=x%20y;c`: pieces part at '&' and ';', '+' is a space, %XX is decoded once, a second '='
// ends the value, a repeated key becomes an array, a key without '=' is null, `_dc` is dropped.
// Throws Refusal (400) that names the parameter when a key or value is not UTF-8.
json::object decode_form(std::string_view text);

// The body by its content type: absent or form, JSON object. Throws Refusal: 506 for another
// type, 400 for a body that is no JSON object.
json::object decode_body(std::string_view content_type, std::string_view body);

// `text/plain; charset=x` → "text/plain", in lower case.
std::string media_type(std::string_view content_type);

// Parameters of the query win over those of the body.
void override_with(json::object& parameters, json::object query);

}  // namespace posada::front

// Checks the permission rule that the schema gives a method, before its handler runs.
#pragma once

#include "api/schema.h"
#include "base/ids.h"
#include "base/json.h"

namespace posada::access {
class Permissions;
class UserConfig;
}  // namespace posada::access

namespace posada::api {

// Throws Error::forbidden when the rule is not met. `parameters` are those of the request, before
// validation (the order in which existing clients see 403 and 400).
void check_permission(const Method& method, const json::object& parameters,
                      const Identity& identity, access::Permissions& permissions);

}  // namespace posada::api

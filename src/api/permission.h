// Checks the permission rule that the schema gives a method, before its handler runs.
#pragma once

#include "access/permissions.h"
#include "api/schema.h"
#include "base/ids.h"
#include "base/json.h"

namespace posada::api {

// Throws Error::forbidden when the rule is not met. `parameters` are those of the request, before
// validation: existing clients see 403 before 400.
void check_permission(const Method& method, const json::object& parameters,
                      const Identity& identity, const access::UserConfig& users,
                      access::Permissions& permissions);

}  // namespace posada::api

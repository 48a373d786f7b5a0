// Moving guests to another node; see handlers.h.
#pragma once

#include "api/router.h"

namespace posada::api {

void register_guest_migration(Router& router);

}  // namespace posada::api

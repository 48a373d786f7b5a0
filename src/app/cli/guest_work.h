// Commands about guests that are more than one call of the API.
#pragma once

#include "base/json.h"

namespace posada::app {

class Client;

int machine_status(Client& client, const json::object& words);
int container_status(Client& client, const json::object& words);
int wait_for_stop(Client& client, const json::object& words);
int guest_exec(Client& client, const json::object& words);
int import_disk(Client& client, const json::object& words);

}  // namespace posada::app

// Commands that join a person's terminal with a guest's.
#pragma once

#include "base/json.h"

namespace posada::app {

class Client;

int machine_terminal(Client& client, const json::object& words);
int machine_monitor(Client& client, const json::object& words);
int container_console(Client& client, const json::object& words);
int container_enter(Client& client, const json::object& words);
int container_exec(Client& client, const json::object& words);
int container_push(Client& client, const json::object& words);
int container_pull(Client& client, const json::object& words);

}  // namespace posada::app

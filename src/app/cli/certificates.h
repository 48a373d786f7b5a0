// Commands of the node's certificate: a person names files, the API takes their texts.
#pragma once

#include "base/json.h"

namespace posada::app {

class Client;

int certificate_set(Client& client, const json::object& words);

}  // namespace posada::app

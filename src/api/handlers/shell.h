// Methods of our own that only the command line calls (posada.api).
#pragma once

namespace posada::api {

class Router;

void register_shell(Router& router);

}  // namespace posada::api

#include "api/handlers/handlers.h"
#include "api/request/version.h"

namespace posada::api {
namespace {

sys::Async<Answer> get_version(Call& call, version::Version) {
  const std::string& version = call.services.version;
  co_return json::object{{"version", version},
                         {"release", version.substr(0, version.rfind('.'))},
                         {"repoid", call.services.build}};
}

}  // namespace

void register_version(Router& router) { router.on<version::Version>(get_version); }

}  // namespace posada::api

// What the command line needs beside the methods that every client knows: the equivalent of a
// machine's start, and the way into a container.
#include "api/handlers/shell.h"

#include "api/handlers/handlers.h"
#include "api/handlers/lxc_request.h"
#include "api/handlers/qemu_request.h"
#include "api/request/posada.h"
#include "guest/registry.h"

namespace posada::api {
namespace {

sys::Async<Answer> show_command(Call& call, posada::ShowCommand request) {
  co_return json::value(machines(call).command_text(
      guest_id(request.vmid), !request.pretty.value_or(false), request.snapshot.value_or("")));
}

// The caller executes the program itself, on its own streams: no byte comes through the daemon,
// and what runs inside goes on when the daemon ends.
sys::Async<Answer> attach_command(Call& call, posada::AttachCommand request) {
  const GuestId id = container_id(request.vmid);
  call.services.registry->require(id, GuestKind::container);
  if (!containers(call).running(id)) {
    throw Error::failed("ct.not-running", "CT " + id.text() + " not running");
  }
  json::array words;
  for (std::string& word : containers(call).attach_command(id, {})) {
    words.push_back(json::value(std::move(word)));
  }
  co_return words;
}

}  // namespace

void register_shell(Router& router) {
  router.on<posada::ShowCommand>(show_command);
  router.on<posada::AttachCommand>(attach_command);
}

}  // namespace posada::api

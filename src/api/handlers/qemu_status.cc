#include "api/handlers/handlers.h"
#include "api/handlers/qemu_request.h"
#include "api/request/nodes_qemu_status.h"
#include "guest/registry.h"

namespace posada::api {
namespace {

using std::chrono::seconds;

sys::Async<Answer> index(Call &call, nodes_qemu_status::Vmcmdidx request) {
  call.services.registry->require(guest_id(request.vmid), GuestKind::vm);
  json::array rows;
  for (const char *name :
       {"current", "start", "stop", "reset", "shutdown", "suspend", "reboot"}) {
    rows.push_back(json::object{{"subdir", name}});
  }
  co_return rows;
}

sys::Async<Answer> current(Call &call, nodes_qemu_status::VmStatus request) {
  json::object status = co_await machines(call).status(guest_id(request.vmid));
  co_return status;
}

sys::Async<Answer> start(Call &call, nodes_qemu_status::VmStart request) {
  vm::StartOptions options;
  options.skip_lock = request.skiplock.value_or(false);
  options.machine = request.machine.value_or("");
  options.cpu = request.force_cpu.value_or("");
  options.timeout = seconds(request.timeout.value_or(0));
  co_return upid_text(
      machines(call).power_on(caller(call), guest_id(request.vmid), options));
}

sys::Async<Answer> stop(Call &call, nodes_qemu_status::VmStop request) {
  vm::StopOptions options;
  options.skip_lock = request.skiplock.value_or(false);
  options.timeout = seconds(request.timeout.value_or(0));
  options.keep_active = request.keepActive.value_or(false);
  options.overrule_shutdown = request.overrule_shutdown.value_or(false);
  co_return upid_text(
      machines(call).power_off(caller(call), guest_id(request.vmid), options));
}

sys::Async<Answer> shutdown(Call &call, nodes_qemu_status::VmShutdown request) {
  vm::StopOptions options;
  options.skip_lock = request.skiplock.value_or(false);
  options.timeout = seconds(request.timeout.value_or(0));
  options.keep_active = request.keepActive.value_or(false);
  options.force = request.forceStop.value_or(false);
  co_return upid_text(
      machines(call).shut_down(caller(call), guest_id(request.vmid), options));
}

sys::Async<Answer> reset(Call &call, nodes_qemu_status::VmReset request) {
  co_return upid_text(machines(call).reset(caller(call), guest_id(request.vmid),
                                           request.skiplock.value_or(false)));
}

sys::Async<Answer> reboot(Call &call, nodes_qemu_status::VmReboot request) {
  co_return upid_text(
      machines(call).reboot(caller(call), guest_id(request.vmid),
                            seconds(request.timeout.value_or(0))));
}

sys::Async<Answer> suspend(Call &call, nodes_qemu_status::VmSuspend request) {
  co_return upid_text(machines(call).suspend(
      caller(call), guest_id(request.vmid), request.todisk.value_or(false),
      request.skiplock.value_or(false)));
}

sys::Async<Answer> resume(Call &call, nodes_qemu_status::VmResume request) {
  co_return upid_text(machines(call).resume(
      caller(call), guest_id(request.vmid), request.skiplock.value_or(false),
      request.nocheck.value_or(false)));
}

} // namespace

void register_qemu_status(Router &router) {
  router.on<nodes_qemu_status::Vmcmdidx>(index);
  router.on<nodes_qemu_status::VmStatus>(current);
  router.on<nodes_qemu_status::VmStart>(start);
  router.on<nodes_qemu_status::VmStop>(stop);
  router.on<nodes_qemu_status::VmShutdown>(shutdown);
  router.on<nodes_qemu_status::VmReset>(reset);
  router.on<nodes_qemu_status::VmReboot>(reboot);
  router.on<nodes_qemu_status::VmSuspend>(suspend);
  router.on<nodes_qemu_status::VmResume>(resume);
}

} // namespace posada::api

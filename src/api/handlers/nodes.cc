#include "api/request/nodes.h"

#include "api/handlers/handlers.h"
#include "sys/file.h"
#include "sys/host_status.h"

namespace posada::api {
namespace {

sys::Async<Answer> get_version(Call& call, nodes::Version) {
  const std::string& version = call.services.version;
  co_return json::object{{"version", version},
                         {"release", version.substr(0, version.rfind('.'))},
                         {"repoid", call.services.build}};
}

json::object cpu_object() {
  const sys::CpuInfo& cpu = sys::cpu_info();
  return {{"model", cpu.model},     {"cpus", cpu.cpus},     {"cores", cpu.cores},
          {"sockets", cpu.sockets}, {"mhz", cpu.mhz},       {"flags", cpu.flags},
          {"vendor", cpu.vendor},   {"family", cpu.family}, {"hvm", cpu.virtualization ? "1" : ""},
          {"user_hz", 100}};
}

sys::Async<Answer> get_status(Call& call, nodes::Status) {
  const sys::Memory memory = sys::read_memory();
  const sys::FileSystem root = sys::read_file_system("/");
  const sys::KernelName kernel = sys::kernel_name();
  const auto load = sys::read_load_average();
  const NodeLoad share = call.services.node_load();
  json::object answer;
  answer["uptime"] = sys::read_uptime();
  answer["pveversion"] = "pve-manager/" + call.services.version + "/" + call.services.build;
  answer["kversion"] = kernel.system + " " + kernel.release + " " + kernel.version;
  answer["current-kernel"] = json::object{{"sysname", kernel.system},
                                          {"release", kernel.release},
                                          {"version", kernel.version},
                                          {"machine", kernel.machine}};
  answer["boot-info"] =
      json::object{{"mode", sys::exists("/sys/firmware/efi") ? "efi" : "legacy-bios"}};
  answer["memory"] = json::object{{"total", memory.total},
                                  {"used", memory.used()},
                                  {"free", memory.free},
                                  {"available", memory.available}};
  answer["swap"] = json::object{{"total", memory.swap_total},
                                {"free", memory.swap_free},
                                {"used", memory.swap_total - memory.swap_free}};
  answer["rootfs"] = json::object{{"total", root.total},
                                  {"used", root.total - root.free},
                                  {"free", root.free},
                                  {"avail", root.available}};
  answer["loadavg"] = json::array{load[0], load[1], load[2]};
  answer["cpu"] = share.cpu;
  answer["wait"] = share.iowait;
  answer["idle"] = 0;
  answer["ksm"] = json::object{{"shared", 0}};
  answer["cpuinfo"] = cpu_object();
  answer["product"] = call.services.product;
  answer["acceleration"] = sys::cpu_info().virtualization ? "kvm" : "tcg";
  co_return answer;
}

}  // namespace

void register_nodes(Router& router) {
  router.on<nodes::Version>(get_version);
  router.on<nodes::Status>(get_status);
}

}  // namespace posada::api

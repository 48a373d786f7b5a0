// The node's packages: what is installed, what could be updated, where packages come from.
#include "api/handlers/machine.h"
#include "api/request/nodes_apt.h"
#include "host/package_sources.h"
#include "host/packages.h"
#include "sys/host_status.h"
#include "task/tasks.h"

namespace posada::api {
namespace {

// Debian packages that decide how this node behaves. The daemon itself is told first.
const std::vector<std::string> important = {
    "qemu-system-x86", "qemu-utils",   "ovmf",       "swtpm",         "lxc",
    "liblxc1",         "dnsmasq-base", "nftables",   "ifupdown2",     "etcd-server",
    "librrd8",         "libpam0g",     "openssl",    "zstd",          "lvm2",
    "zfsutils-linux",  "nfs-common",   "open-iscsi", "smartmontools", "linux-image-amd64"};

json::object package_row(const host::Package& package) {
  json::object row = {
      {"Package", package.name},
      {"Title", package.title},
      {"Description", package.description.empty() ? package.title : package.description},
      {"Version", package.version},
      {"Arch", package.architecture.empty() ? "all" : package.architecture},
      {"Origin", package.origin.empty() ? "Debian" : package.origin},
      {"Priority", package.priority.empty() ? "optional" : package.priority},
      {"Section", package.section.empty() ? "unknown" : package.section}};
  if (!package.old_version.empty()) row["OldVersion"] = package.old_version;
  return row;
}

sys::Async<Answer> list_versions(Call& call, const Machine& machine, nodes_apt::Versions) {
  const std::string& product = call.services.product;
  json::object self = package_row({.name = "posada",
                                   .version = product.substr(product.find(' ') + 1),
                                   .architecture = "amd64",
                                   .origin = "Posada",
                                   .section = "admin",
                                   .title = "Server virtualization: the daemon that answers here"});
  self["CurrentState"] = "Installed";
  self["ManagerVersion"] = call.services.version;
  self["RunningKernel"] = sys::kernel_name().release;
  json::array rows{std::move(self)};
  for (const host::Package& package : co_await host::package_versions(*machine.host, important)) {
    json::object row = package_row(package);
    row["CurrentState"] = package.installed ? "Installed" : "NotInstalled";
    rows.push_back(std::move(row));
  }
  co_return rows;
}

sys::Async<Answer> list_updates(Call&, const Machine& machine, nodes_apt::ListUpdates) {
  json::array rows;
  for (const host::Package& package : co_await host::available_updates(*machine.host)) {
    rows.push_back(package_row(package));
  }
  co_return rows;
}

sys::Async<Answer> get_changelog(Call&, const Machine& machine, nodes_apt::Changelog request) {
  co_return Answer(json::value(
      co_await host::package_changelog(*machine.host, request.name, request.version.value_or(""))));
}

sys::Async<void> refresh(task::Context& context, host::Host* host, bool notify) {
  context.log("starting apt-get update");
  if (notify) context.warn("no notification is sent: this node has no notification target");
  co_await host::refresh_package_lists(*host, [&context](std::string line) { context.log(line); });
}

sys::Async<Answer> update_database(Call& call, const Machine& machine,
                                   nodes_apt::UpdateDatabase request) {
  const bool notify = request.notify.value_or(false);
  const auto upid =
      call.services.tasks->start(task_start<task::Start>(call, "aptupdate", ""),
                                 [host = machine.host, notify](task::Context& context) {
                                   return refresh(context, host, notify);
                                 });
  co_return Answer(json::value(upid.text()));
}

json::array texts(const std::vector<std::string>& list) {
  return json::array(list.begin(), list.end());
}

json::object source_row(const host::PackageSource& source, bool deb822) {
  json::object row = {{"Types", texts(source.types)},
                      {"URIs", texts(source.uris)},
                      {"Suites", texts(source.suites)},
                      {"Components", texts(source.components)},
                      {"FileType", deb822 ? "sources" : "list"},
                      {"Enabled", source.enabled ? 1 : 0}};
  if (!source.comment.empty()) row["Comment"] = source.comment;
  if (!source.options.empty()) {
    json::array options;
    for (const auto& [key, values] : source.options) {
      options.push_back(json::object{{"Key", key}, {"Values", texts(values)}});
    }
    row["Options"] = std::move(options);
  }
  return row;
}

sys::Async<Answer> list_repositories(Call&, const Machine& machine, nodes_apt::Repositories) {
  const std::vector<host::SourceFile> files = host::read_package_sources(*machine.host);
  json::array rows, errors;
  for (const host::SourceFile& file : files) {
    json::array sources, digest;
    for (const host::PackageSource& source : file.sources) {
      sources.push_back(source_row(source, file.deb822));
    }
    for (const char byte : file.digest) digest.push_back(static_cast<unsigned char>(byte));
    rows.push_back(json::object{{"path", file.path},
                                {"file-type", file.deb822 ? "sources" : "list"},
                                {"digest", std::move(digest)},
                                {"repositories", std::move(sources)}});
    if (!file.error.empty()) {
      errors.push_back(json::object{{"path", file.path}, {"error", file.error}});
    }
  }
  co_return json::object{{"files", std::move(rows)},
                         {"errors", std::move(errors)},
                         {"infos", json::array{}},
                         {"standard-repos", json::array{}},
                         {"digest", host::digest_of(files)}};
}

sys::Async<Answer> change_repository(Call&, const Machine& machine,
                                     nodes_apt::ChangeRepository request) {
  machine.host->require_machine("change the package sources");
  if (request.index < 0) throw Error::parameter("index", "value must have a minimum value of 0");
  if (request.enabled) {
    host::enable_package_source(*machine.host, request.path,
                                static_cast<std::size_t>(request.index), *request.enabled,
                                request.digest.value_or(""));
  }
  co_return nullptr;
}

}  // namespace

void register_node_packages(MachineRouter& router) {
  router.on<nodes_apt::Versions>(list_versions);
  router.on<nodes_apt::ListUpdates>(list_updates);
  router.on<nodes_apt::Changelog>(get_changelog);
  router.on<nodes_apt::UpdateDatabase>(update_database);
  router.on<nodes_apt::Repositories>(list_repositories);
  router.on<nodes_apt::ChangeRepository>(change_repository);
}

}  // namespace posada::api

#include "app/node.h"

#include <set>

#include "access/audit.h"
#include "access/authenticator.h"
#include "access/directory.h"
#include "api/dispatcher.h"
#include "api/handlers/machine.h"
#include "api/handlers/resource_rows.h"
#include "api/router.h"
#include "api/server.h"
#include "app/boot.h"
#include "app/config_texts.h"
#include "app/first_run.h"
#include "app/front.h"
#include "app/guest_network.h"
#include "app/node_meter.h"
#include "app/process_record.h"
#include "app/publisher.h"
#include "ct/containers.h"
#include "guest/claims.h"
#include "guest/registry.h"
#include "host/certificate_store.h"
#include "host/host.h"
#include "host/options.h"
#include "net/instance_network.h"
#include "storage/storage.h"
#include "store/mirror.h"
#include "store/schema.h"
#include "store/sqlite/sqlite_store.h"
#include "store/texts.h"
#include "sys/file.h"
#include "sys/host.h"
#include "sys/log.h"
#include "task/tasks.h"
#include "task/worker.h"
#include "telemetry/board.h"
#include "telemetry/history.h"
#include "vm/machines.h"

namespace posada::app {

// In the order of construction; destroyed in the reverse one.
struct Node::Parts {
  Parts(Settings given, sys::Loop& loop)
      : settings(std::move(given)),
        executor(loop.executor()),
        store(executor, clock, {.file = settings.data + "/store.db"}),
        mirror(store, executor),
        tasks(settings.data + "/tasks", settings.node, clock, executor),
        directory(mirror),
        permissions(directory.config()),
        tickets(clock),
        ticket_keys(mirror, clock, tickets),
        guard(clock),
        auth_helper({settings.programs + "/posada-worker", "auth"}, executor),
        realms(auth_helper, mirror, {}),
        authenticator({directory, permissions, realms, tickets, ticket_keys, guard, clock}),
        audit(settings.log + "/audit.jsonl", executor, clock),
        registry(mirror, settings.node, executor),
        texts(mirror),
        datacenter(texts, mirror, "datacenter.cfg", datacenter_settings()),
        node_options(texts, mirror, "nodes/" + settings.node + "/config", node_settings()),
        machine(settings.node, machine_places(), programs, clock),
        claims(executor),
        board(executor, clock),
        history(executor, clock,
                {.worker = settings.programs + "/posada-worker", .folder = settings.data + "/rrd"}),
        workers(settings.programs + "/posada-worker", executor),
        storages(storage_settings(), mirror, clock, executor, workers),
        network({settings.privileged ? net::Mode::instance : net::Mode::none, settings.instance,
                 settings.run},
                clock, executor),
        guest_network(network),
        machines(machine_settings(),
                 {{mirror, registry, claims, tasks, storages, permissions, clock, executor},
                  settings.privileged ? guest_network.for_machines() : vm::Network{}}),
        containers(container_settings(),
                   {{mirror, registry, claims, tasks, storages, permissions, clock, executor},
                    workers,
                    [this] { return network.guest_namespace(); }}),
        meter(clock, executor),
        publisher(services, clock, executor),
        boot(settings.run + "/boot.json", sys::boot_id(), services, node_options),
        certificates({.folder = settings.data + "/tls",
                      .served = settings.run + "/tls.pem",
                      .node = settings.node}),
        front(settings, certificates.served(), clock, executor),
        resource_texts([this] { publisher.publish_changes(); }),
        dispatcher(services, router, auditor()),
        server({.front_socket = settings.front_socket(),
                .admin_socket = settings.admin_socket(),
                .front_uid = front_user(),
                .version = POSADA_VERSION},
               dispatcher, executor),
        scope(executor) {}

  api::Audit auditor() {
    return [this](const RequestFrame& frame, const Identity& identity, int status,
                  const std::string& outcome) {
      std::string path;
      for (const std::string& segment : frame.path) path += "/" + segment;
      scope.spawn("audit", audit.append({frame.request, identity, frame.peer.address, frame.method,
                                         path, frame.parameters, status, outcome}));
    };
  }
  // The front gives up root for this user; a front started without root stays what it is.
  unsigned front_user() const {
    return settings.privileged ? sys::user_id("nobody") : sys::own_user();
  }
  host::Places machine_places() const;
  storage::Settings storage_settings();
  vm::Settings machine_settings() const;
  ct::Settings container_settings() const;
  bool is_running(const std::string& upid) const;
  void follow_changes();
  sys::Async<void> refresh_counters();
  sys::Async<void> renew_ticket_keys();
  void forget_storages();
  sys::Async<void> forget_storage(std::string name);
  void fill_services();
  void certificate_changed();

  Settings settings;
  sys::Executor executor;
  sys::Fd lock;
  sys::SystemClock clock;
  store::SqliteStore store;
  store::Mirror mirror;
  task::Tasks tasks;
  access::Directory directory;
  access::Permissions permissions;
  access::Tickets tickets;
  access::TicketKeyKeeper ticket_keys;
  access::SignInGuard guard;
  access::AuthHelper auth_helper;
  access::Realms realms;
  access::Authenticator authenticator;
  access::AuditLog audit;
  guest::Registry registry;
  store::Texts texts;
  host::Options datacenter;
  host::Options node_options;
  host::SystemPrograms programs;
  host::Host machine;
  guest::Claims claims;
  telemetry::Board board;
  telemetry::History history;
  task::Workers workers;
  storage::Storages storages;
  net::InstanceNetwork network;
  GuestNetwork guest_network;
  vm::Machines machines;
  ct::Containers containers;
  NodeMeter meter;
  Publisher publisher;
  BootStart boot;
  host::CertificateStore certificates;
  FrontKeeper front;
  api::ResourceTexts resource_texts;
  api::Services services;
  api::Machine machine_services;
  api::Router router;
  api::Dispatcher dispatcher;
  api::Server server;
  std::vector<std::shared_ptr<void>> subscriptions;
  std::set<std::string> storage_names;
  sys::Scope scope;
};

host::Places Node::Parts::machine_places() const {
  host::Places places;
  places.own_log = settings.log + "/posada.log";
  if (settings.root.empty()) return places;
  places.fallback_etc = places.etc;
  places.etc = settings.root + "/etc";
  places.owns_machine = false;
  return places;
}

storage::Settings Node::Parts::storage_settings() {
  storage::Settings result;
  result.node = settings.node;
  result.local_path = settings.local;
  result.boot = sys::boot_id();
  result.allow_private_addresses = settings.private_downloads;
  result.kind_of = [this](GuestId id) -> std::optional<GuestKind> {
    const std::optional<guest::Record> record = registry.find(id);
    return record ? std::optional(record->kind) : std::nullopt;
  };
  return result;
}

vm::Settings Node::Parts::machine_settings() const {
  vm::Settings result;
  result.node = settings.node;
  result.instance = settings.instance;
  result.run_folder = settings.run + "/vm";
  result.worker = settings.programs + "/posada-worker";
  if (settings.privileged) {
    const UidRange range = settings.uid_range();
    result.first_uid = range.first;
    result.uid_count = range.machines;
  }
  return result;
}

ct::Settings Node::Parts::container_settings() const {
  ct::Settings result;
  result.node = settings.node;
  result.instance = settings.instance;
  result.run_folder = settings.run + "/ct";
  result.program = settings.programs + "/posada-lxc";
  result.first_id = settings.uid_range().first_container;
  result.id_count = 0x10000;
  return result;
}

bool Node::Parts::is_running(const std::string& upid) const {
  try {
    return tasks.info(upid).running;
  } catch (const Error&) {
    return false;  // a task that nobody knows any more
  }
}

void Node::Parts::follow_changes() {
  const auto guest_changed = [this](GuestId, const std::string&) { publisher.guests_changed(); };
  subscriptions = {
      registry.subscribe(
          [this](const guest::Record&, const guest::ConfigText&) { publisher.guests_changed(); }),
      machines.subscribe(guest_changed), containers.subscribe(guest_changed),
      mirror.subscribe("storage.cfg",
                       [this](const store::Change&) {
                         forget_storages();
                         publisher.storages_changed();
                       }),
      mirror.subscribe("access/pool", [this](const store::Change&) { publisher.pools_changed(); })};
}

sys::Async<void> Node::Parts::refresh_counters() {
  for (;;) {
    co_await clock.sleep(sys::Milliseconds(2000));
    co_await guest_network.refresh();
  }
}

// Tickets are made from memory; the key that signs them must not grow old meanwhile.
sys::Async<void> Node::Parts::renew_ticket_keys() {
  for (;;) {
    co_await clock.sleep(std::chrono::hours(1));
    try {
      co_await ticket_keys.renew_if_due();
    } catch (const Error& error) {
      sys::log_warning("the key for tickets is not renewed yet: {}", error.wire());
    }
  }
}

// What hangs on the name of a storage that has gone, whoever removed it, must not pass to a later
// one of that name.
void Node::Parts::forget_storages() {
  std::set<std::string> present;
  for (const storage::Definition& definition : storages.definitions()) {
    present.insert(definition.name);
  }
  for (const std::string& name : std::exchange(storage_names, present)) {
    if (!present.contains(name)) scope.spawn("forgetting " + name, forget_storage(name));
  }
}

sys::Async<void> Node::Parts::forget_storage(std::string name) {
  co_await directory.forget_storage(name);
  co_await history.remove(telemetry::HistoryKind::storage, name);
}

void Node::Parts::certificate_changed() {
  services.fingerprint = certificates.fingerprint();
  refresh_credentials(settings, certificates.fingerprint());
  front.reload_certificate();
}

void Node::Parts::fill_services() {
  services.node = settings.node;
  services.version = "9.2.11";
  services.build = POSADA_BUILD;
  services.product = "Posada " POSADA_VERSION;
  services.root = settings.root;
  services.fingerprint = certificates.fingerprint();
  services.node_load = [this] { return meter.load(); };
  services.clock = &clock;
  services.scope = &scope;
  services.mirror = &mirror;
  services.texts = &texts;
  machine_services = {&machine, &datacenter, &node_options, &certificates};
  services.tasks = &tasks;
  services.directory = &directory;
  services.permissions = &permissions;
  services.authenticator = &authenticator;
  services.realms = &realms;
  services.tickets = &tickets;
  services.registry = &registry;
  services.claims = &claims;
  services.board = &board;
  services.history = &history;
  services.resource_texts = &resource_texts;
  services.storages = &storages;
  services.network = settings.privileged ? &network : nullptr;
  services.machines = &machines;
  services.containers = &containers;
  services.router = &router;
}

namespace {

// Before the parts: they open files there.
Settings prepare(Settings settings) {
  sys::make_directories(settings.data, 0755);
  sys::make_directories(settings.log, 0755);
  sys::make_directories(settings.run, 0755);
  sys::set_log_file(settings.log + "/posada.log");
  return settings;
}

}  // namespace

Node::Node(Settings settings, sys::Loop& loop) {
  settings = prepare(std::move(settings));
  sys::Fd lock = sys::try_lock_file(settings.data + "/lock");
  if (!lock) {
    throw Error::failed("node.running",
                        "this node is running already (" + settings.data + "/lock is held)");
  }
  parts_ = std::make_unique<Parts>(std::move(settings), loop);
  parts_->lock = std::move(lock);
  remember_process(parts_->settings.run + "/daemon.json", sys::own_pid(), POSADA_BUILD);
}

Node::~Node() = default;

sys::Async<void> Node::start() {
  Parts& parts = *parts_;
  co_await parts.front.claim_port();
  co_await parts.mirror.start();
  parts.directory.start([&parts] { parts.permissions.changed(); });
  parts.registry.on_remove([&parts](GuestId id) { return parts.directory.forget_guest(id); });
  co_await store::upgrade_schema(parts.mirror);
  register_texts(parts.texts, parts.directory, parts.storages, parts.registry);
  co_await parts.texts.finish_import();
  co_await parts.ticket_keys.start();
  co_await parts.audit.open();
  parts.storages.register_undo(parts.tasks.undo_handlers());
  parts.machines.register_undo();
  parts.containers.register_undo();
  co_await parts.storages.start();
  co_await parts.certificates.start();
  parts.certificates.on_change([&parts] { parts.certificate_changed(); });
  co_await parts.tasks.recover();
  for (const storage::VolumeId& volume : co_await parts.storages.sweep(
           [&parts](const std::string& upid) { return parts.is_running(upid); })) {
    sys::log_info("removed the volume {}, which a crash left behind", volume.text());
  }
  co_await parts.machines.start();
  if (parts.settings.privileged) co_await parts.containers.start();
  parts.history.start();
  parts.meter.start();
  parts.fill_services();
  api::register_machine_handlers(parts.router, parts.machine_services);
  api::register_handlers(parts.router);
  co_await first_run(parts.settings, parts.directory, parts.realms,
                     parts.certificates.fingerprint());
  parts.forget_storages();
  parts.follow_changes();
  if (parts.settings.privileged) parts.scope.spawn("card counters", parts.refresh_counters());
  parts.scope.spawn("ticket keys", parts.renew_ticket_keys());
  parts.publisher.start();
  parts.network.start();
  parts.server.start();
  co_await parts.front.start();
  parts.boot.begin();
  sys::log_info("node {} serves https://{}:{}", parts.settings.node, parts.settings.address,
                parts.settings.port);
}

sys::Async<void> Node::stop() {
  Parts& parts = *parts_;
  co_await parts.front.stop();
  co_await parts.server.stop();
  co_await parts.publisher.stop();
  co_await parts.history.stop();
  co_await parts.meter.stop();
  co_await parts.machines.stop();
  if (parts.settings.privileged) co_await parts.containers.stop();
  co_await parts.network.stop();
  co_await parts.storages.stop();
  co_await parts.tasks.shut_down();
  parts.scope.stop();
  co_await parts.scope.join();
  co_await parts.mirror.stop();
}

}  // namespace posada::app

// One call of the API, from the frame that brought it to the answer that leaves.
//
// A handler is a thin coroutine: it takes the typed parameters, calls one function of a feature,
// and shapes the answer. Parameters have been validated and the method's permission rule has been
// checked before it runs; what else a feature demands for its effects it checks itself, with
// `call.identity`.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "api/request.h"
#include "api/schema.h"
#include "base/frames.h"
#include "base/ids.h"
#include "base/json.h"
#include "sys/async.h"
#include "sys/fd.h"

namespace posada {
namespace sys { class Clock; class Scope; }
namespace store { class Mirror; class Texts; }
namespace task { class Tasks; }
namespace telemetry { class Board; class History; }
namespace access { class Authenticator; class Directory; class Permissions; class Realms; class Tickets; }
namespace storage { class Storages; }
namespace net { class InstanceNetwork; }
namespace guest { class Claims; class Registry; }
namespace vm { class Machines; }
namespace ct { class Containers; }
}  // namespace posada

namespace posada::api {

class Router;
class ResourceTexts;

// Shares of the node's CPU time over the last seconds, 0 … 1.
struct NodeLoad {
  double cpu = 0;
  double iowait = 0;
};

// What handlers may call; made by the composition root and alive as long as the daemon.
struct Services {
  std::string node;
  std::string version;         // of the API that clients gate features on ("9.2.11")
  std::string build;           // 16 hex digits of this build
  std::string product;         // "Posada 0.1.0"
  std::string root;            // folder of this node; empty: the system's own places
  std::string fingerprint;     // of the TLS certificate, upper hex with colons
  std::function<NodeLoad()> node_load;
  sys::Clock* clock = nullptr;
  sys::Scope* scope = nullptr;  // for streams that outlive their call
  store::Mirror* mirror = nullptr;
  store::Texts* texts = nullptr;
  task::Tasks* tasks = nullptr;
  telemetry::Board* board = nullptr;
  ResourceTexts* resource_texts = nullptr;
  telemetry::History* history = nullptr;
  access::Directory* directory = nullptr;
  access::Permissions* permissions = nullptr;
  access::Authenticator* authenticator = nullptr;
  access::Realms* realms = nullptr;
  access::Tickets* tickets = nullptr;
  ::posada::storage::Storages* storages = nullptr;
  net::InstanceNetwork* network = nullptr;  // null without root
  guest::Registry* registry = nullptr;
  guest::Claims* claims = nullptr;
  vm::Machines* machines = nullptr;
  ct::Containers* containers = nullptr;
  const Router* router = nullptr;
};

struct Call {
  const Services& services;
  const Method& method;
  json::object parameters;     // validated and typed
  Identity identity;           // empty user for methods that need no sign-in
  std::string request;         // id, for tasks, workers, logs and the audit log
  Peer peer;
  Credential credential;
  std::string language;
  std::string last_event_id;   // of an event stream that is taken up again
  bool upgrade = false;
  std::optional<sys::Fd> upload;  // chunks as base/frames.h says
};

struct Answer {
  json::value data = nullptr;
  std::optional<std::uint64_t> total;
  json::object extra = {};     // further members of the envelope ("changes")
  // A body that is not the JSON envelope: content type and bytes, or a descriptor.
  std::optional<ResponseFrame> raw = {};
  sys::Fd descriptor = {};
  // `data` as JSON text that is already printed (large lists that many clients ask for).
  std::shared_ptr<const std::string> printed = {};

  Answer() = default;
  Answer(json::value value) : data(std::move(value)) {}
  static Answer text(std::string content_type, std::string bytes, std::string file_name = {});
  static Answer stream(std::string content_type, sys::Fd socket);
  static Answer console(BodyKind kind, sys::Fd descriptor, std::string greeting, std::string name);
};

using Handler = std::function<sys::Async<Answer>(Call&)>;

// The text that programs know for a node that is not in the cluster.
Error no_such_node(const std::string& node);

// What a task of this call starts with.
template <class Start>
Start task_start(const Call& call, std::string type, std::string id) {
  return Start{std::move(type), std::move(id), call.identity, call.request};
}

}  // namespace posada::api

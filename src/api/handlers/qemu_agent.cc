#include "api/handlers/handlers.h"
#include "api/handlers/qemu_request.h"
#include "api/request/nodes_qemu_agent.h"
#include "base/text.h"
#include "guest/registry.h"

namespace posada::api {
namespace {

using namespace nodes_qemu_agent;

// The plain ones: a command of the agent's own name without arguments.
constexpr std::string_view plain_commands[] = {"fsfreeze-freeze",
                                               "fsfreeze-status",
                                               "fsfreeze-thaw",
                                               "fstrim",
                                               "get-fsinfo",
                                               "get-host-name",
                                               "get-memory-block-info",
                                               "get-memory-blocks",
                                               "get-osinfo",
                                               "get-time",
                                               "get-timezone",
                                               "get-users",
                                               "get-vcpus",
                                               "info",
                                               "network-get-interfaces",
                                               "ping",
                                               "shutdown",
                                               "suspend-disk",
                                               "suspend-hybrid",
                                               "suspend-ram"};

sys::Async<Answer> ask(Call &call, std::int64_t vmid, std::string command,
                       json::object arguments = {}) {
  const json::value result = co_await machines(call).agent(
      guest_id(vmid), "guest-" + command, std::move(arguments));
  co_return json::object{{"result", result}};
}

sys::Async<Answer> index(Call &call, Index request) {
  call.services.registry->require(guest_id(request.vmid), GuestKind::vm);
  json::array rows;
  for (const std::string_view name : plain_commands)
    rows.push_back(json::object{{"name", name}});
  for (const char *name : {"exec", "exec-status", "file-read", "file-write",
                           "set-user-password"}) {
    rows.push_back(json::object{{"name", name}});
  }
  co_return rows;
}

sys::Async<Answer> any(Call &call, Agent request) {
  co_return co_await ask(call, request.vmid, request.command);
}

template <class Request> sys::Async<Answer> plain(Call &call, Request request) {
  // The last segment of the method's path is the command.
  const auto segments = split(call.method.path, '/');
  co_return co_await ask(call, request.vmid, segments.back());
}

sys::Async<Answer> exec(Call &call, Exec request) {
  json::object arguments = {{"path", request.command.at(0)},
                            {"capture-output", true}};
  json::array words(request.command.begin() + 1, request.command.end());
  if (!words.empty())
    arguments["arg"] = std::move(words);
  if (request.input_data)
    arguments["input-data"] = base64(*request.input_data);
  const json::value result = co_await machines(call).agent(
      guest_id(request.vmid), "guest-exec", std::move(arguments));
  co_return result;
}

sys::Async<Answer> exec_status(Call &call, ExecStatus request) {
  json::value result = co_await machines(call).agent(
      guest_id(request.vmid), "guest-exec-status", {{"pid", request.pid}});
  json::object &status = result.as_object();
  for (const char *name : {"out-data", "err-data"}) {
    if (const auto text = text_member(status, name))
      status[name] = from_base64(*text).value_or("");
  }
  for (const char *name : {"exited", "out-truncated", "err-truncated"}) {
    if (const auto *flag = status.if_contains(name); flag && flag->is_bool()) {
      status[name] = flag->get_bool() ? 1 : 0;
    }
  }
  co_return result;
}

// What the API hands on of a file at most.
constexpr std::size_t max_file_bytes = 16 * 1024 * 1024;

sys::Async<Answer> file_read(Call &call, FileRead request) {
  const GuestId id = guest_id(request.vmid);
  const json::value handle = co_await machines(call).agent(
      id, "guest-file-open", {{"path", request.file}, {"mode", "r"}});
  std::string content;
  bool more = true;
  while (more && content.size() < max_file_bytes) {
    const json::value part = co_await machines(call).agent(
        id, "guest-file-read", {{"handle", handle}, {"count", 1024 * 1024}});
    const json::object &object = part.as_object();
    const auto bytes = from_base64(text_member(object, "buf-b64").value_or(""));
    content += bytes.value_or("");
    more = text_member(object, "eof") == "0" && bytes && !bytes->empty();
  }
  co_await machines(call).agent(id, "guest-file-close", {{"handle", handle}});
  json::object answer = {
      {"bytes-read", content.size()},
      {"content", is_utf8(content) ? content : base64(content)}};
  if (more)
    answer["truncated"] = 1;
  co_return answer;
}

sys::Async<Answer> file_write(Call &call, FileWrite request) {
  const GuestId id = guest_id(request.vmid);
  const std::string content =
      request.encode.value_or(true) ? base64(request.content) : request.content;
  const json::value handle = co_await machines(call).agent(
      id, "guest-file-open", {{"path", request.file}, {"mode", "wb"}});
  co_await machines(call).agent(id, "guest-file-write",
                                {{"handle", handle}, {"buf-b64", content}});
  co_await machines(call).agent(id, "guest-file-close", {{"handle", handle}});
  co_return nullptr;
}

sys::Async<Answer> set_password(Call &call, SetUserPassword request) {
  co_return co_await ask(call, request.vmid, "set-user-password",
                         {{"username", request.username},
                          {"password", base64(request.password)},
                          {"crypted", request.crypted.value_or(false)}});
}

template <class... Requests> void register_plain(Router &router) {
  (router.on<Requests>(plain<Requests>), ...);
}

} // namespace

void register_qemu_agent(Router &router) {
  router.on<Index>(index);
  router.on<Agent>(any);
  router.on<Exec>(exec);
  router.on<ExecStatus>(exec_status);
  router.on<FileRead>(file_read);
  router.on<FileWrite>(file_write);
  router.on<SetUserPassword>(set_password);
  register_plain<FsfreezeFreeze, FsfreezeStatus, FsfreezeThaw, Fstrim,
                 GetFsinfo, GetHostName, GetMemoryBlockInfo, GetMemoryBlocks,
                 GetOsinfo, GetTime, GetTimezone, GetUsers, GetVcpus, Info,
                 NetworkGetInterfaces, Ping, Shutdown, SuspendDisk,
                 SuspendHybrid, SuspendRam>(router);
}

} // namespace posada::api

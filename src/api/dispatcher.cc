#include "api/dispatcher.h"

#include "access/authenticator.h"
#include "access/directory.h"
#include "access/sign_in_error.h"
#include "api/permission.h"
#include "api/validate.h"
#include "sys/file.h"
#include "sys/log.h"

namespace posada::api {
namespace {

constexpr std::int64_t refusal_delay_ms = 3000;  // makes guessing slow

constexpr std::string_view json_type = "application/json;charset=UTF-8";

std::string path_text(const RequestFrame& frame) {
  std::string text;
  for (const std::string& segment : frame.path) text += "/" + segment;
  return text.empty() ? "/" : text;
}

// One line in Latin-1, as a status line can hold it.
std::string reason_of(std::string_view wire) {
  std::string reason;
  for (const char c : wire.substr(0, wire.find('\n'))) {
    reason += static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e ? '?' : c;
  }
  return reason;
}

std::string success_body(const Answer& answer) {
  std::string body = "{\"data\":";
  body += answer.printed ? *answer.printed : json::serialize(answer.data);
  if (answer.total) body += ",\"total\":" + std::to_string(*answer.total);
  for (const auto& [name, value] : answer.extra) {
    body += "," + json::serialize(json::value(name)) + ":" + json::serialize(value);
  }
  return body + "}";
}

json::object texts(const Error::Texts& from) {
  json::object object;
  for (const auto& [name, text] : from) object[name] = text;
  return object;
}

std::string failure_body(const Error& error, const RequestFrame& frame) {
  // Only this message has no line end; clients compare it as it is.
  const bool known = error.kind() != ErrorKind::not_implemented;
  json::object body{{"data", nullptr}, {"message", error.wire() + (known ? "\n" : "")}};
  if (!error.parameters().empty()) body["errors"] = texts(error.parameters());
  body["code"] = error.code();
  if (!error.arguments().empty()) body["args"] = texts(error.arguments());
  if (!error.hint().empty()) body["hint"] = error.hint();
  body["request"] = frame.request;
  return json::serialize(body);
}

void set_body(Reply& reply, std::string body) {
  reply.frame.content_type = json_type;
  if (body.size() <= max_inline_body) {
    reply.frame.body = BodyKind::inline_bytes;
    reply.frame.bytes = std::move(body);
  } else {
    reply.frame.body = BodyKind::memory;
    reply.descriptor = sys::sealed_memory("answer", body);
  }
}

Reply success(Answer answer) {
  Reply reply;
  if (answer.raw) {
    reply.frame = *std::move(answer.raw);
    reply.descriptor = std::move(answer.descriptor);
  } else {
    set_body(reply, success_body(answer));
  }
  return reply;
}

Reply failure(const Error& error, const RequestFrame& frame) {
  Reply reply;
  const bool unauthenticated = error.kind() == ErrorKind::unauthenticated;
  reply.frame.status = error.http_status();
  reply.frame.reason = reason_of(error.wire());
  if (error.kind() == ErrorKind::overloaded) reply.frame.headers.emplace_back("Retry-After", "2");
  if (unauthenticated) reply.frame.delay_ms = refusal_delay_ms;
  if (!access::has_empty_answer(error)) set_body(reply, failure_body(error, frame));
  return reply;
}

bool changes_something(const RequestFrame& frame) { return frame.method != "GET"; }

}  // namespace

Dispatcher::Dispatcher(const Services& services, const Router& router, Audit audit)
    : services_(services), router_(router), audit_(std::move(audit)) {}

sys::Async<Answer> Dispatcher::answer(RequestFrame& frame, std::optional<sys::Fd> upload,
                                      std::optional<Identity> trusted, Identity& identity) const {
  const std::optional<Verb> verb = verb_of(frame.method);
  Route route;
  if (verb) route = find_route(*verb, frame.path);
  const bool open_to_all = route.method && route.method->permission &&
                           route.method->permission->kind == PermissionKind::everyone;
  if (trusted) {
    identity = *trusted;
  } else if (!open_to_all) {
    const bool needs_csrf = frame.method != "GET" && !frame.has_upload;
    identity = services_.authenticator->identify(frame.credential, needs_csrf);
  }
  if (!route.method) throw Error::not_implemented(frame.method, path_text(frame));
  const Method& method = *route.method;

  for (auto& [name, value] : route.parameters) {
    if (name == "node" && value == "localhost") value = services_.node;
  }
  if (!open_to_all) {
    json::object seen = frame.parameters;  // what is in the path counts
    for (const auto& [name, value] : route.parameters) seen[name] = value;
    check_permission(method, seen, identity, services_.directory->config(),
                     *services_.permissions);
  }
  json::object parameters = validate(method, route.parameters, std::move(frame.parameters));
  const std::optional<std::string> node = text_member(parameters, "node");
  if (method.to_node && node && *node != services_.node) {
    throw no_such_node(*node);
  }
  const Handler* handler = router_.find(method.id);
  if (!handler) throw Error::not_implemented(frame.method, path_text(frame));
  Call call{services_,  method,       std::move(parameters),       identity,
            frame.request, frame.peer, std::move(frame.credential), frame.language,
            frame.last_event_id, frame.upgrade, std::move(upload)};
  co_return co_await (*handler)(call);
}

sys::Async<Reply> Dispatcher::handle(RequestFrame frame, std::optional<sys::Fd> upload,
                                     std::optional<Identity> trusted) const {
  Identity identity;
  std::optional<Reply> reply;
  std::string outcome = "OK";
  int status = 200;
  // For the audit: the handler takes the parameters away.
  RequestFrame seen;
  seen.request = frame.request;
  seen.peer = frame.peer;
  seen.method = frame.method;
  seen.path = frame.path;
  if (changes_something(frame)) seen.parameters = frame.parameters;
  try {
    reply = success(co_await answer(frame, std::move(upload), std::move(trusted), identity));
  } catch (const Error& error) {
    status = error.http_status();
    outcome = error.wire();
    reply = failure(error, frame);
  } catch (const std::exception& error) {
    sys::log_error("request {} {} {}: {}", frame.request, frame.method, path_text(frame),
                   error.what());
    status = 500;
    outcome = error.what();
    reply = failure(Error::failed("internal", std::string("internal error: ") + error.what()), frame);
  } catch (const Cancelled& cancelled) {
    status = 500;
    outcome = "cancelled: " + cancelled.reason;
    reply = failure(Error::failed("cancelled", outcome), frame);
  }
  const bool refused = status == 401 || status == 403;
  if (audit_ && (changes_something(seen) || refused)) audit_(seen, identity, status, outcome);
  co_return *std::move(reply);
}

}  // namespace posada::api

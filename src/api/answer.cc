#include "api/call.h"

namespace posada::api {

Answer Answer::text(std::string content_type, std::string bytes, std::string file_name) {
  Answer answer;
  answer.raw.emplace();
  answer.raw->content_type = std::move(content_type);
  answer.raw->body = BodyKind::inline_bytes;
  answer.raw->bytes = std::move(bytes);
  if (!file_name.empty()) {
    answer.raw->headers.emplace_back("Content-Disposition",
                                     "attachment; filename=\"" + file_name + "\"");
  }
  return answer;
}

Answer Answer::stream(std::string content_type, sys::Fd socket) {
  Answer answer;
  answer.raw.emplace();
  answer.raw->content_type = std::move(content_type);
  answer.raw->body = BodyKind::stream;
  answer.raw->gzip_allowed = false;
  answer.descriptor = std::move(socket);
  return answer;
}

Answer Answer::console(BodyKind kind, sys::Fd descriptor, std::string greeting, std::string name) {
  Answer answer;
  answer.raw.emplace();
  answer.raw->status = 101;
  answer.raw->reason = "Switching Protocols";
  answer.raw->body = kind;
  answer.raw->greeting = std::move(greeting);
  answer.raw->console = std::move(name);
  answer.descriptor = std::move(descriptor);
  return answer;
}

Error no_such_node(const std::string& node) {
  return Error::failed("cluster.no-such-node",
                       "hostname lookup '" + node + "' failed - failed to get address info for: " +
                           node + ": Name or service not known",
                       {{"node", node}})
      .with_hint("There is no such node in this cluster: GET /nodes lists them.");
}

}  // namespace posada::api

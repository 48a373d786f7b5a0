// The audit log: who asked for what change and what came of it, in a file that tells when it was
// tampered with.
//
// One JSON object a line. Each carries the SHA-256 of the line before it ("previous"), so that a
// line changed, removed or put in between breaks the chain; verify_audit_log finds where. Secrets
// never enter: redact() says which parameters are such. Lines are only ever appended. A line that
// a crash cut short stays, and the next one says so ("torn").
//
// Written on a pool of its own with one thread; append answers when the line is in the file.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/json.h"
#include "sys/async.h"
#include "sys/clock.h"

namespace posada::access {

struct AuditEntry {
  std::string request;  // request id
  Identity identity;    // empty user: not signed in
  std::string address;  // of the client
  std::string method;   // "POST"
  std::string path;     // "/nodes/n1/qemu"
  json::object parameters;
  int status = 200;
  std::string outcome;  // "ok", or the refusal's text
};

// The parameters with secrets replaced by "(hidden)", and long texts cut.
json::object redact(std::string_view path, const json::object& parameters);

class AuditLog {
 public:
  AuditLog(std::string file, sys::Executor executor, const sys::Clock& clock);
  ~AuditLog();

  // Continues the chain of the file; throws when it cannot be read.
  sys::Async<void> open();
  sys::Async<void> append(AuditEntry entry);

 private:
  std::string next_line(json::object entry);

  std::string file_;
  const sys::Clock& clock_;
  sys::AsyncMutex order_;
  sys::Pool disk_;
  std::string previous_;
};

struct AuditVerdict {
  std::size_t lines = 0;
  std::optional<std::size_t> broken_line;  // from 1: the first that does not follow its forerunner
  std::string reason;
};

AuditVerdict verify_audit_log(std::string_view text);

}  // namespace posada::access

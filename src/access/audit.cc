#include "access/audit.h"

#include <algorithm>
#include <array>

#include "base/digest.h"
#include "base/text.h"
#include "sys/file.h"

namespace posada::access {
namespace {

constexpr std::size_t longest_text = 512;
constexpr std::size_t max_waiting_lines = 1'000;
constexpr std::string_view start_of_chain =
    "0000000000000000000000000000000000000000000000000000000000000000";

// A name is secret when it is one of these, or ends in one after a '-' or '_'.
constexpr std::array secret_names = {"password", "passwd",    "secret",         "otp",
                                     "ticket",   "vncticket", "tfa-challenge",  "client-key",
                                     "certkey",  "keyring",   "encryption-key", "cipassword",
                                     "api-key",  "totp",      "challenge"};
// Elsewhere these are harmless; below such paths they hold what must not be kept.
struct SecretAt {
  std::string_view path_part;
  std::string_view name;
};
constexpr SecretAt secrets_at[] = {
    {"/token/", "value"},          {"/tfa/", "value"},        {"/agent/file-write", "content"},
    {"/agent/exec", "input-data"}, {"/certificates/", "key"}, {"/acme/", "data"},
    {"/openid/", "code"},          {"/openid/", "state"}};

bool is_secret(std::string_view path, std::string_view name) {
  const std::string lowered = lower(name);
  for (const std::string_view secret : secret_names) {
    if (lowered == secret) return true;
    if (lowered.size() > secret.size() && lowered.ends_with(secret)) {
      const char before = lowered[lowered.size() - secret.size() - 1];
      if (before == '-' || before == '_') return true;
    }
  }
  return std::any_of(std::begin(secrets_at), std::end(secrets_at), [&](const SecretAt& at) {
    return lowered == at.name && path.find(at.path_part) != std::string_view::npos;
  });
}

// A text as the file may hold it: valid UTF-8, not long.
std::string kept(std::string_view text) {
  std::string out = is_utf8(text) ? std::string(text) : encode_uri(text);
  if (out.size() <= longest_text) return out;
  std::size_t end = longest_text;
  while ((static_cast<unsigned char>(out[end]) & 0xc0) == 0x80) --end;
  return out.substr(0, end) + "…";
}

json::value kept_value(std::string_view path, const json::value& value) {
  if (value.is_object()) return redact(path, value.as_object());
  if (value.is_string()) return json::string(kept(value.as_string()));
  if (!value.is_array()) return value;
  json::array out;
  for (const json::value& item : value.as_array()) out.push_back(kept_value(path, item));
  return out;
}

}  // namespace

json::object redact(std::string_view path, const json::object& parameters) {
  json::object out;
  for (const auto& [name, value] : parameters) {
    out[kept(name)] = is_secret(path, name) ? json::value("(hidden)") : kept_value(path, value);
  }
  return out;
}

AuditLog::AuditLog(std::string file, sys::Executor executor, const sys::Clock& clock)
    : file_(std::move(file)),
      clock_(clock),
      order_(std::move(executor)),
      disk_("audit", 1, max_waiting_lines),
      previous_(start_of_chain) {}

AuditLog::~AuditLog() = default;

std::string AuditLog::next_line(json::object entry) {
  entry["previous"] = previous_;
  std::string line = json::serialize(entry);
  previous_ = sha256_hex(line);
  return line + "\n";
}

sys::Async<void> AuditLog::open() {
  const auto guard = co_await order_.lock();
  auto read = [file = file_] { return sys::read_file_if_exists(file).value_or(""); };
  const std::string text = co_await disk_.run(std::move(read));
  const std::size_t end = text.rfind('\n');
  const std::string torn = end == std::string::npos ? text : text.substr(end + 1);
  if (end != std::string::npos) {
    const std::size_t before = end == 0 ? std::string::npos : text.rfind('\n', end - 1);
    const std::size_t start = before == std::string::npos ? 0 : before + 1;
    previous_ = sha256_hex(std::string_view(text).substr(start, end - start));
  }
  if (torn.empty()) co_return;
  // The chain goes on from the torn line, which is complete now that a line end follows it.
  previous_ = sha256_hex(torn);
  const std::string line = "\n" + next_line({{"time", clock_.wall_seconds()}, {"event", "torn"}});
  co_await disk_.run([file = file_, line] { sys::append_file(file, line, 0600); });
}

sys::Async<void> AuditLog::append(AuditEntry entry) {
  json::object object;
  object["time"] = clock_.wall_seconds();
  object["request"] = entry.request;
  object["user"] = kept(entry.identity.user);
  if (!entry.identity.token.empty()) object["token"] = entry.identity.token;
  object["address"] = kept(entry.address);
  object["method"] = kept(entry.method);
  object["path"] = kept(entry.path);
  object["parameters"] = redact(entry.path, entry.parameters);
  object["status"] = entry.status;
  object["outcome"] = kept(entry.outcome);

  const auto guard = co_await order_.lock();
  const std::string before = previous_;
  const std::string line = next_line(std::move(object));
  try {
    co_await disk_.run([file = file_, line] { sys::append_file(file, line, 0600); });
  } catch (const Error&) {
    previous_ = before;
    throw;
  }
}

AuditVerdict verify_audit_log(std::string_view text) {
  AuditVerdict verdict;
  std::string previous(start_of_chain);
  std::optional<std::size_t> torn;  // a line that only a following "torn" entry excuses
  std::size_t start = 0;
  const auto broken = [&](std::size_t line, std::string reason) {
    verdict.broken_line = line;
    verdict.reason = std::move(reason);
    return verdict;
  };
  while (start < text.size()) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string_view line = text.substr(start, end - start);
    start = end + 1;
    ++verdict.lines;
    json::error_code error;
    const json::value value = json::parse(line, error);
    if (error || !value.is_object()) {
      if (torn) return broken(*torn, "the line is not complete");
      torn = verdict.lines;
    } else {
      const json::object& object = value.as_object();
      if (torn && text_member(object, "event") != "torn") {
        return broken(*torn, "the line is not complete");
      }
      torn.reset();
      if (text_member(object, "previous") != previous) {
        return broken(verdict.lines, "the line does not follow the one before it");
      }
    }
    previous = sha256_hex(line);
  }
  return verdict;
}

}  // namespace posada::access

#include "worker/auth.h"

#include <iostream>
#include <iterator>
#include <string>

#include <argon2.h>

#include "base/error.h"
#include "base/json.h"
#include "sys/file.h"
#include "worker/auth_pam.h"

namespace posada::worker {
namespace {

constexpr std::size_t max_question_bytes = 64 * 1024;
constexpr std::size_t salt_bytes = 16;
constexpr std::size_t hash_bytes = 32;
constexpr std::uint32_t lanes = 1;

json::object refused(std::string reason) {
  return {{"ok", false}, {"reason", std::move(reason)}};
}

std::string needed(const json::object& question, std::string_view name) {
  auto text = text_member(question, name);
  if (!text) throw Error::parameter(std::string(name), "is missing");
  return std::move(*text);
}

std::uint32_t number(const json::object& question, std::string_view name) {
  const auto value = integer_member(question, name);
  if (!value || *value < 1 || *value > 4 * 1024 * 1024) {
    throw Error::parameter(std::string(name), "is missing or out of range");
  }
  return static_cast<std::uint32_t>(*value);
}

json::object hash_password(const json::object& question) {
  const std::string password = needed(question, "password");
  const std::string salt = sys::random_bytes(salt_bytes);
  std::string encoded(512, '\0');
  const int result = argon2id_hash_encoded(
      number(question, "passes"), number(question, "memory_kib"), lanes, password.data(),
      password.size(), salt.data(), salt.size(), hash_bytes, encoded.data(), encoded.size());
  if (result != ARGON2_OK) return refused(argon2_error_message(result));
  encoded.resize(encoded.find('\0'));
  return {{"ok", true}, {"hash", encoded}};
}

json::object check_hash(const json::object& question) {
  const std::string password = needed(question, "password");
  const std::string hash = needed(question, "hash");
  const int result = argon2_verify(hash.c_str(), password.data(), password.size(), Argon2_id);
  if (result == ARGON2_OK) return {{"ok", true}};
  return refused(argon2_error_message(result));
}

json::object answer(const json::object& question) {
  const std::string task = needed(question, "task");
  if (task == "hash") return hash_password(question);
  if (task == "check-hash") return check_hash(question);
  if (task != "pam-check" && task != "pam-change") {
    throw Error::parameter("task", "'" + task + "' is not known");
  }
  PamQuestion pam;
  pam.user = needed(question, "user");
  pam.password = needed(question, "password");
  pam.address = text_member(question, "address").value_or("");
  pam.folder = text_member(question, "folder").value_or("/etc/pam.d");
  return task == "pam-check" ? check_by_pam(pam) : change_by_pam(pam);
}

}  // namespace

int run_auth() {
  std::string text;
  text.reserve(4096);
  for (std::istreambuf_iterator<char> in(std::cin), end; in != end; ++in) {
    if (text.size() == max_question_bytes) {
      std::cerr << "the question is too long\n";
      return 2;
    }
    text += *in;
  }
  try {
    json::error_code error;
    const json::value question = json::parse(text, error);
    if (error || !question.is_object()) throw Error::parameter("question", "is not JSON");
    std::cout << json::serialize(answer(question.as_object())) << std::endl;
    return 0;
  } catch (const Error& fault) {
    std::cerr << fault.what();
    for (const auto& [name, why] : fault.parameters())
      std::cerr << " (" << name << " " << why << ")";
    std::cerr << "\n";
    return 2;
  }
}

}  // namespace posada::worker

#include "worker/auth_pam.h"

#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include <security/pam_appl.h>

#include "sys/file.h"

namespace posada::worker {
namespace {

constexpr int max_messages = 32;

// PAM's contract: one malloc'ed array of replies, each text malloc'ed too; PAM frees them.
int converse(int count, const pam_message** messages, pam_response** replies, void* data) {
  if (count < 1 || count > max_messages) return PAM_CONV_ERR;
  auto* answers = static_cast<pam_response*>(
      std::calloc(static_cast<std::size_t>(count), sizeof(pam_response)));
  if (answers == nullptr) return PAM_BUF_ERR;
  const auto& question = *static_cast<const PamQuestion*>(data);
  for (int i = 0; i < count; ++i) {
    const int style = messages[i]->msg_style;
    if (style == PAM_PROMPT_ECHO_OFF) answers[i].resp = ::strdup(question.password.c_str());
    if (style == PAM_PROMPT_ECHO_ON) answers[i].resp = ::strdup(question.user.c_str());
  }
  *replies = answers;
  return PAM_SUCCESS;
}

// The front delays refusals; PAM need not.
void no_delay(int, unsigned, void*) {}

std::string choose_service(const std::string& folder, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (sys::exists(folder + "/" + name)) return name;
  }
  return "other";
}

class Conversation {
 public:
  Conversation(const std::string& service, const PamQuestion& question)
      : question_(question), conversation_{&converse, &question_} {
    last_ = pam_start_confdir(service.c_str(), question_.user.c_str(), &conversation_,
                              question_.folder.c_str(), &handle_);
    if (last_ != PAM_SUCCESS) return;
    set(PAM_TTY, "posada");
    if (!question_.address.empty()) set(PAM_RHOST, question_.address.c_str());
    const auto delay = &no_delay;
    // The item is the function's address itself.
    const void* item = nullptr;
    std::memcpy(&item, &delay, sizeof item);
    pam_set_item(handle_, PAM_FAIL_DELAY, item);
  }
  ~Conversation() {
    if (handle_ != nullptr) pam_end(handle_, last_);
  }
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  // Goes on only while everything before succeeded.
  Conversation& then(int (*step)(pam_handle_t*, int), int flags) {
    if (last_ == PAM_SUCCESS) last_ = step(handle_, flags);
    return *this;
  }
  json::object result() const {
    if (last_ == PAM_SUCCESS) return {{"ok", true}};
    return {{"ok", false}, {"reason", pam_strerror(handle_, last_)}};
  }

 private:
  void set(int item, const char* text) {
    if (last_ == PAM_SUCCESS) last_ = pam_set_item(handle_, item, text);
  }

  PamQuestion question_;
  pam_conv conversation_;
  pam_handle_t* handle_ = nullptr;
  int last_ = PAM_SUCCESS;
};

// A NUL would cut the text that PAM sees.
bool has_nul(const PamQuestion& question) {
  return question.user.find('\0') != std::string::npos ||
         question.password.find('\0') != std::string::npos;
}

}  // namespace

json::object check_by_pam(const PamQuestion& question) {
  if (has_nul(question)) return {{"ok", false}, {"reason", "a NUL byte in user or password"}};
  const std::string service = choose_service(question.folder, {"posada", "login"});
  return Conversation(service, question)
      .then(&pam_authenticate, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK)
      .then(&pam_acct_mgmt, PAM_SILENT)
      .result();
}

json::object change_by_pam(const PamQuestion& question) {
  if (has_nul(question)) return {{"ok", false}, {"reason", "a NUL byte in user or password"}};
  const std::string service = choose_service(question.folder, {"posada", "passwd"});
  return Conversation(service, question).then(&pam_chauthtok, PAM_SILENT).result();
}

}  // namespace posada::worker

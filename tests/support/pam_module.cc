// A PAM module for tests: users are files in a folder, their content is the password.
//   auth required /path/libposada_test_pam.so FOLDER
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include <security/pam_ext.h>
#include <security/pam_modules.h>

namespace {

std::optional<std::string> file_of(pam_handle_t* handle, int count, const char** arguments) {
  const char* user = nullptr;
  if (count != 1 || pam_get_user(handle, &user, nullptr) != PAM_SUCCESS) return std::nullopt;
  return std::string(arguments[0]) + "/" + user;
}

}  // namespace

extern "C" {

int pam_sm_authenticate(pam_handle_t* handle, int, int count, const char** arguments) {
  const auto path = file_of(handle, count, arguments);
  const char* given = nullptr;
  if (!path || pam_get_authtok(handle, PAM_AUTHTOK, &given, nullptr) != PAM_SUCCESS) {
    return PAM_SYSTEM_ERR;
  }
  std::ifstream file(*path);
  if (!file) return PAM_USER_UNKNOWN;
  const std::string password(std::istreambuf_iterator<char>(file), {});
  return password == given ? PAM_SUCCESS : PAM_AUTH_ERR;
}

int pam_sm_setcred(pam_handle_t*, int, int, const char**) {
  return PAM_SUCCESS;
}

int pam_sm_acct_mgmt(pam_handle_t* handle, int, int count, const char** arguments) {
  const auto path = file_of(handle, count, arguments);
  // A user whose file ends in ".locked" beside it may not come in.
  return path && !std::ifstream(*path + ".locked") ? PAM_SUCCESS : PAM_ACCT_EXPIRED;
}

int pam_sm_chauthtok(pam_handle_t* handle, int flags, int count, const char** arguments) {
  if ((flags & PAM_PRELIM_CHECK) != 0) return PAM_SUCCESS;
  const auto path = file_of(handle, count, arguments);
  const char* given = nullptr;
  if (!path || pam_get_authtok(handle, PAM_AUTHTOK, &given, nullptr) != PAM_SUCCESS) {
    return PAM_AUTHTOK_ERR;
  }
  std::ofstream(*path) << given;
  return PAM_SUCCESS;
}
}

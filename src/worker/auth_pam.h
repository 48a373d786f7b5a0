// One PAM conversation that asks nobody: every question for something hidden is answered with the
// password.
#pragma once

#include <string>

#include "base/json.h"

namespace posada::worker {

struct PamQuestion {
  std::string user;  // without a realm
  std::string password;
  std::string address;  // of the client, for PAM's own log and rules; may be empty
  std::string folder = "/etc/pam.d";
};

// Password right and account usable?
json::object check_by_pam(const PamQuestion& question);
// Sets the password, as root may without the old one.
json::object change_by_pam(const PamQuestion& question);

}  // namespace posada::worker

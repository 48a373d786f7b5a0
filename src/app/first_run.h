// What makes a new node usable: an administrator with a random password and an API token, and the
// file that tells scripts and clients about them.
#pragma once

#include "access/directory.h"
#include "access/realms.h"
#include "app/settings.h"

namespace posada::app {

// Does nothing when an earlier start has done it. The file is DIR/credentials, mode 0600:
// lines `url=`, `user=`, `password=`, `token=`, `fingerprint=`.
sys::Async<void> first_run(const Settings& settings, access::Directory& directory,
                           access::Realms& realms, std::string fingerprint);
// Brings `url=` and `fingerprint=` up to date; nothing before the first run.
void refresh_credentials(const Settings& settings, const std::string& fingerprint);

}  // namespace posada::app

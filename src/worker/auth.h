// `posada-worker auth`: answers one question about a password and ends.
//
// The question comes as a JSON object on standard input, so that no secret stands in an argument
// or the environment; the answer goes to standard output:
//   {"task":"pam-check","user":…,"password":…,"address":…,"folder":…}  →
//   {"ok":true|false,"reason":…}
//   {"task":"pam-change","user":…,"password":…,"folder":…}
//   {"task":"hash","password":…,"memory_kib":…,"passes":…}             →
//   {"ok":true,"hash":"$argon2id$…"}
//   {"task":"check-hash","password":…,"hash":…}
// `folder` replaces /etc/pam.d; the service is "posada", or where that is not configured "login"
// (to change: "passwd"), or "other". Runs as the daemon's user, because PAM needs to read shadow
// files; started by access/auth_helper.h, which kills it at a deadline.
#pragma once

namespace posada::worker {

int run_auth();

}  // namespace posada::worker

// The life of a request inside the daemon: find the method, sign in, check the permission rule,
// validate, run the handler, shape the answer. The only place where errors become statuses.
#pragma once

#include <functional>

#include "api/call.h"
#include "api/router.h"

namespace posada::api {

struct Reply {
  ResponseFrame frame;
  sys::Fd descriptor;
};

// Called after every call that changes something or was refused: identity (may be empty), status.
using Audit = std::function<void(const RequestFrame&, const Identity&, int status,
                                 const std::string& outcome)>;

class Dispatcher {
 public:
  // `services` outlives the dispatcher.
  Dispatcher(const Services& services, const Router& router, Audit audit);

  // `trusted` is the identity that the kernel vouches for (root's command line); otherwise the
  // credential in the frame decides. Never throws.
  sys::Async<Reply> handle(RequestFrame frame, std::optional<sys::Fd> upload,
                           std::optional<Identity> trusted) const;

 private:
  sys::Async<Answer> answer(RequestFrame& frame, std::optional<sys::Fd> upload,
                            std::optional<Identity> trusted, Identity& identity) const;
  const Services& services_;
  const Router& router_;
  Audit audit_;
};

}  // namespace posada::api

// Keeps the keys that tickets are signed with: makes them on the first start, renews the signing
// key every day and keeps the one before. They lie in the store's private tree, so that all nodes
// take each other's tickets; what another node changed arrives through the mirror.
#pragma once

#include <functional>
#include <memory>

#include "access/tickets.h"
#include "store/mirror.h"
#include "sys/clock.h"

namespace posada::access {

class TicketKeyKeeper {
 public:
  TicketKeyKeeper(store::Mirror& mirror, const sys::Clock& clock, Tickets& tickets);

  // Loads the keys, makes those that are missing, and follows changes.
  sys::Async<void> start();
  // Makes a new signing key when the present one is a day old. Cheap when there is nothing to do;
  // called before a ticket is made and now and then.
  sys::Async<void> renew_if_due();

 private:
  std::optional<TicketKeys> load() const;
  void hand_over();

  store::Mirror& mirror_;
  const sys::Clock& clock_;
  Tickets& tickets_;
  std::shared_ptr<void> subscription_;
};

}  // namespace posada::access

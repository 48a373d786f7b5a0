// Changes of configs, the same for machines and containers: what is refused, the commit, and the
// removal of volumes that no section names any more.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "guest/config_change.h"
#include "guest/guests.h"

namespace posada::guest {

// Throws for what is no change of this guest: a digest that is not the config's, a lock, a key that
// does not exist or is asked for twice. Rights on keys are the kind's to check.
void check_change(Guests& guests, const Caller& caller, const Record& record,
                  const ConfigChange& change);
void check_digest(const Guests& guests, const std::string& wanted, const std::string& found);

// Commits what `work` does to the newest text, which may be called again on a newer one; the
// volumes that `drop_volumes` is to remove then.
using ChangeWork = std::function<void(ConfigChanger&)>;
sys::Async<std::vector<std::string>> change_config(std::shared_ptr<Guests> guests,
                                                   task::Context& context, Record record,
                                                   ChangeWork work, std::string digest = {},
                                                   store::Transaction extra = {});
// Brings in the changes that wait until the guest is off. The caller holds power.
sys::Async<void> apply_waiting(std::shared_ptr<Guests> guests, task::Context& context, GuestId id);

// A volume that is about to lose its name: journalled before that is committed, because afterwards
// nothing else would know it. Then those are removed that no section names.
sys::Async<void> will_drop(std::shared_ptr<Guests> guests, task::Context& context, GuestId id,
                           std::vector<std::string> volumes);
sys::Async<void> drop_volumes(std::shared_ptr<Guests> guests, task::Context& context, Record record,
                              std::vector<std::string> volumes);
// The journal's entry "vm.volume" or "ct.volume".
sys::Async<std::string> finish_drop(std::shared_ptr<Guests> guests, json::object details);

}  // namespace posada::guest

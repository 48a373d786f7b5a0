// Which texts `posada config` shows: the grammars of all features, put together.
#pragma once

#include "access/directory.h"
#include "base/rule.h"
#include "guest/registry.h"
#include "storage/storage.h"
#include "store/texts.h"

namespace posada::app {

// Everything given outlives `texts`.
void register_texts(store::Texts& texts, access::Directory& directory,
                    storage::Storages& storages, const guest::Registry& registry);

// What datacenter.cfg and the text of a node's settings may hold: the parameters of the calls that
// set them.
Members datacenter_settings();
Members node_settings();

}  // namespace posada::app

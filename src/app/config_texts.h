// Which texts `posada config` shows: the grammars of all features, put together.
#pragma once

#include "access/directory.h"
#include "guest/registry.h"
#include "storage/storage.h"
#include "store/texts.h"

namespace posada::app {

// Everything given outlives `texts`.
void register_texts(store::Texts& texts, access::Directory& directory,
                    storage::Storages& storages, const guest::Registry& registry);

}  // namespace posada::app

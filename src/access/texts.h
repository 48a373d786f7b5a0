// What administrators see of this module as texts: user.cfg, a view on the user database's records,
// and domains.cfg.
#pragma once

#include "access/directory.h"
#include "store/texts.h"

namespace posada::access {

// `directory` outlives `texts`.
void register_texts(store::Texts& texts, Directory& directory);

}  // namespace posada::access

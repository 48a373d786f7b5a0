// A person's editor on a text.
#pragma once

#include <string>

#include "sys/loop.h"

namespace posada::sys {

// The text after $VISUAL, $EDITOR or `editor` has ended well; throws when it did not.
std::string edit_text(Loop& loop, const std::string& text);

}  // namespace posada::sys

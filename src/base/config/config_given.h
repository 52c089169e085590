#pragma once

#include <string_view>

#include "base/config/config.h"

namespace genbid {

// Whether the text that is read names the key in the current section, for a field whose default a text may spell out
// without meaning it. False where nothing is read.
bool is_given(ConfigVisitor& v, std::string_view key);

}  // namespace genbid

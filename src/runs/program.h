#pragma once

#include <string>

namespace genbid::runs {

// Which program this is: "genbid 0.1.0, revision 1a2b3c4d5e6f", with "-changed" behind the revision where files
// differed from it; without one where it was not built from a clone. Recorded with what is made, never a reason to
// refuse it.
std::string program_name();

}  // namespace genbid::runs

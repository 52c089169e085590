#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace genbid {

// Periods for a message, in order and as ranges: "7..20, 1000..10986". At most a line: of very many ranges the first
// ones, and how many periods there are.
std::string period_ranges(std::vector<int64_t> periods);

}  // namespace genbid

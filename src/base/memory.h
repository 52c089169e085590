#pragma once

#include <string>

namespace genbid {

// Bytes that this process may still take, by the machine and its control group. Infinity where neither says.
double available_memory();
// "1.5 GB"
std::string gigabytes(double bytes);

}  // namespace genbid

#pragma once

#include <string>

namespace genbid {

// How many bytes this process may still take, as the machine and the control group have it; infinity where neither
// tells.
double available_memory();
// "1.5 GB"
std::string gigabytes(double bytes);

}  // namespace genbid

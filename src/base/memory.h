#pragma once

#include <string>

namespace genbid {

// How many bytes this process may still take, as the machine and its control groups have it; infinity where none tells.
double available_memory();
// The least that is left in any of the groups that a process is in and in those above them. `groups`: what
// /proc/self/cgroup says; `root`: where the system shows them. A Slurm job has one of its own, far below the top.
double left_of_control_groups(const std::string& groups, const std::string& root);
std::string gigabytes(double bytes);   // "1.5 GB"
std::string bytes_text(double bytes);  // "1.53 GB", "610.4 MB"

}  // namespace genbid

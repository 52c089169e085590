#pragma once

#include <string>
#include <string_view>

// Lines for people: on standard error, and in a run folder's log.txt once log_to_file was called.
// Called by app and by long-running parts through what they are given; libraries otherwise stay silent.

namespace genbid {

void log_info(std::string_view line);  // not on standard error where the program is quiet (base/terminal.h)
void log_warning(std::string_view line);
// Appends; time stamps in the file only. A full disk does not end the work: it is said once, and the file left alone.
void log_to_file(const std::string& path);
void close_log_file();

}  // namespace genbid

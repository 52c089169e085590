#pragma once

#include <string>
#include <string_view>

// Lines for people: on standard error, and in a run folder's log.txt once log_to_file was called.
// Called by app and by long-running parts through what they are given; libraries otherwise stay silent.

namespace genbid {

void log_info(std::string_view line);
void log_warning(std::string_view line);
void log_to_file(const std::string& path);  // appends; time stamps in the file only
void close_log_file();

}  // namespace genbid

#pragma once

#include <string>
#include <string_view>

// Lines for people: they go to standard error, and to a run folder's log.txt once log_to_file was called. Only app and
// runs call this; what lies below them hands its progress to a function that it is given, and stays silent otherwise.

namespace genbid {

void log_info(std::string_view line);
void log_warning(std::string_view line);
// Appends to the file, and only there a line has its time. A full disk does not end the work: the program says so once
// and leaves the file alone.
void log_to_file(const std::string& path);
void close_log_file();

}  // namespace genbid

#pragma once

#include <string>
#include <string_view>

// Lines for people: they go to standard error, and to a run folder's log.txt once log_to_file was called. Only app and
// runs call this; what lies below them hands its progress to a function that it is given, and stays silent otherwise.

namespace genbid {

void log_info(std::string_view line);  // not on standard error where the program is quiet (base/terminal.h)
void log_warning(std::string_view line);
// Appends to the file, and only there a line has its time. Where the file is moved away or cut, as logrotate does,
// lines go on in a new one of its name. A full disk, or a folder that is away for a while, does not end the work: the
// program says so once, and writes the lines later.
void log_to_file(const std::string& path);
void close_log_file();

}  // namespace genbid

#pragma once

#include <chrono>
#include <string>

namespace genbid {

// Takes the lock of an open file or folder, which is kept until the process is gone, however it ends, or the file is
// closed. Whoever has it may be about to end (a process that was killed leaves children that save what they have), so
// it is waited for that long. Returns false if another process has it all the while. A file system without locks has
// nobody to wait for: true. Error, which names the path, for anything else.
bool lock_file(int file, const std::string& path, std::chrono::milliseconds patience);

}  // namespace genbid

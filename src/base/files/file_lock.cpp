#include "base/files/file_lock.h"

#include <sys/file.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <thread>

#include "base/error.h"

namespace genbid {

bool lock_file(int file, const std::string& path, std::chrono::milliseconds patience) {
  constexpr auto kMoment = std::chrono::milliseconds(20);
  const auto end = std::chrono::steady_clock::now() + patience;
  while (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno == ENOLCK || errno == EOPNOTSUPP || errno == ENOSYS) return true;
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) throw Error(path + ": cannot be locked: " + std::strerror(errno));
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(kMoment);
  }
  return true;
}

}  // namespace genbid

#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <exception>
#include <functional>
#include <string>

#include "base/files/full_disk.h"

namespace genbid::test {

// What `work` throws in a process of its own in which no file grows beyond `bytes`; empty if it throws nothing. What a
// library keeps behind a write that failed, as HDF5 keeps the file, goes with that process.
inline std::string error_on_full_disk(rlim_t bytes, const std::function<void()>& work) {
  int ends[2] = {-1, -1};
  if (::pipe(ends) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    const FullDisk full(bytes);
    std::string message;
    try {
      work();
    } catch (const std::exception& error) {
      message = error.what();
    }
    const auto written = ::write(ends[1], message.data(), message.size());
    ::_exit(written == static_cast<ssize_t>(message.size()) ? 0 : 1);
  }
  ::close(ends[1]);
  std::string message;
  char piece[4096];
  for (ssize_t size = 0; (size = ::read(ends[0], piece, sizeof(piece))) > 0;) {
    message.append(piece, static_cast<size_t>(size));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? message : "the child ended otherwise";
}

}  // namespace genbid::test

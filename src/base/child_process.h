#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace genbid {

// How a process ended.
struct ChildEnd {
  int status = 0;  // as a shell reports it: the exit status, or 128 + the signal's number
  bool by_signal = false;
};

// Environment variables that a process has beside, or in place of, those of this one: NAME=VALUE.
using MoreVariables = std::vector<std::string>;

// A process of another program (or of this one), whose standard output and error go to a file. It is asked to end
// (SIGTERM) when this process goes away, however that happens.
class ChildProcess {
 public:
  // `command` begins with the path of a program. Appends to `output`. Error if no process can be made; a program that
  // cannot be run ends with status 127.
  ChildProcess(std::vector<std::string> command, const std::string& output, const MoreVariables& variables = {});
  ~ChildProcess();  // ends it, if it has not ended, and waits for that
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;

  // How it ended; nothing while it runs. Does not wait.
  std::optional<ChildEnd> poll();
  ChildEnd wait();
  void send(int signal) const;  // nothing once it has ended

 private:
  pid_t pid_ = -1;
  std::optional<ChildEnd> end_;
};

// A path by which a child becomes the program that runs, also where its file was replaced or removed meanwhile.
std::string own_program();

}  // namespace genbid

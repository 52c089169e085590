#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace genbid::test {

using Clock = std::chrono::steady_clock;

// The built program in a process of its own. If it is wanted, the process ignores a signal or has limited memory. Its
// output goes to a file.
class Program {
 public:
  struct Limits {
    int ignored = 0;           // signal
    int64_t memory_bytes = 0;  // address space; 0: any
    int64_t file_bytes = 0;    // of a file that it writes; 0: any
    bool closed = false;       // without standard input and outputs
  };

  Program(const std::vector<std::string>& arguments, const std::string& output, int ignored = 0)
      : Program(arguments, output, Limits{.ignored = ignored}) {}
  Program(const std::vector<std::string>& arguments, const std::string& output, const Limits& limits) {
    pid_ = ::fork();
    if (pid_ != 0) return;
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ}) {
      ::signal(number, SIG_DFL);
    }
    if (limits.ignored != 0) ::signal(limits.ignored, SIG_IGN);
    if (limits.memory_bytes > 0) {
      const auto bytes = static_cast<rlim_t>(limits.memory_bytes);
      const rlimit memory = {bytes, bytes};
      ::setrlimit(RLIMIT_AS, &memory);
    }
    if (limits.file_bytes > 0) {
      const auto bytes = static_cast<rlim_t>(limits.file_bytes);
      const rlimit file = {bytes, bytes};
      ::setrlimit(RLIMIT_FSIZE, &file);
    }
    const rlimit no_core = {0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    const int file = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ::dup2(file, STDOUT_FILENO);
    ::dup2(file, STDERR_FILENO);
    for (int fd = STDIN_FILENO; limits.closed && fd <= file; ++fd) ::close(fd);
    std::vector<char*> argv = {const_cast<char*>("genbid")};
    for (const std::string& one : arguments) argv.push_back(const_cast<char*>(one.c_str()));
    argv.push_back(nullptr);
    const char* const program = std::getenv("GENBID_PROGRAM");
    ::execvp(program != nullptr ? program : "genbid", argv.data());
    ::_exit(127);
  }
  ~Program() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void send(int number) const {
    if (pid_ > 0) ::kill(pid_, number);
  }
  // Whether the program has got so far that it handles this signal. Under a sanitizer that may take a second.
  bool catches(int number) const {
    std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
    for (std::string line; std::getline(status, line);) {
      if (line.rfind("SigCgt:", 0) == 0) return (std::stoull(line.substr(7), nullptr, 16) >> (number - 1) & 1U) != 0;
    }
    return false;
  }
  bool runs() {
    int status = 0;
    if (pid_ > 0 && ::waitpid(pid_, &status, WNOHANG) == pid_) ended(status);
    return pid_ > 0;
  }
  // The exit status, or kKilledBy + the signal where one killed it, or -1 if it has not ended after a minute, which is
  // enough on any machine.
  int wait(std::chrono::milliseconds patience = std::chrono::minutes(1)) {
    const auto until = Clock::now() + patience;
    while (runs() && Clock::now() < until) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    return pid_ > 0 ? -1 : status_;
  }

  static constexpr int kKilledBy = 1000;

 private:
  void ended(int status) {
    pid_ = 0;
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : kKilledBy + WTERMSIG(status);
  }
  pid_t pid_ = 0;
  int status_ = -1;
};

inline bool wait_for(const std::function<bool()>& event) {
  const auto patience = Clock::now() + std::chrono::minutes(1);
  while (!event() && Clock::now() < patience) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  return event();
}

// Whether scripts/test.sh --long runs the tests. They then do everything of which they otherwise take a sample.
inline bool long_tests() { return std::getenv("GENBID_LONG_TESTS") != nullptr; }

}  // namespace genbid::test

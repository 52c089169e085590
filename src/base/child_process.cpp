#include "base/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace genbid {
namespace {

ChildEnd end_of(int status) {
  if (WIFSIGNALED(status)) return {128 + WTERMSIG(status), true};
  return {WEXITSTATUS(status), false};
}

// Everything after fork() that a process with threads may do: no memory is asked for.
[[noreturn]] void become(char* const* command, int output, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(128 + SIGTERM);  // it went away before it could be watched
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);  // the program blocks signals on all threads but one
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::execv(command[0], command);
  ::_exit(127);
}

}  // namespace

ChildProcess::ChildProcess(std::vector<std::string> command, const std::string& output) {
  std::vector<char*> arguments;
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const int file = ::open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0) throw Error(output + ": cannot be opened: " + std::strerror(errno));
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) become(arguments.data(), file, parent);
  const int fault = errno;
  ::close(file);
  if (pid_ < 0) throw Error(command[0] + ": cannot be started: " + std::strerror(fault));
}

ChildProcess::~ChildProcess() {
  if (pid_ < 0 || end_) return;
  send(SIGTERM);
  wait();
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept : pid_(std::exchange(other.pid_, -1)), end_(other.end_) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(end_, other.end_);
  return *this;
}

std::optional<ChildEnd> ChildProcess::poll() {
  if (pid_ < 0 || end_) return end_;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == pid_) end_ = end_of(status);
  return end_;
}

ChildEnd ChildProcess::wait() {
  while (pid_ >= 0 && !end_) {
    int status = 0;
    const pid_t ended = ::waitpid(pid_, &status, 0);
    if (ended == pid_) end_ = end_of(status);
    if (ended < 0 && errno != EINTR) break;
  }
  return end_.value_or(ChildEnd{});
}

void ChildProcess::send(int signal) const {
  if (pid_ > 0 && !end_) ::kill(pid_, signal);
}

std::string own_program() { return "/proc/self/exe"; }

}  // namespace genbid

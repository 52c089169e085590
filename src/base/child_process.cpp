#include "base/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
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
[[noreturn]] void become(char* const* command, char* const* variables, int output, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(128 + SIGTERM);  // it went away before it could be watched
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);  // the program blocks signals on all threads but one
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::execve(command[0], command, variables);
  ::_exit(127);
}

std::string name_of(const std::string& variable) { return variable.substr(0, variable.find('=') + 1); }

std::vector<std::string> variables_with(const MoreVariables& more) {
  std::vector<std::string> all = more;
  for (char** one = environ; *one != nullptr; ++one) {
    const std::string variable = *one;
    const auto replaces = [&](const std::string& other) { return name_of(other) == name_of(variable); };
    if (std::none_of(more.begin(), more.end(), replaces)) all.push_back(variable);
  }
  return all;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

ChildProcess::ChildProcess(std::vector<std::string> command, const std::string& output,
                           const MoreVariables& variables) {
  std::vector<std::string> environment = variables_with(variables);
  const std::vector<char*> arguments = pointers_to(command);
  const std::vector<char*> settings = pointers_to(environment);
  const int file = ::open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0) throw Error(output + ": cannot be opened: " + std::strerror(errno));
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) become(arguments.data(), settings.data(), file, parent);
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

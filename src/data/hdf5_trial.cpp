#include "data/hdf5_trial.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/error.h"

namespace genbid::data {
namespace {

constexpr rlim_t kSeconds = 2;
bool in_trial = false;

void limit_processor_time() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const rlim_t end = static_cast<rlim_t>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + 1 + kSeconds;
  const rlimit limit{end, RLIM_INFINITY};
  ::setrlimit(RLIMIT_CPU, &limit);
}

// This is the child's whole life. Signals are left to the parent, which takes the child along when it ends.
[[noreturn]] void run_child(const std::function<void()>& read) {
  in_trial = true;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2}) std::signal(signal, SIG_IGN);
  for (const int signal : {SIGXCPU, SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL}) std::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  limit_processor_time();
  const int nowhere = ::open("/dev/null", O_WRONLY);
  if (nowhere >= 0) ::dup2(nowhere, STDERR_FILENO);  // what the C library says of a crash
  try {
    read();
  } catch (...) {  // the caller will meet it again
  }
  ::_exit(0);
}

}  // namespace

void try_hdf5(const std::string& path, const std::function<void()>& read) {
  // If whoever started the program made it ignore its children, a child would leave no status to wait for.
  const auto before = std::signal(SIGCHLD, SIG_DFL);
  const pid_t child = ::fork();
  if (child == 0) run_child(read);
  const int why = errno;
  int status = 0;
  pid_t ended = -1;
  if (child > 0) {
    do ended = ::waitpid(child, &status, 0);
    while (ended < 0 && errno == EINTR);
  }
  std::signal(SIGCHLD, before);
  if (child < 0) throw Error(path + ": no process can be made to try the file in: " + std::strerror(why));
  if (ended == child && WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  const bool endless = ended == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU;
  throw Error(path + ": damaged: the HDF5 library " +
              (endless ? "comes to no end with the file's structure (stopped after " + std::to_string(kSeconds) +
                             " s of processor time)"
                       : std::string("crashes on the file's structure")) +
              "; make the file again, or take a copy that is whole");
}

void trial_goes_on() {
  if (in_trial) limit_processor_time();
}

}  // namespace genbid::data

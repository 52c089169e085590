#include "base/stop_signal.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>

#include "base/files/atomic_file.h"
#include "base/error.h"

namespace genbid::stop_signal {
namespace {

using Clock = std::chrono::steady_clock;

// A handler can reach nothing but globals, and may touch only lock-free ones.
std::atomic<int> received{0};
std::atomic<int> wake{-1};  // the end of a pipe that the watching thread reads
static_assert(std::atomic<int>::is_always_lock_free);

std::atomic<bool> seen{false};  // by work in a scope
std::atomic<int> scopes{0};
std::atomic<int> unhurried{0};
std::atomic<bool> ending{false};
std::atomic<bool> watching{false};

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU};

sigset_t signal_set() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : kSignals) sigaddset(&set, number);
  return set;
}

bool insists(int number) { return number == SIGINT || number == SIGTERM; }

void handle(int number) {
  const int before = errno;
  int none = 0;
  if (received.compare_exchange_strong(none, number)) {
    if (const int fd = wake.load(); fd >= 0) [[maybe_unused]]
      const auto count = ::write(fd, "", 1);
  } else if (insists(number)) {
    // With the default action back in place, the signal that is raised here ends the process once this handler returns,
    // and the parent sees which one it was.
    ::signal(number, SIG_DFL);
    ::raise(number);
  }
  errno = before;
}

[[noreturn]] void end_process(const std::string& where) {
  ending.store(true);
  abandon_temporaries();
  const int number = received.load();
  const char* const name = ::sigabbrev_np(number);
  const std::string text = std::string(::isatty(STDERR_FILENO) != 0 ? "\n" : "") + "genbid: stopped by SIG" +
                           (name != nullptr ? name : "?") + where + "\n";
  [[maybe_unused]] const auto count = ::write(STDERR_FILENO, text.data(), text.size());
  ::_exit(128 + number);
}

void wait_for_signal(int fd) {
  const sigset_t ours = signal_set();
  pthread_sigmask(SIG_UNBLOCK, &ours, nullptr);
  watching.store(true);
  watching.notify_one();
  char byte = 0;
  while (received.load() == 0) {
    if (::read(fd, &byte, 1) <= 0 && errno != EINTR) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  const auto patience = Clock::now() + std::chrono::seconds(kPatienceSeconds);
  while (true) {
    // Work that has seen the signal ends the program itself.
    if (!seen.load() && unhurried.load() == 0) {
      if (scopes.load() == 0) end_process("; what was not finished is not written");
      if (Clock::now() > patience) {
        end_process(" in the middle of a step that takes longer than " + std::to_string(kPatienceSeconds) +
                    " s; the same command goes on behind what was saved last");
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace

void install() {
  struct sigaction action = {};
  action.sa_handler = handle;
  action.sa_flags = SA_RESTART;  // reads and writes under way go on
  sigemptyset(&action.sa_mask);
  for (const int number : kSignals) {
    struct sigaction before = {};
    sigaction(number, nullptr, &before);
    if (before.sa_handler != SIG_IGN) sigaction(number, &action, nullptr);
  }
}

void watch() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) throw Error(std::string("cannot make a pipe: ") + std::strerror(errno));
  // Handlers run in the other thread alone; this one, and those that it starts later, never see them.
  sigset_t all;
  sigset_t masked;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &masked);
  watching.store(false);
  std::thread(wait_for_signal, ends[0]).detach();
  for (const int number : kSignals) sigaddset(&masked, number);
  pthread_sigmask(SIG_SETMASK, &masked, nullptr);
  // Wait until the thread is up. A child that is forked while it starts (data/hdf5_trial.h) could inherit a lock of the
  // allocator that nobody in the child ever opens; a sanitizer's allocator does not guard against that.
  watching.wait(false);
  wake.store(ends[1]);
  if (received.load() != 0) [[maybe_unused]]
    const auto count = ::write(ends[1], "", 1);
}

bool requested() {
  if (received.load(std::memory_order_relaxed) == 0) return false;
  if (scopes.load() > 0) seen.store(true);
  return true;
}

int exit_status() {
  const int number = received.load();
  return number == 0 ? 0 : 128 + number;
}

void wait_if_ending() {
  while (ending.load()) std::this_thread::sleep_for(std::chrono::seconds(1));
}

void reset() {
  received.store(0);
  seen.store(false);
}

Cooperative::Cooperative() { ++scopes; }
Cooperative::~Cooperative() { --scopes; }
Unhurried::Unhurried() { ++unhurried; }
Unhurried::~Unhurried() { --unhurried; }

}  // namespace genbid::stop_signal

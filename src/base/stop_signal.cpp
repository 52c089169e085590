#include "base/stop_signal.h"

#include <signal.h>

#include <atomic>

namespace genbid::stop_signal {
namespace {

// A handler can reach nothing but globals, and may touch only lock-free ones.
std::atomic<int> received{0};
static_assert(std::atomic<int>::is_always_lock_free);

void handle(int number) {
  int none = 0;
  if (received.compare_exchange_strong(none, number)) return;
  // The default action ends the process as soon as this handler returns, and the parent sees the signal.
  ::signal(number, SIG_DFL);
  ::raise(number);
}

}  // namespace

void install() {
  struct sigaction action = {};
  action.sa_handler = handle;
  action.sa_flags = SA_RESTART;  // reads and writes under way go on
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool requested() { return received.load(std::memory_order_relaxed) != 0; }

int exit_status() {
  const int number = received.load();
  return number == 0 ? 0 : 128 + number;
}

void reset() { received.store(0); }

}  // namespace genbid::stop_signal

#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

// To be preloaded: the time of day jumps forth and back by days from one call to the next, as on a machine whose clock
// is set while it works. Clocks that only count go on as they are.

namespace {

void jump(time_t& seconds) {
  static std::atomic<int> calls = 0;
  const int call = calls++;
  seconds += 86'400L * (call % 7 - 3);
}

}  // namespace

// The system's parameters have reserved names.
// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)

extern "C" int clock_gettime(clockid_t clock, timespec* now) {
  const auto status = static_cast<int>(::syscall(SYS_clock_gettime, clock, now));
  if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) jump(now->tv_sec);
  return status;
}

extern "C" int gettimeofday(timeval* now, void* /*zone*/) {
  timespec exact{};
  ::clock_gettime(CLOCK_REALTIME, &exact);
  *now = {exact.tv_sec, exact.tv_nsec / 1000};
  return 0;
}

extern "C" time_t time(time_t* also) {
  timespec exact{};
  ::clock_gettime(CLOCK_REALTIME, &exact);
  if (also != nullptr) *also = exact.tv_sec;
  return exact.tv_sec;
}

// NOLINTEND(readability-inconsistent-declaration-parameter-name)

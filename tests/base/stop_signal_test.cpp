#include "base/stop_signal.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <thread>

namespace genbid {
namespace {

// The thread sanitizer keeps a signal until the thread that took it comes by a function that it watches, and in a child
// one of its own threads, which never does, may be the one that took it.
#ifdef __SANITIZE_THREAD__
constexpr bool kSignalsWait = true;
#else
constexpr bool kSignalsWait = false;
#endif
#define SKIP_WHERE_SIGNALS_WAIT() \
  if (kSignalsWait) GTEST_SKIP() << "the thread sanitizer keeps signals back"

// The wait status of a child that runs `act` and exits with 0 if it gets that far.
int status_of(const std::function<void()>& act) {
  const pid_t child = ::fork();
  if (child == 0) {
    stop_signal::reset();
    stop_signal::install();
    act();
    ::_exit(0);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return status;
}

TEST(StopSignal, TheFirstOnlySetsAFlag) {
  const int status = status_of([] {
    if (stop_signal::requested() || stop_signal::exit_status() != 0) ::_exit(1);
    ::raise(SIGTERM);
    if (!stop_signal::requested()) ::_exit(2);
    ::_exit(stop_signal::exit_status());
  });
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 128 + SIGTERM);
}

TEST(StopSignal, TheSecondEndsTheProcess) {
  const int status = status_of([] {
    ::raise(SIGINT);
    ::raise(SIGTERM);
  });
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGTERM);
}

TEST(StopSignal, AClosedTerminalMayComeTwice) {
  const int status = status_of([] {
    ::raise(SIGHUP);
    ::raise(SIGHUP);
    ::raise(SIGUSR1);
    ::_exit(stop_signal::exit_status());
  });
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 128 + SIGHUP);
}

TEST(StopSignal, WorkThatHasSeenItTakesItsTime) {
  SKIP_WHERE_SIGNALS_WAIT();
  const int status = status_of([] {
    stop_signal::watch();
    const stop_signal::Cooperative work;
    ::kill(::getpid(), SIGUSR2);
    while (!stop_signal::requested()) ::usleep(1000);
    ::usleep(100'000);  // the watching thread looks every 10 ms
    ::_exit(7);
  });
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST(StopSignal, WorkThatCannotBeSavedIsEndedWhereItIs) {
  SKIP_WHERE_SIGNALS_WAIT();
  const int status = status_of([] {
    if (std::freopen("/dev/null", "w", stderr) == nullptr) ::_exit(1);
    stop_signal::watch();
    ::kill(::getpid(), SIGTERM);
    while (true) ::pause();
  });
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 128 + SIGTERM);
}

TEST(StopSignal, WorkThatDoesNotLookIsEndedToo) {
  SKIP_WHERE_SIGNALS_WAIT();
  const int status = status_of([] {
    if (std::freopen("/dev/null", "w", stderr) == nullptr) ::_exit(1);
    stop_signal::watch();
    const stop_signal::Cooperative work;
    ::kill(::getpid(), SIGTERM);
    while (true) ::pause();
  });
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 128 + SIGTERM);
}

// Code that a library generates may keep numbers where a handler's frame would lie (stop_signal.h).
TEST(StopSignal, HandlersRunOnNoThreadThatComputes) {
  const int status = status_of([] {
    stop_signal::watch();
    const auto blocked = [] {
      sigset_t mask;
      pthread_sigmask(SIG_SETMASK, nullptr, &mask);
      int count = 0;
      for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2}) count += sigismember(&mask, number);
      return count;
    };
    int in_another = 0;
    std::thread([&] { in_another = blocked(); }).join();
    ::_exit(blocked() == 5 && in_another == 5 ? 0 : 1);
  });
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(StopSignal, ResetForgetsTheFirst) {
  const int status = status_of([] {
    ::raise(SIGINT);
    stop_signal::reset();
    ::raise(SIGINT);
    ::_exit(stop_signal::requested() ? 0 : 1);
  });
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

}  // namespace
}  // namespace genbid

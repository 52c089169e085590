#include "base/progress.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <thread>

namespace genbid {
namespace {

// What `act` writes to standard error while that is `write_end`; closes both ends.
std::string written_to(int write_end, int read_end, const std::function<void()>& act) {
  const int kept = ::dup(STDERR_FILENO);
  ::dup2(write_end, STDERR_FILENO);
  act();
  ::dup2(kept, STDERR_FILENO);
  ::close(kept);
  ::close(write_end);  // else a read waits for more
  std::array<char, 65536> text;
  const ssize_t size = ::read(read_end, text.data(), text.size());
  ::close(read_end);
  return {text.data(), static_cast<size_t>(std::max<ssize_t>(size, 0))};
}

std::string written_to_pipe(const std::function<void()>& act) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return "no pipe";
  return written_to(ends[1], ends[0], act);
}

TEST(Progress, WritesPlainLinesWhereThereIsNoTerminal) {
  const std::string text = written_to_pipe([] {
    Progress progress("ingest", 24000000, "rows");
    for (int i = 0; i < 1000; ++i) progress.update(i * 10000);
    progress.update(24000000);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    progress.finish();
  });
  // A moment's work is one line; its rate depends on the machine.
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_TRUE(text.starts_with("ingest  24,000,000 / 24,000,000 rows  100%  ")) << text;
  EXPECT_TRUE(text.ends_with(" rows/s  in 0:00\n")) << text;
}

TEST(Progress, WithoutATotalThereIsNoShare) {
  const std::string text = written_to_pipe([] {
    Progress progress("count", 0, "rows");
    progress.update(1234);
    progress.finish();
    progress.finish();
  });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_TRUE(text.starts_with("count  1,234 rows  ")) << text;
  EXPECT_TRUE(text.ends_with(" rows/s  in 0:00\n")) << text;
}

TEST(Progress, IsSilentWhenGivenUpWithoutATerminal) {
  EXPECT_EQ(written_to_pipe([] { Progress("train", 100, "steps").update(5); }), "");
}

TEST(Progress, DrawsOverItsLineOnATerminal) {
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
  if (terminal < 0 || ::grantpt(terminal) != 0 || ::unlockpt(terminal) != 0) GTEST_SKIP() << "no terminals here";
  const int screen = ::open(::ptsname(terminal), O_RDWR | O_NOCTTY);
  ASSERT_GE(screen, 0);
  const std::string text = written_to(screen, terminal, [] {
    Progress progress("train", 200, "steps", 50);
    std::this_thread::sleep_for(std::chrono::milliseconds(110));
    progress.update(190, "loss 0.5");
  });
  // The destructor leaves an empty line.
  EXPECT_TRUE(text.starts_with("\rtrain  190 / 200 steps  95%  ")) << text;
  EXPECT_TRUE(text.ends_with(" steps/s  0:00 left  loss 0.5\033[K\r\033[K")) << text;
}

}  // namespace
}  // namespace genbid

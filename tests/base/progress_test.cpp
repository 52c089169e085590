#include "base/progress.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <thread>

#include "base/terminal.h"

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
  // A terminal hands over what was written in pieces, when it gets round to it; behind the last one a read fails.
  std::string text;
  std::array<char, 65536> piece;
  while (true) {
    const ssize_t size = ::read(read_end, piece.data(), piece.size());
    if (size <= 0) break;
    text.append(piece.data(), static_cast<size_t>(size));
  }
  ::close(read_end);
  return text;
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

// A tick may take minutes.
TEST(Progress, AStepThatTakesLongIsSeenToBeUnderWay) {
  const std::string text = written_to_pipe([] {
    Progress progress("Playing", 2, "periods");
    progress.update(0, "tick 1 of 1");
    std::this_thread::sleep_for(std::chrono::milliseconds(6500));
    progress.finish();
  });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2) << text;
  EXPECT_TRUE(text.starts_with("Playing  0 / 2 periods  0%  tick 1 of 1\n")) << text;
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
    ::setenv("NO_COLOR", "1", 1);
    Progress progress("train", 200, "steps", 50);
    std::this_thread::sleep_for(std::chrono::milliseconds(110));
    progress.update(100, "loss 0.5");  // a moment's rate says nothing yet
    std::this_thread::sleep_for(std::chrono::milliseconds(900));
    progress.update(190, "loss 0.4");
    ::unsetenv("NO_COLOR");
  });
  EXPECT_TRUE(text.starts_with("\rtrain  100 / 200 steps  50%  [#######.......]  loss 0.5\033[K\r")) << text;
  EXPECT_NE(text.find("train  190 / 200 steps  95%  [#############.]  1"), std::string::npos) << text;  // 140 in 1 s
  // The destructor leaves an empty line.
  EXPECT_TRUE(text.ends_with(" steps/s  0:00 left  loss 0.4\033[K\r\033[K")) << text;
}

// On a terminal of `columns`; "" where there are none here.
std::string written_to_terminal(unsigned short columns, const std::function<void()>& act) {
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
  if (terminal < 0 || ::grantpt(terminal) != 0 || ::unlockpt(terminal) != 0) return {};
  const int screen = ::open(::ptsname(terminal), O_RDWR | O_NOCTTY);
  winsize size = {};
  size.ws_col = columns;
  size.ws_row = 24;
  ::ioctl(screen, TIOCSWINSZ, &size);
  return written_to(screen, terminal, act);
}

void draw_once(const std::string& note) {
  Progress progress("train", 200, "steps");
  std::this_thread::sleep_for(std::chrono::milliseconds(110));
  progress.update(100, note);
}

TEST(Progress, GivesUpTheBarAndThenTheEndOfItsNoteInANarrowTerminal) {
  ::setenv("NO_COLOR", "1", 1);
  const std::string wide = written_to_terminal(80, [] { draw_once("loss 0.5"); });
  const std::string narrow = written_to_terminal(46, [] { draw_once("loss 0.5"); });
  const std::string long_note = written_to_terminal(46, [] { draw_once(std::string(100, 'x')); });
  ::unsetenv("NO_COLOR");
  if (wide.empty()) GTEST_SKIP() << "no terminals here";
  EXPECT_EQ(wide, "\rtrain  100 / 200 steps  50%  [#######.......]  loss 0.5\033[K\r\033[K");
  EXPECT_EQ(narrow, "\rtrain  100 / 200 steps  50%  loss 0.5\033[K\r\033[K");
  EXPECT_EQ(long_note, "\rtrain  100 / 200 steps  50%  " + std::string(16, 'x') + "\033[K\r\033[K");
}

TEST(Progress, IsColouredOnATerminalThatShowsColours) {
  ::setenv("TERM", "xterm", 1);
  const std::string coloured = written_to_terminal(80, [] { draw_once(""); });
  if (coloured.empty()) GTEST_SKIP() << "no terminals here";
  EXPECT_NE(coloured.find("[\033[1;32m#######\033[0m.......]"), std::string::npos);
  ::setenv("NO_COLOR", "1", 1);
  EXPECT_EQ(written_to_terminal(80, [] { draw_once(""); }).find("\033[1"), std::string::npos);
  ::unsetenv("NO_COLOR");
  ::setenv("TERM", "dumb", 1);
  EXPECT_EQ(written_to_terminal(80, [] { draw_once(""); }), "");  // plain lines, the first after 5 seconds
  ::setenv("TERM", "xterm", 1);
}

TEST(Progress, IsSilentWhereTheProgramIsQuiet) {
  terminal::set_quiet(true);
  const auto work = [] {
    Progress progress("train", 200, "steps");
    std::this_thread::sleep_for(std::chrono::milliseconds(110));
    progress.update(100);
    progress.finish();
  };
  EXPECT_EQ(written_to_terminal(80, work), "");
  EXPECT_EQ(written_to_pipe(work), "");
  terminal::set_quiet(false);
}

}  // namespace
}  // namespace genbid

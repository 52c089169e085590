#include "base/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <mutex>
#include <utility>

namespace genbid {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// 12345678 -> "12,345,678"
std::string grouped(int64_t value) {
  std::string text = std::to_string(value);
  const int64_t first = value < 0 ? 1 : 0;
  for (int64_t i = static_cast<int64_t>(text.size()) - 3; i > first; i -= 3) {
    text.insert(static_cast<size_t>(i), 1, ',');
  }
  return text;
}

// 1234567 -> "1.2 M", 42 -> "42", 0.25 -> "0.25"
std::string short_number(double value) {
  static constexpr const char* kUnits[] = {"", " k", " M", " G"};
  int unit = 0;
  for (; value >= 999.5 && unit < 3; ++unit) value /= 1000.0;
  char text[32];
  const char* format = value >= 9.95 ? "%.0f%s" : value >= 0.95 ? "%.1f%s" : "%.2g%s";
  std::snprintf(text, sizeof(text), format, value, kUnits[unit]);
  return text;
}

// 12.4 -> "0:12", 3723 -> "1:02:03"
std::string clock_text(double seconds) {
  const auto total = std::llround(std::min(seconds, 1e9));
  char text[48];
  if (total < 3600) {
    std::snprintf(text, sizeof(text), "%lld:%02lld", total / 60, total % 60);
  } else {
    std::snprintf(text, sizeof(text), "%lld:%02lld:%02lld", total / 3600, total / 60 % 60, total % 60);
  }
  return text;
}

size_t terminal_width() {
  winsize size = {};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 20) return 80;
  return size.ws_col;
}

void put(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

}  // namespace

struct Progress::State {
  std::mutex mutex;  // workers may report for themselves
  std::string what, unit;
  int64_t total, first, done;
  std::string note;
  bool terminal = ::isatty(STDERR_FILENO) != 0;
  bool spoken = false;  // a line was printed elsewhere
  bool drawn = false;   // an unfinished line stands on the terminal
  bool finished = false;
  Clock::time_point start = Clock::now();
  Clock::time_point last_line = start;

  std::string line(bool whole) const {
    const double elapsed = seconds_since(start);
    const double rate = elapsed > 0 ? static_cast<double>(done - first) / elapsed : 0.0;
    std::string text = what + "  " + grouped(done);
    if (total > 0) text += " / " + grouped(total);
    text += " " + unit;
    if (total > 0) {
      const double share = 100.0 * static_cast<double>(done) / static_cast<double>(total);
      text += "  " + std::to_string(static_cast<int>(std::clamp(share, 0.0, 999.0))) + "%";
    }
    if (rate > 0) text += "  " + short_number(rate) + " " + unit + "/s";
    if (whole || total <= 0) {
      text += "  in " + clock_text(elapsed);
    } else if (rate > 0 && done <= total) {
      text += "  " + clock_text(static_cast<double>(total - done) / rate) + " left";
    }
    if (!note.empty()) text += "  " + note;
    return text;
  }

  void draw() {
    std::string text = line(false);
    const size_t width = terminal_width() - 1;  // a full line would wrap
    if (text.size() > width) text.resize(width);
    put("\r" + text + "\033[K");
    drawn = true;
  }
};

Progress::Progress(std::string what, int64_t total, std::string unit, int64_t start)
    : state_(std::make_unique<State>()) {
  state_->what = std::move(what);
  state_->unit = std::move(unit);
  state_->total = total;
  state_->first = state_->done = start;
}

Progress::~Progress() {
  if (state_->drawn) put("\r\033[K");
}

void Progress::update(int64_t done, std::string_view note) {
  State& state = *state_;
  const std::lock_guard lock(state.mutex);
  state.done = done;
  const double interval_seconds = state.terminal ? 0.1 : state.spoken ? 10.0 : 5.0;
  if (state.finished || seconds_since(state.last_line) < interval_seconds) return;
  state.last_line = Clock::now();
  state.note = note;
  if (state.terminal) {
    state.draw();
  } else {
    put(state.line(false) + "\n");
    state.spoken = true;
  }
}

void Progress::finish() {
  State& state = *state_;
  const std::lock_guard lock(state.mutex);
  if (std::exchange(state.finished, true)) return;
  state.note.clear();
  put((state.drawn ? "\r\033[K" : "") + state.line(true) + "\n");
  state.drawn = false;
}

}  // namespace genbid

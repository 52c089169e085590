#include "base/progress.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>
#include <utility>

#include "base/recent_rate.h"
#include "base/terminal.h"
#include "base/text_table.h"

namespace genbid {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kFirstSeconds = 5.0;
constexpr double kMostSeconds = 10.0;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

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

void put(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

}  // namespace

struct Progress::State {
  State(std::string what_in, int64_t total_in, std::string unit_in, int64_t start_in)
      : what(std::move(what_in)),
        unit(std::move(unit_in)),
        total(total_in),
        first(start_in),
        done(start_in),
        recent(start_in) {}

  std::mutex mutex;  // workers may report for themselves
  std::string what, unit;
  int64_t total, first, done;
  RecentRate recent;
  std::string note;
  bool silent = terminal::quiet();
  bool draws = terminal::draws_over(STDERR_FILENO);
  bool spoken = false;  // a line was printed elsewhere
  bool drawn = false;   // an unfinished line stands on the terminal
  bool finished = false;
  Clock::time_point start = Clock::now();
  Clock::time_point last_line = start;
  std::condition_variable_any ended;
  std::atomic<bool> repeats = false;
  std::jthread repeater = {};  // the last member: it ends before what it reads

  double share() const {
    return total > 0 ? std::clamp(static_cast<double>(done) / static_cast<double>(total), 0.0, 9.99) : 0.0;
  }

  // "train  1,500 / 3,000 steps  50%"
  std::string how_far() const {
    std::string text = what + "  " + grouped(done);
    if (total > 0) text += " / " + grouped(total);
    text += " " + unit;
    if (total > 0) text += "  " + std::to_string(static_cast<int>(100.0 * share())) + "%";
    return text;
  }

  std::string rate_text(double rate) const {
    return rate > 0 ? "  " + short_number(rate) + " " + unit + "/s" : std::string();
  }

  // What stands behind that while the work goes on. A rate that a moment's work gives is no news yet.
  std::string how_fast() const {
    constexpr double kNewsSeconds = 1.0;
    const double elapsed = seconds_since(start);
    if (elapsed < kNewsSeconds) return {};
    std::string text = rate_text(recent.per_second(elapsed));
    const double left = total > 0 ? recent.seconds_left(elapsed, total) : -1.0;
    if (total <= 0) text += "  in " + clock_text(elapsed);
    if (left >= 0.0) text += "  " + clock_text(left) + " left";
    return text;
  }

  std::string noted() const { return note.empty() ? note : "  " + note; }

  std::string last_line_text() const {
    const double elapsed = seconds_since(start);
    const double mean = elapsed > 0 ? static_cast<double>(done - first) / elapsed : 0.0;
    return how_far() + rate_text(mean) + "  in " + clock_text(elapsed);
  }

  static std::string bar(double share, size_t cells) {
    const auto full = static_cast<size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(cells));
    return "  [" + terminal::coloured(terminal::Colour::kGreen, std::string(full, '#'), STDERR_FILENO) +
           std::string(cells - full, '.') + "]";
  }

  void draw() {
    constexpr size_t kBrackets = 4;  // with the spaces before them
    constexpr size_t kFewestCells = 6;
    constexpr size_t kMostCells = 14;
    const size_t room = terminal::width(STDERR_FILENO) - 1;  // a full line would wrap
    std::string text = how_far();
    const size_t place = text.size();
    text += how_fast() + noted();
    if (text.size() > room) {
      text.resize(room);
    } else if (total > 0 && room - text.size() >= kFewestCells + kBrackets) {
      text.insert(place, bar(share(), std::min(room - text.size() - kBrackets, kMostCells)));
    }
    put("\r" + text + "\033[K");
    drawn = true;
  }

  void say() {
    last_line = Clock::now();
    if (draws) return draw();
    put(how_far() + how_fast() + noted() + "\n");
    spoken = true;
  }

  void repeat(const std::stop_token& stop) {
    std::unique_lock lock(mutex);
    repeats.store(true);
    repeats.notify_one();
    while (!stop.stop_requested() && !finished) {
      ended.wait_for(lock, stop, std::chrono::seconds(1), [] { return false; });
      if (stop.stop_requested() || finished) return;
      if (seconds_since(last_line) >= (spoken || draws ? kMostSeconds : kFirstSeconds)) say();
    }
  }
};

Progress::Progress(std::string what, int64_t total, std::string unit, int64_t start)
    : state_(std::make_unique<State>(std::move(what), total, std::move(unit), start)) {
  State& state = *state_;
  if (state.silent) return;
  state.repeater = std::jthread([&state](const std::stop_token& stop) { state.repeat(stop); });
  state.repeats.wait(false);  // a child that is forked while it starts could inherit a lock (stop_signal.cpp)
}

Progress::~Progress() {
  state_->repeater = {};
  if (state_->drawn) put("\r\033[K");
}

void Progress::update(int64_t done, std::string_view note) {
  State& state = *state_;
  const std::lock_guard lock(state.mutex);
  state.done = done;
  state.recent.update(seconds_since(state.start), done);
  const double interval_seconds = state.draws ? 0.1 : state.spoken ? kMostSeconds : kFirstSeconds;
  if (state.silent || state.finished) return;
  state.note = note;
  if (seconds_since(state.last_line) >= interval_seconds) state.say();
}

void Progress::finish() {
  State& state = *state_;
  const std::lock_guard lock(state.mutex);
  if (std::exchange(state.finished, true)) return;
  if (state.silent) return;
  put((state.drawn ? "\r\033[K" : "") + state.last_line_text() + "\n");
  state.drawn = false;
}

}  // namespace genbid

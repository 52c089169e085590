#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace genbid {

// Progress of long work on standard error. On a terminal it is one line (done, rate, time left, a note) that is drawn
// again at most ten times a second. Elsewhere it is plain lines, the first after 5 seconds and the next ones at least
// 10 seconds apart. Any thread may update it.
class Progress {
 public:
  // `unit` as in "rows"; `total` 0 where it is not known.
  Progress(std::string what, int64_t total, std::string unit, int64_t start = 0);
  ~Progress();  // leaves the terminal with a clean line

  void update(int64_t done, std::string_view note = {});
  void finish();  // a last line with the time taken

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace genbid

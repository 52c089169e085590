#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace genbid {

// Progress of long work on standard error: one line drawn over on a terminal (done, rate, time left, note), plain lines
// elsewhere, the first after 5 seconds, then every 10 at most. Draws at most ten times a second. Any thread may update.
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

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace genbid {

// Progress of long work on standard error: one line drawn over on a terminal, with a bar where there is room for it,
// and plain lines elsewhere, the first after 5 seconds, then every 10 at most. Draws at most ten times a second, and
// nothing where the program is quiet (base/terminal.h). Any thread may update. A step that takes long is seen to be
// under way, too: where nobody updates for 10 seconds, a thread of its own says again how far it is.
//
//   train  1,500 / 3,000 steps  50%  [#######.......]  120 steps/s  0:12 left  loss 0.53
//
// Rate and time left are those of now (base/recent_rate.h); the last line has the mean over all of the time.
class Progress {
 public:
  // `unit` as in "rows"; `total` 0 where it is not known; `start`: units that an interrupted run had done.
  Progress(std::string what, int64_t total, std::string unit, int64_t start = 0);
  ~Progress();  // leaves the terminal with a clean line

  void update(int64_t done, std::string_view note = {});
  void finish();  // a last line with the time taken

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace genbid

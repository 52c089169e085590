#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace genbid {

// A set of `count` threads, of which the caller is one. What is computed over it must not depend on how the work is
// split, so that results are the same for any count.
class Threads {
 public:
  explicit Threads(int count);  // 0: one a processor
  ~Threads();
  int count() const { return count_; }

  // Calls body(begin, end) for ranges that together make up [0, n) and do not overlap. Each begins at a multiple of
  // `grain` and has at least that many items, but for the last. An exception of a body reaches the caller. A body may
  // call this again.
  void parallel_for(int64_t n, int64_t grain, const std::function<void(int64_t, int64_t)>& body);

 private:
  struct State;
  int count_;
  std::unique_ptr<State> state_;
};

}  // namespace genbid

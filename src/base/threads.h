#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace genbid {

// A set of `count` threads (the caller included). Work split over it must not depend on the split: results
// are the same for any count.
class Threads {
 public:
  explicit Threads(int count);  // 0: one a processor
  ~Threads();
  int count() const { return count_; }

  // Calls body(begin, end) on disjoint ranges that cover [0, n), of at least `grain` items each but the last; each
  // begins at a multiple of `grain`. An exception of a body reaches the caller. May be called from inside a body.
  void parallel_for(int64_t n, int64_t grain, const std::function<void(int64_t, int64_t)>& body);

 private:
  struct State;
  int count_;
  std::unique_ptr<State> state_;
};

}  // namespace genbid

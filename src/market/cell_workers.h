#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/convert.h"
#include "base/threads.h"

namespace genbid::market {

// Deals the cells of a tick out to threads: many cells whole, few split inside; a cell's result must not depend on
// which. Memory is what one cell's tick needs; as many are kept as run at the same time.
template <typename Memory>
class CellWorkers {
 public:
  explicit CellWorkers(std::function<std::unique_ptr<Memory>()> make) : make_(std::move(make)) {}

  // play(cell, memory, threads to split over or null) for every cell.
  template <typename Play>
  void run(Threads& threads, int64_t num_cells, const Play& play) {
    if (num_cells < 4 * threads.count()) {
      play_range(0, num_cells, play, &threads);
    } else {
      threads.parallel_for(num_cells, 1, [&](int64_t begin, int64_t end) { play_range(begin, end, play, nullptr); });
    }
  }

 private:
  template <typename Play>
  void play_range(int64_t begin, int64_t end, const Play& play, Threads* split) {
    std::unique_ptr<Memory> memory = take();
    for (int64_t cell = begin; cell < end; ++cell) play(to_size(cell), *memory, split);
    const std::lock_guard lock(mutex_);
    kept_.push_back(std::move(memory));
  }

  std::unique_ptr<Memory> take() {
    const std::lock_guard lock(mutex_);
    if (kept_.empty()) return make_();
    std::unique_ptr<Memory> memory = std::move(kept_.back());
    kept_.pop_back();
    return memory;
  }

  std::function<std::unique_ptr<Memory>()> make_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Memory>> kept_;
};

}  // namespace genbid::market

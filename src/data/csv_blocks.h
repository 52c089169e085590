#pragma once

#include <cstdint>
#include <exception>
#include <utility>
#include <vector>

#include "base/convert.h"
#include "base/stop_signal.h"
#include "base/threads.h"

namespace genbid::data {

// Reads a file: while the threads parse a round of blocks, one of them reads the next round by next(block), which is
// false at the end. parse(block, parsed) is called from any thread and throws nothing, add(parsed) in the file's order,
// and after_round() behind each round. An Error of reading comes after what was read before it. False if a stop was
// asked for.
template <typename Block, typename Parsed, typename Next, typename Parse, typename Add, typename AfterRound>
bool read_blocks(const Next& next, Threads& threads, const Parse& parse, const Add& add,
                 const AfterRound& after_round) {
  struct Slot {
    Block block;
    Parsed parsed;
  };
  const auto blocks_per_round = 2 * to_size(threads.count());
  std::vector<Slot> now(blocks_per_round);
  std::vector<Slot> later(blocks_per_round);
  size_t num_now = 0;
  size_t num_later = 0;
  std::exception_ptr read_error;
  const auto read_round = [&] {
    num_later = 0;
    try {
      while (num_later < blocks_per_round && next(later[num_later].block)) ++num_later;
    } catch (...) {
      read_error = std::current_exception();
    }
  };

  read_round();
  while (true) {
    if (stop_signal::requested()) return false;
    std::swap(now, later);
    num_now = num_later;
    if (num_now == 0) break;
    const bool read_more = read_error == nullptr;
    num_later = 0;
    threads.parallel_for(to_signed(num_now) + 1, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        if (i == 0) {
          if (read_more) read_round();
        } else {
          Slot& slot = at(now, i - 1);
          parse(slot.block, slot.parsed);
        }
      }
    });
    for (size_t i = 0; i < num_now; ++i) add(now[i].parsed);
    after_round();
  }
  if (read_error != nullptr) std::rethrow_exception(read_error);
  return true;
}

}  // namespace genbid::data

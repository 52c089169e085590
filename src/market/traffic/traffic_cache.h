#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <span>
#include <vector>

#include "base/convert.h"
#include "market/traffic/traffic.h"

namespace genbid::market {

// A period's impressions, made tick by tick when they are needed.
struct PeriodTraffic {
  PeriodFactors factors;
  std::vector<TickTraffic> ticks;  // by tick where all are kept; else one, of the current tick
  std::vector<char> made;          // by tick; where one is kept, for the current tick only
  bool kept = false;
  AlignedVector<float> values;  // of all ticks, one behind the other, where they are kept

  TickTraffic& at(int tick) { return ticks[kept ? to_size(tick) : 0]; }
};

// Keeps the impressions of the periods played last, as many as fit into `bytes`, so that periods that are played again
// need not be made again. The memory of a forgotten period is used for the next one.
class TrafficCache {
 public:
  explicit TrafficCache(size_t bytes) : capacity_(bytes) {}

  // The traffic of these periods, none of which may come twice, for one market. It is valid until the next call. A
  // period that does not fit is made tick by tick and not kept.
  std::vector<PeriodTraffic*> take(const Traffic& traffic, std::span<const int64_t> periods);

 private:
  size_t capacity_;
  std::list<std::unique_ptr<PeriodTraffic>> kept_;  // last played first
  std::vector<std::unique_ptr<PeriodTraffic>> passing_;
};

}  // namespace genbid::market

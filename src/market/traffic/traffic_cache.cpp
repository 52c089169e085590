#include "market/traffic/traffic_cache.h"

#include <algorithm>

#include "base/convert.h"

namespace genbid::market {
namespace {

// Room for the values of every tick.
void lay_out(PeriodTraffic& period, int num_ticks) {
  period.ticks.resize(to_size(num_ticks));
  size_t total = 0;
  for (int tick = 0; tick < num_ticks; ++tick) total += Traffic::num_values(period.factors, tick);
  if (period.values.size() < total) period.values.resize(total);
  size_t begin = 0;
  for (int tick = 0; tick < num_ticks; ++tick) {
    const size_t size = Traffic::num_values(period.factors, tick);
    period.at(tick).values = std::span(period.values).subspan(begin, size);
    begin += size;
  }
}

}  // namespace

std::vector<PeriodTraffic*> TrafficCache::take(const Traffic& traffic, std::span<const int64_t> periods) {
  const auto room = to_signed(capacity_ / traffic.period_bytes());
  const auto find = [&](int64_t period) {
    return std::find_if(kept_.begin(), kept_.end(),
                        [period](const auto& one) { return one->factors.period == period; });
  };
  // Periods that are asked for move to the front, so that only others are forgotten to make room.
  std::ptrdiff_t in_use = 0;
  for (const int64_t period : periods) {
    const auto found = find(period);
    if (found == kept_.end()) continue;
    kept_.splice(kept_.begin(), kept_, found);
    ++in_use;
  }

  std::vector<PeriodTraffic*> taken;
  size_t num_passing = 0;
  for (const int64_t period : periods) {
    const auto found = find(period);
    if (found != kept_.end()) {
      taken.push_back(found->get());
      continue;
    }
    PeriodTraffic* place = nullptr;
    if (in_use < room) {
      if (std::ssize(kept_) < room) {
        kept_.push_front(std::make_unique<PeriodTraffic>());
      } else {
        kept_.splice(kept_.begin(), kept_, std::prev(kept_.end()));
      }
      ++in_use;
      place = kept_.front().get();
      place->kept = true;
    } else {
      if (num_passing == passing_.size()) passing_.push_back(std::make_unique<PeriodTraffic>());
      place = passing_[num_passing++].get();
      place->ticks.resize(1);
    }
    place->made.assign(to_size(traffic.shape().ticks), 0);
    place->factors = traffic.factors(period);
    if (place->kept) lay_out(*place, traffic.shape().ticks);
    taken.push_back(place);
  }
  return taken;
}

}  // namespace genbid::market

#include "market/traffic/traffic_config.h"

#include "bidding/day_shape.h"

namespace genbid::market {

void TrafficConfig::fields(ConfigVisitor& v) {
  v.field("structure", structure, {"official_episode", "own"});
  if (!own()) return;
  v.field("seats", seats, {1, kMaxSeats});
  v.field("ticks", ticks, {1, kMaxTicks});
  v.field("slots", slots, {1, kNumSlots});
  v.field("day_shape", day_shape, day_shape_names());
  v.field("count_swing", count_swing, {0.0, 0.99});
  v.field("value_level", value_level, {1e-6, 0.2});
  v.field("category_swing", category_swing, {0.0, 0.99});
  v.field("seat_swing", seat_swing, {0.0, 0.99});
  v.field("value_spread", value_spread, {0.0, 2.0});
  v.field("uncertainty", uncertainty, {0.0, 0.3});
}

}  // namespace genbid::market

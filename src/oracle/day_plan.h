#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/convert.h"
#include "oracle/frontier.h"
#include "oracle/responses.h"

namespace genbid::oracle {

// The best alpha per tick of one seat, for the whole day or for what is left of it. Ticks meet through the price of a
// unit of value alone: at each price of the grid every tick plays the alpha that is best there, and the rest of a day
// from any tick on is a curve over prices.
//
// With the default grid and 48 ticks it takes 1 to 2 ms to make and about 6 us a question. Its memory is 18 bytes a
// tick and grid point, 1.3 MB.
class DayPlan {
 public:
  DayPlan(const Responses& responses, int seat);
  // A plan from any curves at the grid's points; `curve_of` is asked once for each tick.
  DayPlan(const AlphaGrid& grid, int num_ticks, const std::function<Curve(int tick)>& curve_of);

  struct Now {
    double alpha = 0.0;  // to play in this tick
    double score = 0.0;  // of the day, if the rest is played so: the fractional optimum
  };
  // What is best at the beginning of `tick`, with what the day brought so far and the money that is left.
  Now now(int tick, const Point& so_far, double remaining_budget, double cpa_limit) const;

  // What the ticks from `tick` on bring at each price; the last point stands for any price.
  std::span<const Point> frontier(int tick) const;
  // The grid point of the alpha that `tick` plays at a price.
  size_t choice(int tick, size_t price) const { return choices_[index(tick, price)]; }
  int num_ticks() const { return num_ticks_; }
  const AlphaGrid& grid() const { return grid_; }

 private:
  size_t index(int tick, size_t price) const { return to_size(tick) * grid_.num_points() + price; }

  int num_ticks_;
  AlphaGrid grid_;
  std::vector<Point> frontier_;    // [tick][price]
  std::vector<uint16_t> choices_;  // [tick][price]
};

}  // namespace genbid::oracle

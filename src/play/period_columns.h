#pragma once

#include <cstdint>
#include <vector>

#include "base/columns.h"
#include "bidding/seat_day.h"
#include "market/market.h"
#include "play/population.h"

namespace genbid::play {

// A row of ticks.csv: a seat's tick.
struct TickRow {
  int64_t period;
  int64_t seat;
  int num_ticks;  // of the day
  const market::SeatTick& tick;
};
const std::vector<Column<TickRow>>& tick_columns();

// A row of periods.csv: a seat's day.
struct DayRow {
  int64_t period;
  int64_t seat;
  const PopulationSeat& sits;  // who sits there
  const Advertiser& advertiser;
  const SeatDay& day;
};
const std::vector<Column<DayRow>>& day_columns();

// isEnd of a raw log and of ticks.csv: true in the last tick, and in every tick once the money is gone.
bool is_end(const TickStart& start, int num_ticks);

}  // namespace genbid::play

#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/columns.h"
#include "market/market.h"
#include "play/period_columns.h"
#include "play/population.h"

namespace genbid::play {

// What a played period came to: sums over its seats, and scores as means over them.
struct PeriodSummary {
  int64_t period = 0;
  double conversions = 0.0;
  double mean_score = 0.0;
  double mean_expected_score = 0.0;
  double budget_use = 0.0;               // cost of all seats over their budgets
  double mean_least_winning_cost = 0.0;  // over all impressions
  int64_t num_clearings = 0;
  double seconds = 0.0;  // wall time, shared by periods played together
};

// Whether a file is the periods.csv of a run, as its first columns tell.
bool is_periods_table(const std::string& path);

// Turns a group of cells, each of another period, into rows of ticks.csv and periods.csv (period_columns.h). Rows are
// ordered by period as in the group, then tick and seat, and a double is the shortest text that reads back as the same
// number.
class PeriodTables : public market::PeriodSink {
 public:
  enum class Ticks { kNone, kText, kValues };
  explicit PeriodTables(const market::MarketShape& shape, Ticks ticks = Ticks::kText) : shape_(shape), ticks_(ticks) {}

  // To be called with the cells about to be played and who sits in each. It forgets the group before.
  void start(std::span<const Population> populations, std::span<const market::Cell> cells);
  void on_tick(int64_t cell, int tick, std::span<const market::SeatTick> seats) override;

  static std::string ticks_header();
  static std::string periods_header();
  // To be called once all ticks are played.
  std::string ticks_rows() const;  // of kText
  // Of kValues: each row's values in the order of tick_columns().
  void for_each_tick(const std::function<void(std::span<const ColumnValue>)>& row) const;
  std::string periods_rows() const;
  std::vector<PeriodSummary> summaries() const;

 private:
  struct Played {
    market::Cell cell;
    Population population;
    std::vector<SeatDay> seats;
    std::string ticks;  // rows of ticks.csv
    std::vector<ColumnValue> tick_values;
    double sum_least_winning_cost = 0.0;
    int64_t num_pv = 0;
    int64_t num_clearings = 0;
  };
  market::MarketShape shape_;
  Ticks ticks_;
  std::vector<Played> cells_;
};

}  // namespace genbid::play

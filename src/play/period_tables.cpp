#include "play/period_tables.h"

#include "base/convert.h"
#include "data/replaceable.h"

namespace genbid::play {

std::string PeriodTables::ticks_header() { return csv_header(tick_columns()); }
std::string PeriodTables::periods_header() { return csv_header(day_columns()); }

bool is_periods_table(const std::string& path) { return data::begins_with(path, "period,seat,bidder,budget,cpa,"); }

void PeriodTables::start(std::span<const Population> populations, std::span<const market::Cell> cells) {
  cells_.clear();
  for (size_t i = 0; i < cells.size(); ++i) {
    Played played;
    played.cell = cells[i];
    played.population = populations[i];
    played.seats.resize(to_size(shape_.seats));
    cells_.push_back(std::move(played));
  }
}

void PeriodTables::on_tick(int64_t cell, int /*tick*/, std::span<const market::SeatTick> seats) {
  Played& played = at(cells_, cell);
  const TickStart& any = seats.front().start;
  played.num_pv += any.num_pv;
  played.num_clearings += seats.front().num_clearings;
  played.sum_least_winning_cost += seats.front().outcome.mean_least_winning_cost * as_double(any.num_pv);

  for (size_t s = 0; s < seats.size(); ++s) {
    played.seats[s].add(seats[s].start, seats[s].outcome);
    const TickRow row{played.cell.period, to_signed(s), shape_.ticks, seats[s]};
    if (ticks_ == Ticks::kText) append_csv(played.ticks, tick_columns(), row);
    if (ticks_ != Ticks::kValues) continue;
    for (const Column<TickRow>& column : tick_columns()) played.tick_values.push_back(column.get(row));
  }
}

std::string PeriodTables::ticks_rows() const {
  std::string text;
  for (const Played& played : cells_) text += played.ticks;
  return text;
}

void PeriodTables::for_each_tick(const std::function<void(std::span<const ColumnValue>)>& row) const {
  const size_t width = tick_columns().size();
  for (const Played& played : cells_) {
    for (size_t begin = 0; begin < played.tick_values.size(); begin += width) {
      row(std::span(played.tick_values).subspan(begin, width));
    }
  }
}

std::string PeriodTables::periods_rows() const {
  std::string text;
  for (const Played& played : cells_) {
    for (size_t s = 0; s < played.seats.size(); ++s) {
      append_csv(text, day_columns(),
                 DayRow{played.cell.period, to_signed(s), played.population.seats[s], played.cell.advertisers[s],
                        played.seats[s]});
    }
  }
  return text;
}

std::vector<PeriodSummary> PeriodTables::summaries() const {
  std::vector<PeriodSummary> summaries;
  for (const Played& played : cells_) {
    PeriodSummary period;
    period.period = played.cell.period;
    double cost = 0.0;
    double budget = 0.0;
    for (size_t s = 0; s < played.seats.size(); ++s) {
      const SeatDay& day = played.seats[s];
      const double limit = played.cell.advertisers[s].cpa_limit;
      period.conversions += as_double(day.num_conversions());
      period.mean_score += day.score(limit) / shape_.seats;
      period.mean_expected_score += day.expected_score(limit) / shape_.seats;
      cost += day.cost();
      budget += played.cell.advertisers[s].budget;
    }
    period.budget_use = cost / budget;
    period.mean_least_winning_cost = played.num_pv > 0 ? played.sum_least_winning_cost / as_double(played.num_pv) : 0.0;
    period.num_clearings = played.num_clearings;
    summaries.push_back(period);
  }
  return summaries;
}

}  // namespace genbid::play

#include "play/online_lp_training.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/convert.h"
#include "base/error.h"
#include "numpy/pandas_number.h"
#include "numpy/legacy_random.h"
#include "numpy/numpy_sort.h"
#include "data/log_ticks.h"

namespace genbid::play {
namespace {

// Rows of the log as columns.
struct Rows {
  std::vector<int> category;
  std::vector<int> tick;
  std::vector<double> pvalue;
  std::vector<double> least_winning_cost;
  std::vector<int64_t> source_row;  // empty where rows came in AuctionNet's order
};

// Missing values stay missing.
double as_pandas(double value) { return std::isnan(value) ? value : numpy::as_read_by_pandas(value); }

void append(const data::LoggedTick& tick, Rows& rows) {
  const size_t seats = tick.seats.size();
  for (size_t pv = 0; pv < to_size(tick.num_pv); ++pv) {
    const double price = as_pandas(tick.least_winning_cost[pv]);
    for (size_t seat = 0; seat < seats; ++seat) {
      rows.category.push_back(tick.seats[seat].category);
      rows.tick.push_back(tick.tick);
      rows.pvalue.push_back(as_pandas(tick.pvalue[pv * seats + seat]));
      rows.least_winning_cost.push_back(price);
    }
  }
  rows.source_row.insert(rows.source_row.end(), tick.source_row.begin(), tick.source_row.end());
}

// Puts the rows into the order of the file.
void sort_by_source(Rows& rows) {
  if (rows.source_row.empty()) return;
  std::vector<size_t> order(rows.tick.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return rows.source_row[a] < rows.source_row[b]; });
  const auto reorder = [&](auto& column) {
    auto sorted = column;
    for (size_t i = 0; i < order.size(); ++i) sorted[i] = column[order[i]];
    column = std::move(sorted);
  };
  reorder(rows.category);
  reorder(rows.tick);
  reorder(rows.pvalue);
  reorder(rows.least_winning_cost);
}

}  // namespace

std::optional<TrainedOnlineLp> train_online_lp(const std::vector<std::string>& files,
                                               const data::LogColumnNames& columns, Threads& threads, int num_ticks) {
  const std::string name = data::replay_log_name(files);
  Rows rows;
  int ticks_found = 0;
  std::optional<int64_t> period;
  const auto add = [&](const data::LoggedTick& tick) {
    if (period && *period != tick.period) {
      throw Error(name + ": found periods " + std::to_string(*period) + " and " + std::to_string(tick.period) +
                  ", expected one: an OnlineLP table is made of one period's log");
    }
    period = tick.period;
    ticks_found = tick.tick + 1;
    if (!tick.has_categories) {
      throw Error(name + ": found no categories of its advertisers, expected them: a table has rows for each");
    }
    append(tick, rows);
  };
  const auto restart = [&] {
    rows = {};
    period.reset();
  };
  const data::ReplayLogOptions options = {.files = files,
                                          .exact = true,
                                          .columns = columns,
                                          .keep_missing = true,
                                          .num_ticks = num_ticks,
                                          .why_num_ticks = " (data.ticks)",
                                          .raw_logs_of_any_length = true};
  if (!data::read_replay_log(options, threads, add, restart)) return std::nullopt;
  sort_by_source(rows);

  numpy::LegacyRandom random(1);
  bidders::OnlineLpTools tools;
  tools.sample = [&](int64_t n, int64_t count) { return random.choose(n, count); };
  tools.argsort = [](std::span<const double> keys) {
    std::vector<int64_t> order(keys.size());
    numpy::argsort(keys, std::span<int64_t>(order));
    return order;
  };
  return TrainedOnlineLp{
      bidders::train_online_lp_table(
          name, {rows.category, rows.tick, rows.pvalue, rows.least_winning_cost, ticks_found}, tools),
      *period};
}

}  // namespace genbid::play

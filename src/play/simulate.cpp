#include "play/simulate.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "base/threads.h"

namespace genbid {
namespace {

// What decides the content of the stores; kept in them.
struct PlayedSettings {
  MarketRunConfig market;

  void fields(ConfigVisitor& v) { v.section("market", market); }
};

}  // namespace

int64_t periods_together(const MarketConfig& market, std::span<Bidder* const> bidders, int num_threads) {
  if (market.official() || keep_state_between_periods(bidders)) return 1;
  constexpr double kMaxBytes = 0.5e9;
  constexpr double kLargestTick = 3.6;  // in mean ticks: 0.075 of a day of 48
  const MarketShape shape = market.shape();
  const double bytes_per_impression = 4.0 * shape.seats + 16.0;
  const double largest_tick = std::min(1.0, kLargestTick / shape.ticks) * static_cast<double>(market.impressions);
  const double bytes = largest_tick * bytes_per_impression;
  const auto fitting = static_cast<int64_t>(kMaxBytes / bytes);
  return std::clamp<int64_t>(fitting, 1, std::max(8, 4 * num_threads));
}

void MarketRunConfig::fields(ConfigVisitor& v) {
  MarketConfig::fields(v);
  v.field("population", population);
  v.check(population_exists(population), "population", expected_population());
  v.required("periods", periods);
  v.check(!periods.values.empty(), "periods", "at least one period");
}

void SimulateConfig::fields(ConfigVisitor& v) {
  v.section("market", market);
  v.section("output", output);
  v.field("threads", threads, {0, 1024});
}

std::string SimulateSummary::text() const {
  std::string table =
      "  period  conversions  score/seat  expected/seat  budget use  least winning cost  clearings  seconds\n";
  for (const PeriodSummary& p : periods) {
    char line[160];
    std::snprintf(line, sizeof line, "%8lld %12.0f %11.3f %14.3f %10.1f%% %19.5f %10lld %8.3f\n",
                  static_cast<long long>(p.period), p.conversions, p.mean_score, p.mean_expected_score,
                  100.0 * p.budget_use, p.mean_least_winning_cost, static_cast<long long>(p.num_clearings), p.seconds);
    table += line;
  }
  return table;
}

std::optional<SimulateSummary> simulate(const SimulateConfig& config, const std::function<void(int64_t)>& progress) {
  const MarketShape shape = config.market.shape();
  const Population population = load_population(config.market.population, shape.seats);
  std::vector<int64_t> periods = config.market.periods.values;
  // Official bidders remember the last period: there the order is the user's, elsewhere it changes nothing.
  if (!config.market.official()) std::sort(periods.begin(), periods.end());

  Threads threads(static_cast<int>(config.threads));
  const auto market = make_market(config.market, threads);
  const auto owned = make_bidders(population, config.market.bidder_rules(), shape.ticks);
  std::vector<Bidder*> bidders;
  for (const auto& bidder : owned) bidders.push_back(bidder.get());

  Outputs outputs(config.output, shape, static_cast<int64_t>(periods.size()),
                  print_config(PlayedSettings{config.market}, "simulate"), threads);
  SimulateSummary summary;
  market->keep_impressions(config.output.needs_impressions());
  const auto together = market->keeps_impressions()
                            ? size_t{1}
                            : static_cast<size_t>(periods_together(config.market, bidders, threads.count()));
  for (size_t first = 0; first < periods.size(); first += together) {
    const auto start = std::chrono::steady_clock::now();
    const size_t last = std::min(first + together, periods.size());
    std::vector<Cell> cells;
    cells.reserve(last - first);
    std::vector<int> seat_bidder;
    for (size_t i = first; i < last; ++i) {
      cells.push_back(make_cell(population, periods[i], config.market));
      for (int seat = 0; seat < shape.seats; ++seat) seat_bidder.push_back(seat);
    }
    outputs.start(population, cells);
    if (!play(*market, std::move(cells), bidders, seat_bidder, outputs)) return std::nullopt;
    outputs.finish_cells();
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
    for (PeriodSummary& period : outputs.summaries()) {
      period.seconds = wall.count() / static_cast<double>(last - first);
      summary.periods.push_back(period);
    }
    if (progress) progress(static_cast<int64_t>(last));
  }
  summary.files = outputs.commit();
  return summary;
}

}  // namespace genbid

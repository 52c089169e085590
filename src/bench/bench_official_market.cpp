#include <chrono>
#include <cmath>

#include "bench/bench.h"
#include "base/error.h"
#include "base/threads.h"
#include "bidders/pid.h"
#include "bidding/score.h"
#include "eval/evaluation.h"
#include "play/simulate.h"

namespace genbid::bench {
namespace {

using Json = nlohmann::ordered_json;

// What all seats of one cell came to.
struct Totals : market::PeriodSink {
  void on_tick(int64_t cell, int /*tick*/, std::span<const market::SeatTick> seats) override {
    if (cell != 0) return;
    for (size_t i = 0; i < seats.size(); ++i) {
      conversions += seats[i].outcome.num_conversions;
      seat_cost[i] += seats[i].outcome.cost;
    }
  }
  int64_t conversions = 0;
  std::array<double, kNumSeats> seat_cost{};
};

market::MarketConfig official_rules() {
  market::MarketConfig config;
  config.rules = "official";
  return config;
}

// Plays one period of a population under the official rules, traffic included; the market is new every time.
Totals play_official(const std::string& name, int64_t period, Threads& threads) {
  const play::Population population = play::load_population(name);
  const play::SeatedPopulation seated(population, BiddingRules::kOfficial);
  const auto market = market::make_market(official_rules(), threads);
  Totals totals;
  market::play(*market, {play::make_cell(population, period, market::MarketConfig())}, seated.bidders,
               seated.seat_bidder, totals);
  return totals;
}

void bench_official_period(int num_threads) {
  Threads threads(num_threads);
  // AuctionNet's own run of episode 0 with 48 PID bidders.
  const Totals totals = play_official("pid48", 0, threads);
  if (totals.conversions != 1044) {
    throw Error("bench market.official_period: found " + std::to_string(totals.conversions) +
                " conversions in episode 0, expected AuctionNet's 1044");
  }
  for (const char* population : {"pid48", "official"}) {
    const double seconds = median_seconds([&] { play_official(population, 0, threads); }, 5);
    print_figure("market.official_period", seconds, "s",
                 {{"population", population},
                  {"impressions", 500000},
                  {"traffic", "generated"},
                  {"threads", threads.count()},
                  {"peak_memory_bytes", peak_memory()}});
  }
}

void bench_official_48_cells(int num_threads) {
  Threads threads(num_threads);
  eval::EvaluationPlan plan;
  plan.market = official_rules();
  plan.population = play::load_population("official");
  plan.periods = {0};
  for (int seat = 0; seat < kNumSeats; ++seat) plan.seats.push_back(seat);
  const Totals totals = play_official("official", 0, threads);
  const auto begin = std::chrono::steady_clock::now();
  const auto pid = bidders::make_pid(BiddingRules::kOfficial);
  const std::vector<eval::Candidate> candidates = {{"pid", "rule", pid.get(), {}}};
  const auto evaluations = eval::evaluate_in_market(plan, candidates, threads);
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  // PID sits in seat 0 of the population already.
  if (evaluations.empty() || evaluations[0].cells[0].cost != totals.seat_cost[0]) {
    throw Error("bench market.official_48_cells: seat 0, replaced by its own kind, does not spend what it spent");
  }
  print_figure("market.official_48_cells", wall.count(), "s",
               {{"population", "official"},
                {"candidate", "pid"},
                {"impressions", 500000},
                {"traffic", "generated"},
                {"threads", threads.count()},
                {"peak_memory_bytes", peak_memory()}});
}

}  // namespace

std::vector<Benchmark> official_market_benchmarks() {
  return {{"market.official_period", bench_official_period}, {"market.official_48_cells", bench_official_48_cells}};
}

}  // namespace genbid::bench

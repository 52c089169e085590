#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "base/files/atomic_file.h"
#include "base/temporary_folder.h"
#include "bidding/score.h"
#include "data/ingest.h"
#include "data/trajectory_store.h"
#include "golden.h"
#include "npy.h"
#include "play/simulate.h"

// AuctionNet's own market, its population rebuilt, played over periods 7 to 27 one after another, beside what the
// original program recorded (official_market/trajectory_data.csv). Its networks ran on another BLAS, whose sums differ
// in last bits; sooner or later such a bit decides an auction, and from there on a period goes its own way.

namespace genbid::play {
namespace {

constexpr int64_t kFirst = 7;
constexpr int64_t kLast = 27;

// Every seat's tick of the periods, in order.
class Played : public market::PeriodSink {
 public:
  explicit Played(int64_t period) : period_(period) {}
  void on_tick(int64_t /*cell*/, int tick, std::span<const market::SeatTick> seats) override {
    for (size_t i = 0; i < seats.size(); ++i) {
      const TickOutcome& outcome = seats[i].outcome;
      alphas_[{static_cast<int64_t>(i), tick}] = effective_alpha(outcome);
      cost_[i] += outcome.cost;
      conversions_[i] += static_cast<double>(outcome.num_conversions);
    }
    const auto num_pv = static_cast<double>(seats[0].start.num_pv);
    sum_least_winning_cost_ += seats[0].outcome.mean_least_winning_cost * num_pv;
    num_pv_ += num_pv;
  }

  int64_t period() const { return period_; }
  double alpha(int64_t seat, int tick) const { return alphas_.at({seat, tick}); }
  double mean_least_winning_cost() const { return sum_least_winning_cost_ / num_pv_; }
  double mean_score() const {
    double sum = 0.0;
    for (size_t i = 0; i < cost_.size(); ++i) {
      sum += score(conversions_[i], cost_[i], official_advertiser(static_cast<int>(i)).cpa_limit);
    }
    return sum / kNumSeats;
  }

 private:
  int64_t period_;
  std::map<std::pair<int64_t, int>, double> alphas_;
  std::array<double, kNumSeats> cost_{};
  std::array<double, kNumSeats> conversions_{};
  double sum_least_winning_cost_ = 0.0;
  double num_pv_ = 0.0;
};

std::vector<Played> play_all() {
  Threads threads(2);
  market::MarketConfig config;
  config.rules = "official";
  const auto market = market::make_market(config, threads);
  const Population population = load_population("official");
  const SeatedPopulation seated(population, BiddingRules::kOfficial);
  std::vector<Played> periods;
  for (int64_t period = kFirst; period <= kLast; ++period) {
    periods.emplace_back(period);
    market::play(*market, {make_cell(population, period, market::MarketConfig())}, seated.bidders, seated.seat_bidder,
                 periods.back());
  }
  return periods;
}

TEST(OfficialPopulation, PlaysAsTheOriginalUntilALastBitDecides) {
  GENBID_VECTOR(trajectories, "official_market/trajectory_data.csv");
  GENBID_VECTOR(results, "official_market/results_by_period.json");
  const std::vector<Played> periods = play_all();

  const test::TemporaryFolder folder;
  data::IngestConfig ingestion;
  ingestion.input = {trajectories};
  ingestion.output = folder.path("recorded.h5");
  ASSERT_TRUE(data::ingest(ingestion).has_value());
  const data::TrajectoryColumns recorded = data::TrajectoryStore(ingestion.output).read();
  std::map<int64_t, int> first_divergence;
  for (int64_t m = 0; m < recorded.num_trajectories(); ++m) {
    const auto i = static_cast<size_t>(m);
    const Played& played = periods.at(static_cast<size_t>(recorded.period[i] - kFirst));
    for (int tick = 0; tick < kTicksPerPeriod; ++tick) {
      const auto logged = static_cast<double>(recorded.action[static_cast<size_t>(recorded.first_row[i] + tick)]);
      if (std::abs(played.alpha(recorded.advertiser[i], tick) - logged) <= 1e-4 * std::abs(logged)) continue;
      const auto [place, added] = first_divergence.emplace(recorded.period[i], tick);
      if (!added) place->second = std::min(place->second, tick);
    }
  }
  // Our networks give the same bits everywhere, so this is the same everywhere: 10 of 21 periods are the recorded ones
  // in all 2,304 alphas, the others follow them for 2 (period 10), 15, 26 and more ticks.
  EXPECT_LE(first_divergence.size(), 11U);
  int earliest = kTicksPerPeriod;
  for (const auto& [period, tick] : first_divergence) earliest = std::min(earliest, tick);
  EXPECT_GE(earliest, 2);

  const auto json = nlohmann::json::parse(read_file(results)).at("periods");
  for (const Played& played : periods) {
    SCOPED_TRACE(played.period());
    double sum = 0.0;
    for (const auto& one : json.at(std::to_string(played.period())).at("score")) sum += one.get<double>();
    EXPECT_NEAR(played.mean_score(), sum / kNumSeats, 0.3);
    if (played.period() < 22) continue;
    GENBID_VECTOR(prices, "official_market/lwc-" + std::to_string(played.period()) + ".npy");
    const test::Npy logged = test::read_npy(prices);
    double price = 0.0;
    for (const double one : logged.values) price += one;
    EXPECT_NEAR(played.mean_least_winning_cost(), price / static_cast<double>(logged.values.size()), 2e-4);
  }
}

}  // namespace
}  // namespace genbid::play

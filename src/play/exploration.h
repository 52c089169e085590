#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/config/config.h"
#include "base/random/random.h"
#include "bidders/bidder_config.h"
#include "play/population.h"

namespace genbid::play {

// One kind of bidder of `explore.bidders`, such as `{bidder: fixed_alpha, cpa_ratio: [0.6, 1.6], weight: 3}`: the
// options of a population's bidder, of which one may be a range, drawn from for a seat's period.
struct ExploreBidder {
  bidders::BidderRange bidder;
  double weight = 1.0;  // how often it is drawn, beside the others' weights

  void fields(ConfigVisitor& v);
};

// Section `explore` of `kind: simulate`: how days are varied, so that a data set shows more than what the population
// would do. A draw is a function of (seed, period, seat) and noise one of (seed, period, seat, tick), so they do not
// depend on what else is played. Numbers of a range are drawn log-uniformly.
struct ExploreConfig {
  int64_t seed = 1;
  std::vector<ExploreBidder> bidders;      // one drawn for each seat and period, in place of the population's
  RealInterval budget_scale = {1.0, 1.0};  // a factor drawn for each seat and period; multiplies its budget
  RealInterval cpa_scale = {1.0, 1.0};     // another such factor; multiplies its CPA limit
  // Bids of a tick are multiplied by exp(alpha_noise z), z a standard normal draw for each seat and tick, whose
  // correlation with that of the tick before is alpha_noise_correlation.
  double alpha_noise = 0.0;
  double alpha_noise_correlation = 0.0;

  bool on() const;
  void fields(ConfigVisitor& v);
};

class Exploration {
 public:
  // What is drawn for a seat's period.
  struct SeatDraw {
    size_t bidder = 0;         // of config.bidders, if there are any
    double coefficient = 1.0;  // of the bidder's range
    double budget_scale = 1.0;
    double cpa_scale = 1.0;
  };

  explicit Exploration(const ExploreConfig& config);

  SeatDraw seat(int64_t period, int seat) const;
  double standard_normal(int64_t period, int seat, int tick) const;
  // Who sits where in this period.
  Population populate(const Population& population, int64_t period) const;

  // Plays all seats of all cells. Throws what make_bidders throws (population.h).
  std::unique_ptr<Bidder> make_bidder(const Population& population, int num_ticks) const;

 private:
  ExploreConfig config_;
  double total_weight_ = 0.0;
  RandomStream seats_, noise_;
};

}  // namespace genbid::play

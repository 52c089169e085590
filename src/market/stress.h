#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "base/random/random.h"

namespace genbid::market {

struct TickTraffic;

// Section `market.stress`, of rule sets that are adjustable: what a policy meets that its training days did not have.
// Scales of money are beside it (budget_scale, rival_budget_scale, cpa_scale). While all of it is off it costs nothing.
//
// Beliefs are those of the seat that is judged (Cell::misled), about every impression. The value that its bids are made
// of, and all that its bidder is told of p-values, is
//
//   min(1, value x (1 + value_bias) x max(0, 1 + value_noise x z)),   z a standard normal of the impression and seat,
//
// while conversions come, and are expected, by the true value. `simulate` judges nobody, so nobody is misled there.
struct StressConfig {
  double value_bias = 0.0;
  double value_noise = 0.0;
  // The impressions of a day come later: those of a tick are multiplied by a line that rises from 1 - late_traffic in
  // the first to 1 + late_traffic in the last, then scaled so that the day has as many as before. Below 0 they come
  // earlier.
  double late_traffic = 0.0;

  bool misleads() const { return value_bias != 0.0 || value_noise != 0.0; }
  bool changed() const { return misleads() || late_traffic != 0.0; }
  std::string label() const;  // "value bias 0.2, late traffic 0.5"; empty if nothing
  void fields(ConfigVisitor& v);
};

// Moves impressions between ticks as late_traffic says. Their sum stays.
void shift_traffic(double late_traffic, std::vector<int64_t>& num_pv);

// What misled seats believe.
class Beliefs {
 public:
  Beliefs(uint64_t seed, const StressConfig& stress) : stress_(stress), noise_(seed, "market.stress") {}

  float believed(float value, int64_t period, int tick, int64_t pv, int seat) const;
  // The sum of that over a tick's impressions.
  double sum(const TickTraffic& truth, int64_t period, int seat) const;
  // The tick as it looks to these seats (bits); the others' values are the true ones. `out` is reused.
  void fill(const TickTraffic& truth, int64_t period, uint64_t seats, TickTraffic& out) const;

 private:
  StressConfig stress_;
  RandomStream noise_;
};

}  // namespace genbid::market

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "bidders/planner_knowledge.h"

namespace genbid::bidders {

// What bids of a seat bring in this tick and later, for each of some past days as its future.
//
// Alphas of a forecast lie on a grid of kAlphas, kPerOctave an octave, from a lowest one on. A day has stages: a stage
// lasts as long as a seat's p-values stay what they are at its beginning, and an eighth of the day at least.
class PlannerForecast {
 public:
  static constexpr int kPerOctave = 8;
  static constexpr size_t kAlphas = 56;
  static double lowest_alpha(double cpa_limit) { return cpa_limit / 32.0; }

  // For days of `num_ticks` ticks: those of the knowledge are cut, or joined, by time. Futures: so many of its days,
  // chosen evenly from one on that `seed` chooses, or all if there are no more; 0: the average day alone. All known
  // prices are multiplied by `price_level`.
  PlannerForecast(const PlannerKnowledge& knowledge, int num_ticks, int64_t num_futures, int64_t seed,
                  double price_level);

  int num_ticks() const { return static_cast<int>(num_ticks_); }
  size_t num_futures() const { return num_futures_; }
  // The ticks that stages begin at, and the end of the day.
  const std::vector<size_t>& stages() const { return stages_; }

  // What a seat sees as a tick begins.
  struct Seen {
    int tick = 0;
    double num_pv = 0.0;
    double mean_pvalue = 0.0;
    double num_pv_before = 0.0;  // of the day's ticks before
    double last_price = 0.0;     // the mean least winning cost of the tick before; 0: none
  };
  // Value and cost by alpha; of futures: [num_futures()][kAlphas].
  struct Curves {
    std::vector<float> value;
    std::vector<float> cost;
  };
  // Curves of this tick, the same in all futures.
  void now(const Seen& seen, double lowest_alpha, Curves& curves) const;
  // Curves of the ticks behind it, up to `end`, with one alpha for all of them.
  void later(const Seen& seen, size_t end, double lowest_alpha, Curves& curves) const;
  // Curves of a stage that has not begun, on a day of so many times the usual impressions.
  void stage(size_t index, double volume, double lowest_alpha, Curves& curves) const;

  // By how much the day has more impressions than usual, as far as one can tell. Days of the knowledge whose
  // impressions vary little but for their share by now say that the rest makes up for it; what none of them does is
  // taken for another size of market.
  double volume(const Seen& seen) const;

 private:
  size_t place(size_t a, size_t b) const { return a * num_ticks_ + b; }
  void cut_curves(const PlannerKnowledge& knowledge, double price_level);
  void cut_days(const PlannerKnowledge& knowledge, int64_t num_futures, int64_t seed);
  void sum_volumes(const std::vector<double>& num_pv, size_t num_days);
  void cut_what_stays(const PlannerKnowledge& knowledge);
  void find_stages();
  // By how many octaves the price of the tick before was above its usual one, within limits.
  double price_deviation(const Seen& seen) const;
  // Impressions of the ticks from `seen` on in a future; those before are not set.
  void later_impressions(const Seen& seen, size_t future, std::vector<double>& num_pv) const;
  void add(size_t tick, double num_pv, double mean_pvalue, double price_shift, double lowest_alpha, float* value,
           float* cost) const;

  size_t num_ticks_;
  size_t num_futures_ = 0;
  std::vector<size_t> stages_;
  double log_lowest_ = 0.0;  // of the tables' first level
  size_t num_levels_ = 0;
  std::vector<float> value_share_, cost_;                               // [T][levels]
  std::vector<double> price_;                                           // [T]
  std::vector<double> num_pv_, mean_pvalue_;                            // [F][T]
  std::vector<double> num_pv_stays_, mean_pvalue_stays_, price_stays_;  // [T][T]
  std::vector<double> usual_before_;                                    // impressions before each tick, and in all
  std::vector<double> spread_before_;  // deviation of the logarithm of their share of the day
  double volume_spread_;
};

}  // namespace genbid::bidders

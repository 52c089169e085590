#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/columns.h"
#include "eval/cell.h"

// What a platform is worth: what it earns and how its campaigns fare, where several seats of a market, or all, are
// judged together (eval/platform_evaluation.h).

namespace genbid::eval {

// In which part a judged seat sat.
enum class PlatformGroup { kCandidate, kOpponent, kPromoted };
// "candidate", "opponent", "promoted".
const std::string& platform_group_name(PlatformGroup group);

// A seat's day. `optimum` of the result is what this seat alone could have had, all others, of the candidate too,
// bidding as they did; so its regret says what leaving the common policy is worth.
struct PlatformCell {
  CellResult result;
  PlatformGroup group = PlatformGroup::kCandidate;
  int64_t num_exposed = 0;  // impressions shown in the seat's slots
  double least_cost = 0.0;  // money: what these had cost at the reserve
};

// Metrics of the cells of one period, or means of such metrics over periods. 0 where there is nothing to divide by.
struct PlatformMetrics {
  double revenue = 0.0;      // money: sum of costs
  double welfare = 0.0;      // money: sum of expected conversions x CPA limit, what they are worth to campaigns
  double conversions = 0.0;  // sum over seats, as the next
  double expected_conversions = 0.0;
  double score = 0.0;  // mean over seats, as the next two
  double expected_score = 0.0;
  double budget_use = 0.0;
  // How even it is: of expected scores in par units (divided by budget / CPA limit), so that large campaigns count like
  // small ones. Gini is the mean absolute difference of two seats over twice the mean: 0 if all are equal. The
  // generalised Gini is mean x (1 - Gini), in par units: worth more for more, and for evener. Worst 30 % and 10 %:
  // their mean; of the last seat that it takes to make up the share, a part counts.
  double gini = 0.0;
  double generalised_gini = 0.0;
  double worst_30 = 0.0;
  double worst_10 = 0.0;
  // Share of seats whose realised CPA is above the limit, and of those that keep it; together 1. A seat that paid and
  // has no conversion exceeds any limit, one that did not pay keeps it.
  double exceed_rate = 0.0;
  double qualified_rate = 0.0;
  // Variance of realised CPA over limit among seats with a conversion, divided by their number less 1.
  double cpa_ratio_variance = 0.0;
  // Money an exposed impression: what was paid, and the least that it could have been. A policy that has learned to bid
  // low against itself shows in their ratio: collusion looks like a high score.
  double mean_price = 0.0;
  double mean_reserve = 0.0;
  double price_over_reserve = 0.0;
};

// A period as it was played once.
struct PlatformPeriod {
  int64_t period = 0;
  int64_t market_seed = 1;
  int64_t policy_seed = 1;
  PlatformMetrics metrics;
};
// Metrics of each period and seed among the cells, in the order in which these first come. Intervals are made of
// these.
std::vector<PlatformPeriod> platform_periods(std::span<const PlatformCell> cells);
// Means over periods, which may be those of some cells.
PlatformMetrics platform_metrics(std::span<const PlatformPeriod> periods);
PlatformMetrics platform_metrics(std::span<const PlatformCell> cells);

// What a result tells of: all seats, and each group by itself where there are several.
struct PlatformPart {
  std::string group;  // "all", or the group's name
  std::vector<PlatformPeriod> periods;
};
std::vector<PlatformPart> platform_parts(std::span<const PlatformCell> cells);
// The cells of one group.
std::vector<PlatformCell> cells_of(std::span<const PlatformCell> cells, PlatformGroup group);

// Names and units of all of them, as tables and results have them.
const std::vector<Column<PlatformMetrics>>& platform_columns();
double platform_value(const PlatformMetrics& metrics, size_t column);
void set_platform_value(PlatformMetrics& metrics, size_t column, double value);

}  // namespace genbid::eval

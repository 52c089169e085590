#include "play/period_columns.h"

#include <string>

#include "bidders/bidder_config.h"
#include "bidding/score.h"

namespace genbid::play {
namespace {

int64_t count(int value) { return value; }

double paid(const DayRow& row) { return cpa(static_cast<double>(row.day.num_conversions()), row.day.cost()); }

// The formula's alpha; none where the seat may not bid or the bid has a square.
ColumnValue alpha(const TickRow& row) {
  if (row.tick.may_bid && row.tick.bid.value_squared == 0.0) return row.tick.bid.value;
  return {};
}

}  // namespace

bool is_end(const TickStart& start, int num_ticks) {
  return start.tick == num_ticks - 1 || start.remaining_budget < kMinRemainingBudget;
}

// The first fifteen are those of the original's own table of ticks.
const std::vector<Column<TickRow>>& tick_columns() {
  using V = ColumnValue;
  using R = const TickRow&;
  static const std::vector<Column<TickRow>> columns = {
      {"episode", "", [](R r) -> V { return r.period; }},
      {"tick", "", [](R r) -> V { return count(r.tick.start.tick); }},
      {"agent", "", [](R r) -> V { return r.seat; }},
      {"remaining_before", "money", [](R r) -> V { return r.tick.start.remaining_budget; }},
      {"alpha_after_bidding", "money", alpha},
      {"sum_bid_final", "money", [](R r) -> V { return r.tick.outcome.sum_bid; }},
      {"mean_bid_final", "money", [](R r) -> V { return tick_means(r.tick.start, r.tick.outcome).bid; }},
      {"xi_count", "slots", [](R r) -> V { return r.tick.outcome.num_wins; }},
      {"exposed_count", "impressions", [](R r) -> V { return r.tick.outcome.num_exposed; }},
      {"conversions", "conversions", [](R r) -> V { return r.tick.outcome.num_conversions; }},
      {"cost", "money", [](R r) -> V { return r.tick.outcome.cost; }},
      {"mean_least_winning_cost", "money", [](R r) -> V { return r.tick.outcome.mean_least_winning_cost; }},
      {"n_pv", "impressions", [](R r) -> V { return r.tick.start.num_pv; }},
      {"n_simulations", "passes", [](R r) -> V { return count(r.tick.num_clearings); }},
      {"isEnd", "", [](R r) -> V { return count(is_end(r.tick.start, r.num_ticks) ? 1 : 0); }},
      {"sum_pvalue_exposed", "conversions", [](R r) -> V { return r.tick.outcome.sum_pvalue_exposed; }},
      {"sum_pvalue_squared_exposed", "", [](R r) -> V { return r.tick.outcome.sum_pvalue_squared_exposed; }},
      {"sum_pvalue_cubed_exposed", "", [](R r) -> V { return r.tick.outcome.sum_pvalue_cubed_exposed; }},
  };
  return columns;
}

const std::vector<Column<DayRow>>& day_columns() {
  using V = ColumnValue;
  using R = const DayRow&;
  constexpr double kNone = 1e-10;  // the original's guard against division by nothing
  static const std::vector<Column<DayRow>> columns = {
      {"period", "", [](R r) -> V { return r.period; }},
      {"seat", "", [](R r) -> V { return r.seat; }},
      {"bidder", "", [](R r) -> V { return bidders::bidder_label(r.sits.bidder); }},
      {"budget", "money", [](R r) -> V { return r.advertiser.budget; }},
      {"cpa", "money", [](R r) -> V { return r.advertiser.cpa_limit; }},
      {"conversions", "conversions", [](R r) -> V { return r.day.num_conversions(); }},
      {"cost", "money", [](R r) -> V { return r.day.cost(); }},
      {"realised_cpa", "money", [](R r) -> V { return paid(r); }},
      {"target_cost", "money",
       [](R r) -> V { return static_cast<double>(r.day.num_conversions()) * r.advertiser.cpa_limit; }},
      {"num_pv", "impressions", [](R r) -> V { return r.day.num_pv(); }},
      {"num_exposed", "impressions", [](R r) -> V { return r.day.num_exposed(); }},
      {"exposed_share", "share",
       [](R r) -> V {
         return static_cast<double>(r.day.num_exposed()) / (static_cast<double>(r.day.num_pv()) + kNone);
       }},
      {"budget_use", "share", [](R r) -> V { return r.day.cost() / r.advertiser.budget; }},
      {"second_price_ratio", "share", [](R r) -> V { return r.day.cost() / (r.day.bid_exposed() + kNone); }},
      {"cpa_exceedance", "share",
       [](R r) -> V { return (paid(r) - r.advertiser.cpa_limit) / (r.advertiser.cpa_limit + kNone); }},
      {"last_active_tick", "", [](R r) -> V { return count(r.day.last_active_tick()); }},
      {"mean_bid", "money", [](R r) -> V { return r.day.mean_bid(); }},
      {"score", "conversions", [](R r) -> V { return r.day.score(r.advertiser.cpa_limit); }},
      {"expected_conversions", "conversions", [](R r) -> V { return r.day.expected_conversions(); }},
      {"expected_score", "conversions", [](R r) -> V { return r.day.expected_score(r.advertiser.cpa_limit); }},
      {"budget_scale", "share", [](R r) -> V { return r.sits.budget_scale; }},
      {"cpa_scale", "share", [](R r) -> V { return r.sits.cpa_scale; }},
      {"conversion_variance", "", [](R r) -> V { return r.day.conversion_variance(); }},
      {"score_of_expectation", "conversions",
       [](R r) -> V { return r.day.score_of_expectation(r.advertiser.cpa_limit); }},
  };
  return columns;
}

}  // namespace genbid::play

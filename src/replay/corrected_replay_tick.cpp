#include "replay/corrected_replay_tick.h"

#include "base/convert.h"
#include "market/official/auction.h"

namespace genbid::replay {

bool ReplayDraws::converts(int64_t period, int tick, int64_t pv, int64_t advertiser, double probability) const {
  const auto high_bits = high_word(period) << 8;
  const auto bits = stream_.bits(low_word(pv), low_word(tick) | high_bits, low_word(advertiser), low_word(period));
  return uniform_double(bits[0]) < probability;
}

TickOutcome replay_tick(const ReplayTick& tick, const BidFormula* formula, const ReplayDraws& draws,
                        Account<double>& account) {
  TickOutcome outcome;
  double sum_price = 0.0;
  for (size_t pv = 0; pv < tick.pvalue.size(); ++pv) {
    const double pvalue = tick.pvalue[pv];
    const double price = tick.least_winning_cost[pv];
    outcome.sum_pvalue += pvalue;
    sum_price += price;
    const double bid = formula != nullptr ? market::official::bid_of(*formula, pvalue) : 0.0;
    const bool enough = bid > 0.0 && bid >= price;
    if (enough && price > account.remaining()) continue;
    outcome.sum_bid += bid;
    if (!enough) continue;
    account.pay(price);
    outcome.cost += price;
    ++outcome.num_wins;
    outcome.sum_pvalue_exposed += pvalue;
    outcome.sum_pvalue_squared_exposed += pvalue * pvalue;
    outcome.sum_pvalue_cubed_exposed += pvalue * pvalue * pvalue;
    outcome.sum_bid_exposed += bid;
    if (draws.converts(tick.period, tick.tick, to_signed(pv), tick.advertiser, pvalue)) {
      ++outcome.num_conversions;
    }
  }
  outcome.num_exposed = outcome.num_wins;
  if (!tick.pvalue.empty()) outcome.mean_least_winning_cost = sum_price / as_double(tick.pvalue.size());
  return outcome;
}

}  // namespace genbid::replay

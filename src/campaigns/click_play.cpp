#include "campaigns/click_play.h"

#include <algorithm>
#include <cmath>

#include "base/convert.h"

namespace genbid::campaigns {
namespace {

constexpr double kPenaltyBase = 20.0;

}  // namespace

ClickOutcome play_slots(const ClickDay& day, int64_t first, int64_t end, const ClickBid& bid, double ppc,
                        double money) {
  const WinLine line{as_float(bid.alpha), as_float(bid.beta * ppc), 1.0F};
  ClickOutcome outcome;
  const int64_t last = at(day.slot_begins, end);
  for (int64_t begin = at(day.slot_begins, first); begin < last; begin += kSumBlock) {
    const int64_t count = std::min(kSumBlock, last - begin);
    const ClickSums block =
        sum_of_wins(day.value.data() + begin, day.ctr.data() + begin, day.cost.data() + begin, count, line);
    if (outcome.sums.cost + block.cost <= money) {
      outcome.sums += block;
      continue;
    }
    for (int64_t i = begin; i < begin + count; ++i) {
      const float cost = at(day.cost, i);
      if (!line.wins(at(day.value, i), at(day.ctr, i), cost)) continue;
      if (outcome.sums.cost + as_double(cost) > money) {
        outcome.out_of_money = true;
        return outcome;
      }
      outcome.sums += {as_double(at(day.value, i)), as_double(cost), as_double(at(day.ctr, i)), 1};
    }
  }
  return outcome;
}

double ppc_ratio(const ClickSums& sums, double ppc) { return sums.clicks > 0.0 ? sums.cost / sums.clicks / ppc : 0.0; }

double res(const ClickSums& sums, double optimum, double ppc) {
  if (optimum <= 0.0) return 0.0;
  const double over = std::max(0.0, ppc_ratio(sums, ppc) - 1.0);
  return std::max(std::min(sums.value / optimum, 1.0) - (std::pow(kPenaltyBase, over) - 1.0), kWorstRes);
}

}  // namespace genbid::campaigns

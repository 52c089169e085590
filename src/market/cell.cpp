#include "market/cell.h"

#include <algorithm>
#include <string>

#include "base/config/config.h"
#include "base/error.h"
#include "market/auction/money.h"

namespace genbid::market {

double bid_unit(const Cell& cell) {
  constexpr double kHighestLimit = 1024.0;
  double limit = 0.0;
  for (const Advertiser& advertiser : cell.advertisers) limit = std::max(limit, advertiser.cpa_limit);
  double unit = 1.0;
  while (limit > kHighestLimit * unit) unit *= 2.0;
  return unit;
}

void check_cells(std::span<const Cell> cells) {
  for (const Cell& cell : cells) {
    for (size_t seat = 0; seat < cell.advertisers.size(); ++seat) {
      const auto check = [&](const char* what, double money) {
        if (money >= 0.0 && money <= kMostMoney) return;
        throw Error("period " + std::to_string(cell.period) + ", seat " + std::to_string(seat) + ": " + what +
                    " times its scales: found " + shortest(money) + ", expected 0 to " + shortest(kMostMoney));
      };
      check("budget", cell.advertisers[seat].budget);
      check("CPA limit", cell.advertisers[seat].cpa_limit);
    }
  }
}

void check_currency(std::span<const Cell> cells) {
  for (const Cell& cell : cells) {
    const double unit = bid_unit(cell);
    if (unit == 1.0) continue;
    const auto limit = [&](size_t seat) { return cell.advertisers[seat].cpa_limit; };
    size_t lowest = 0;
    size_t highest = 0;
    for (size_t seat = 1; seat < cell.advertisers.size(); ++seat) {
      if (limit(seat) > limit(highest)) highest = seat;
      if (limit(lowest) == 0.0 || (limit(seat) > 0.0 && limit(seat) < limit(lowest))) lowest = seat;
    }
    if (limit(lowest) >= unit) continue;
    throw Error("period " + std::to_string(cell.period) + ", seats " + std::to_string(highest) + " and " +
                std::to_string(lowest) + ": CPA limits times their cpa_scale: found " + shortest(limit(highest)) +
                " and " + shortest(limit(lowest)) + ", expected at least " + shortest(unit) + " beside the higher: " +
                "a market has one currency, so give the budgets and limits of all its campaigns in it");
  }
}

}  // namespace genbid::market

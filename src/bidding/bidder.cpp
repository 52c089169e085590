#include "bidding/bidder.h"

#include <algorithm>

#include "base/convert.h"
#include "base/error.h"

namespace genbid {

void Bidder::restrain(std::span<const SeatView> rows, std::span<BidFormula> bids) {
  std::vector<BidFormula> own(bids.size());
  bid(rows, own);
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].may_bid) continue;
    const double pvalue = rows[i].now.mean_pvalue;
    const double asked = bids[i].value + bids[i].value_squared * pvalue;
    const double most = std::max(0.0, own[i].value + own[i].value_squared * pvalue);
    if (!(asked > most)) continue;
    bids[i].value *= most / asked;
    bids[i].value_squared *= most / asked;
  }
}

bool keep_state_between_periods(std::span<Bidder* const> bidders) {
  return std::any_of(bidders.begin(), bidders.end(),
                     [](const Bidder* one) { return one->keeps_state_between_periods(); });
}

std::vector<double> memory_of(std::span<Bidder* const> bidders) {
  std::vector<double> all;
  for (const Bidder* bidder : bidders) {
    const std::vector<double> one = bidder->memory();
    all.push_back(as_double(one.size()));
    all.insert(all.end(), one.begin(), one.end());
  }
  return all;
}

void remember(std::span<Bidder* const> bidders, std::span<const double> memory) {
  for (Bidder* bidder : bidders) {
    const auto length = memory.empty() ? size_t{0} : static_cast<size_t>(memory[0]);
    if (!memory.empty() && length >= memory.size()) throw Error("what bidders remember: found a part that is cut off");
    bidder->remember(memory.empty() ? memory : memory.subspan(1, length));
    if (!memory.empty()) memory = memory.subspan(1 + length);
  }
}

}  // namespace genbid

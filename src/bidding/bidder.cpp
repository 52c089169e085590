#include "bidding/bidder.h"

#include <algorithm>

#include "base/convert.h"
#include "base/error.h"

namespace genbid {

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

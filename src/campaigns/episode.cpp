#include "campaigns/episode.h"

#include <algorithm>

#include "base/convert.h"

namespace genbid::campaigns {
namespace {

double usual_share(std::span<const float> usual_traffic, int64_t slot, int64_t num_slots) {
  const double even = 1.0 / as_double(num_slots);
  if (usual_traffic.empty()) return even;
  // A slot without history is no reason for a jump.
  return std::max(as_double(usual_traffic[to_size(slot)]), 0.05 * even);
}

}  // namespace

CampaignStatus status_of(const DaySoFar& day, const ClickLimits& limits, std::span<const float> usual_traffic,
                         int64_t num_slots) {
  CampaignStatus status{};
  const double slots = as_double(num_slots);
  status[0] = as_float((slots - as_double(day.slot)) / slots);
  status[1] = as_float(std::max(0.0, 1.0 - day.sums.cost / limits.budget));
  if (day.slot > 0) {
    status[2] = as_float(day.of_last_slot.cost / (limits.budget * usual_share(usual_traffic, day.slot - 1, num_slots)));
  }
  status[3] = as_float(ppc_ratio(day.of_last_slot, limits.ppc));
  status[4] = as_float(ppc_ratio(day.sums, limits.ppc));
  status[5] = as_float(day.last.alpha);
  status[6] = as_float(day.last.beta);
  return status;
}

Episode::Episode(const ClickDay& day, const ClickLimits& limits, const ClickBid& start,
                 std::span<const float> usual_traffic)
    : day_(&day), limits_(limits), usual_traffic_(usual_traffic), now_{0, {}, {}, start} {}

void Episode::play(const ClickBid& bid) {
  now_.of_last_slot = {};
  if (!out_of_money_) {
    const ClickOutcome outcome =
        play_slots(*day_, now_.slot, now_.slot + 1, bid, limits_.ppc, limits_.budget - now_.sums.cost);
    now_.of_last_slot = outcome.sums;
    out_of_money_ = outcome.out_of_money;
  }
  now_.sums += now_.of_last_slot;
  now_.last = bid;
  ++now_.slot;
}

ClickSums Episode::end_with(const ClickBid& bid) const {
  ClickSums end = now_.sums;
  if (!out_of_money_) {
    end += play_slots(*day_, now_.slot, day_->num_slots(), bid, limits_.ppc, limits_.budget - now_.sums.cost).sums;
  }
  return end;
}

}  // namespace genbid::campaigns

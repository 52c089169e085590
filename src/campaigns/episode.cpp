#include "campaigns/episode.h"

#include <algorithm>

#include "base/convert.h"

namespace genbid::campaigns {

Episode::Episode(const ClickDay& day, const ClickLimits& limits, const ClickBid& start,
                 std::span<const float> usual_traffic)
    : day_(&day), limits_(limits), last_(start), usual_traffic_(usual_traffic) {}

double Episode::usual_share(int64_t slot) const {
  const double even = 1.0 / as_double(day_->num_slots());
  if (usual_traffic_.empty()) return even;
  return std::max(as_double(usual_traffic_[to_size(slot)]),
                  0.05 * even);  // a slot without history is no reason for a jump
}

CampaignStatus Episode::status() const {
  CampaignStatus status{};
  const double slots = as_double(day_->num_slots());
  status[0] = as_float((slots - as_double(slot_)) / slots);
  status[1] = as_float(std::max(0.0, 1.0 - sums_.cost / limits_.budget));
  if (slot_ > 0) status[2] = as_float(of_last_slot_.cost / (limits_.budget * usual_share(slot_ - 1)));
  status[3] = as_float(ppc_ratio(of_last_slot_, limits_.ppc));
  status[4] = as_float(ppc_ratio(sums_, limits_.ppc));
  status[5] = as_float(last_.alpha);
  status[6] = as_float(last_.beta);
  return status;
}

void Episode::play(const ClickBid& bid) {
  of_last_slot_ = {};
  if (!out_of_money_) {
    const ClickOutcome outcome = play_slots(*day_, slot_, slot_ + 1, bid, limits_.ppc, limits_.budget - sums_.cost);
    of_last_slot_ = outcome.sums;
    out_of_money_ = outcome.out_of_money;
  }
  sums_ += of_last_slot_;
  last_ = bid;
  ++slot_;
}

ClickSums Episode::end_with(const ClickBid& bid) const {
  ClickSums end = sums_;
  if (!out_of_money_) {
    end += play_slots(*day_, slot_, day_->num_slots(), bid, limits_.ppc, limits_.budget - sums_.cost).sums;
  }
  return end;
}

}  // namespace genbid::campaigns

#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "campaigns/click_day.h"
#include "campaigns/click_play.h"
#include "campaigns/click_sums.h"

// A campaign's day as an agent lives it: slot by slot, seeing only what has been.

namespace genbid::campaigns {

// What a campaign knows of itself before a slot (PerBid, section 4.1: the state without a profile).
inline constexpr std::array<std::string_view, 7> kStatusNames{
    "time_left",    // share of the day's slots
    "budget_left",  // share of the budget
    "spend_speed",  // cost of the slot before, over budget times that slot's usual share of the day's impressions
    "ppc",          // cost of a click in the slot before, over the limit; 0 without clicks
    "mean_ppc",     // and of the day so far
    "alpha",        // of the slot before; before the first one, what it starts with
    "beta"};
inline constexpr int64_t kStatusSize = std::ssize(kStatusNames);
using CampaignStatus = std::array<float, kStatusNames.size()>;

// What a campaign's day has come to before a slot.
struct DaySoFar {
  int64_t slot = 0;  // the next one
  ClickSums sums;
  ClickSums of_last_slot;
  ClickBid last;  // of the slot before; before the first one, what the day starts with
};

// `usual_traffic`: the share of a day's impressions that comes in each slot, as far as it is known (their sum is 1);
// empty: the same in each.
CampaignStatus status_of(const DaySoFar& day, const ClickLimits& limits, std::span<const float> usual_traffic,
                         int64_t num_slots);

class Episode {
 public:
  // `usual_traffic`: as above. The day must outlive the episode, and so must they.
  Episode(const ClickDay& day, const ClickLimits& limits, const ClickBid& start, std::span<const float> usual_traffic);

  CampaignStatus status() const { return status_of(now_, limits_, usual_traffic_, day_->num_slots()); }
  // Plays the next slot.
  void play(const ClickBid& bid);
  // How the day would end if this bid were kept from the next slot on (USCB's R_t + R_-t).
  ClickSums end_with(const ClickBid& bid) const;

  bool over() const { return now_.slot == day_->num_slots(); }
  const ClickSums& sums() const { return now_.sums; }

 private:
  const ClickDay* day_;
  ClickLimits limits_;
  std::span<const float> usual_traffic_;
  DaySoFar now_;
  bool out_of_money_ = false;
};

}  // namespace genbid::campaigns

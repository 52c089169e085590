#pragma once

#include <cstdint>
#include <span>

#include "campaigns/click_day.h"

// What agents' days are made of, wherever they are played: in training and evaluation (perbid/agent_play.h) and by
// bidding servers (serve/click_campaigns.h).

namespace genbid::campaigns {

// The bid that a day begins with, of agents that begin with what was best on the day before: that one, where it is
// known (an alpha above 0), else `middle`.
ClickBid start_with(const ClickBid& before, const ClickBid& middle);

// Standard normals that the move of a slot is drawn with: a function of campaign, day and slot.
inline constexpr const char* kMoveNoise = "perbid.moves";
void move_noise(int64_t campaign, int64_t day, int64_t slot, std::span<float> normals);

}  // namespace genbid::campaigns

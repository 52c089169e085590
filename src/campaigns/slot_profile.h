#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "campaigns/click_day.h"

// What a campaign's market was like in a slot (PerBid, section 4.2: E_t), whoever won there.

namespace genbid::campaigns {

inline constexpr std::array<std::string_view, 8> kSlotProfileNames{
    "cost_of_value_10",  // so cheap is a unit of value in the cheapest 10, 30 and 50 % of impressions
    "cost_of_value_30", "cost_of_value_50",
    "cost_of_click_10",                                                   // and so cheap a click
    "cost_of_click_30", "cost_of_click_50", "impressions", "mean_cost"};  // of an impression
inline constexpr int64_t kProfileMiddlePrice = 5;                         // places in it
inline constexpr int64_t kProfileImpressions = 6;
inline constexpr int64_t kProfileMeanCost = 7;
inline constexpr int64_t kSlotProfileSize = std::ssize(kSlotProfileNames);
using SlotProfile = std::array<float, kSlotProfileNames.size()>;

// The profile of each slot, all 0 for a slot without impressions. Quantiles are impressions' own numbers, the lower of
// two; where an impression has no value, a unit of value costs the largest float.
std::vector<SlotProfile> slot_profiles(const ClickDay& day);

// The share of the day's impressions that comes in each slot; the same in each where there are none.
std::vector<float> traffic_shares(const ClickDay& day);

}  // namespace genbid::campaigns

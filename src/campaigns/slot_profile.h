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

// The profile of a slot with these impressions (their columns as those of a ClickDay), all 0 without any. Quantiles are
// impressions' own numbers, the lower of two; where an impression has no value, a unit of value costs the largest
// float, and nothing costs more.
SlotProfile slot_profile(std::span<const float> value, std::span<const float> ctr, std::span<const float> cost);
std::vector<SlotProfile> slot_profiles(const ClickDay& day);

// The share of a day's impressions that comes in each slot, by the profiles of its slots; the same in each where there
// are none.
std::vector<float> traffic_shares(std::span<const SlotProfile> day);

// How tight limits are: logarithms of the budget over what all impressions of a day cost (the one before), and of the
// limit over what a click cost then (the mean of the slots' middle prices); 0 where a day had none.
std::array<float, 2> tightness(std::span<const SlotProfile> day, const ClickLimits& limits);

}  // namespace genbid::campaigns

#include "campaigns/slot_profile.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/convert.h"

namespace genbid::campaigns {
namespace {

constexpr float kMost = std::numeric_limits<float>::max();

// The lower of the two around each share of the way; `numbers` loses its order.
void put_quantiles(std::vector<float>& numbers, std::span<float> quantiles) {
  constexpr std::array<int64_t, 3> kPercents{10, 30, 50};
  auto begin = numbers.begin();
  for (size_t i = 0; i < kPercents.size(); ++i) {
    const auto place = numbers.begin() + (std::ssize(numbers) - 1) * kPercents[i] / 100;
    std::nth_element(begin, place, numbers.end());
    quantiles[i] = *place;
    begin = place;
  }
}

}  // namespace

SlotProfile slot_profile(std::span<const float> value, std::span<const float> ctr, std::span<const float> cost) {
  SlotProfile profile{};
  if (value.empty()) return profile;
  double sum = 0.0;
  std::vector<float> numbers;
  for (size_t i = 0; i < value.size(); ++i) {
    numbers.push_back(value[i] > 0.0F ? std::min(cost[i] / value[i], kMost) : kMost);
    sum += as_double(cost[i]);
  }
  put_quantiles(numbers, std::span(profile).subspan(0, 3));
  numbers.clear();
  for (size_t i = 0; i < value.size(); ++i) numbers.push_back(std::min(cost[i] / ctr[i], kMost));
  put_quantiles(numbers, std::span(profile).subspan(3, 3));
  profile[kProfileImpressions] = as_float(value.size());
  profile[kProfileMeanCost] = as_float(sum / as_double(value.size()));
  return profile;
}

std::vector<SlotProfile> slot_profiles(const ClickDay& day) {
  std::vector<SlotProfile> profiles;
  for (int64_t slot = 0; slot < day.num_slots(); ++slot) {
    const size_t begin = to_size(at(day.slot_begins, slot));
    const size_t count = to_size(at(day.slot_begins, slot + 1)) - begin;
    const auto part = [&](const std::vector<float>& column) { return std::span(column).subspan(begin, count); };
    profiles.push_back(slot_profile(part(day.value), part(day.ctr), part(day.cost)));
  }
  return profiles;
}

std::vector<float> traffic_shares(std::span<const SlotProfile> day) {
  double all = 0.0;
  for (const SlotProfile& slot : day) all += as_double(slot[kProfileImpressions]);
  std::vector<float> shares(day.size(), as_float(1.0 / as_double(day.size())));
  for (size_t i = 0; all > 0.0 && i < day.size(); ++i) {
    shares[i] = as_float(as_double(day[i][kProfileImpressions]) / all);
  }
  return shares;
}

std::array<float, 2> tightness(std::span<const SlotProfile> day, const ClickLimits& limits) {
  double count = 0.0;
  double cost = 0.0;
  double price = 0.0;
  for (const SlotProfile& slot : day) {
    const double impressions = as_double(slot[kProfileImpressions]);
    count += impressions;
    cost += impressions * as_double(slot[kProfileMeanCost]);
    price += impressions * as_double(slot[kProfileMiddlePrice]);
  }
  if (count <= 0.0 || cost <= 0.0 || price <= 0.0) return {};
  return {as_float(std::log(limits.budget / cost)), as_float(std::log(limits.ppc * count / price))};
}

}  // namespace genbid::campaigns

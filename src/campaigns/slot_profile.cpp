#include "campaigns/slot_profile.h"

#include <algorithm>
#include <limits>

#include "base/convert.h"

namespace genbid::campaigns {
namespace {

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

std::vector<SlotProfile> slot_profiles(const ClickDay& day) {
  std::vector<SlotProfile> profiles(to_size(day.num_slots()), SlotProfile{});
  std::vector<float> numbers;
  for (int64_t slot = 0; slot < day.num_slots(); ++slot) {
    const int64_t begin = at(day.slot_begins, slot);
    const int64_t end = at(day.slot_begins, slot + 1);
    if (begin == end) continue;
    SlotProfile& profile = at(profiles, slot);
    double cost = 0.0;
    numbers.clear();
    for (int64_t i = begin; i < end; ++i) {
      const float value = at(day.value, i);
      numbers.push_back(value > 0.0F ? at(day.cost, i) / value : std::numeric_limits<float>::max());
      cost += as_double(at(day.cost, i));
    }
    put_quantiles(numbers, std::span(profile).subspan(0, 3));
    numbers.clear();
    for (int64_t i = begin; i < end; ++i) numbers.push_back(at(day.cost, i) / at(day.ctr, i));
    put_quantiles(numbers, std::span(profile).subspan(3, 3));
    profile[6] = as_float(end - begin);
    profile[7] = as_float(cost / as_double(end - begin));
  }
  return profiles;
}

std::vector<float> traffic_shares(const ClickDay& day) {
  std::vector<float> shares(to_size(day.num_slots()), as_float(1.0 / as_double(day.num_slots())));
  if (day.num_impressions() == 0) return shares;
  for (int64_t slot = 0; slot < day.num_slots(); ++slot) {
    const int64_t count = at(day.slot_begins, slot + 1) - at(day.slot_begins, slot);
    at(shares, slot) = as_float(as_double(count) / as_double(day.num_impressions()));
  }
  return shares;
}

}  // namespace genbid::campaigns

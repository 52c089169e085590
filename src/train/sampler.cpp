#include "train/sampler.h"

#include <algorithm>

#include "base/convert.h"

namespace genbid::train {

const std::vector<std::string>& starts_names() {
  static const std::vector<std::string> names = {"even", "inside"};
  return names;
}

Starts parse_starts(const std::string& name) { return name == starts_names()[0] ? Starts::kEven : Starts::kInside; }

WindowSampler::WindowSampler(const Dataset& dataset, int64_t window, bool whole_period, int64_t seed, Starts starts,
                             const std::string& stream)
    : dataset_(dataset),
      window_(window),
      earliest_(whole_period || starts == Starts::kInside ? 0 : 1 - window),
      stream_(static_cast<uint64_t>(seed), stream),
      starts_before_(1, 0) {
  for (const int64_t length : dataset.lengths()) {
    starts_before_.push_back(starts_before_.back() + (whole_period ? 1 : length - earliest_));
  }
}

Window WindowSampler::window(int64_t step, int64_t slot) const {
  const auto bits = stream_.bits(low_word(slot), low_word(step), high_word(step));
  const auto word = (static_cast<uint64_t>(bits[1]) << 32) | bits[0];
  // The bias of a remainder of 64 bits is below 2^-30 for any store that fits a disk.
  const auto draw = to_signed(word % static_cast<uint64_t>(starts_before_.back()));
  const auto after = std::upper_bound(starts_before_.begin(), starts_before_.end(), draw);
  const int64_t trajectory = after - starts_before_.begin() - 1;
  const auto m = to_size(trajectory);
  const int64_t start = draw - starts_before_[m] + earliest_;
  const int64_t first = std::max<int64_t>(start, 0);
  const int64_t end = std::min(start + window_, dataset_.lengths()[m]);
  return {trajectory, first, end - first};
}

}  // namespace genbid::train

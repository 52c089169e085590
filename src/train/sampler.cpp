#include "train/sampler.h"

#include <algorithm>
#include <numeric>

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
  std::vector<double> chances;
  for (const StoreTrajectories& store : dataset.stores()) {
    chances.push_back(store.weight * as_double(at(starts_before_, store.end) - at(starts_before_, store.begin)));
  }
  const double all = std::accumulate(chances.begin(), chances.end(), 0.0);
  shares_before_.push_back(0.0);
  for (const double chance : chances) shares_before_.push_back(shares_before_.back() + chance / all);
  shares_before_.back() = 1.0;  // but for rounding
}

double WindowSampler::share(int64_t store) const { return at(shares_before_, store + 1) - at(shares_before_, store); }

Window WindowSampler::window(int64_t step, int64_t slot) const {
  const auto bits = stream_.bits(low_word(slot), low_word(step), high_word(step));
  const auto word = (static_cast<uint64_t>(bits[1]) << 32) | bits[0];
  int64_t before = 0;
  int64_t starts = starts_before_.back();
  if (shares_before_.size() > 2) {
    const auto behind = std::upper_bound(shares_before_.begin(), shares_before_.end(), uniform_double(bits[2]));
    const StoreTrajectories& store = at(dataset_.stores(), behind - shares_before_.begin() - 1);
    before = at(starts_before_, store.begin);
    starts = at(starts_before_, store.end) - before;
  }
  // The bias of a remainder of 64 bits is below 2^-30 for any store that fits a disk.
  const auto draw = before + to_signed(word % static_cast<uint64_t>(starts));
  const auto after = std::upper_bound(starts_before_.begin(), starts_before_.end(), draw);
  const int64_t trajectory = after - starts_before_.begin() - 1;
  const auto m = to_size(trajectory);
  const int64_t start = draw - starts_before_[m] + earliest_;
  const int64_t first = std::max<int64_t>(start, 0);
  const int64_t end = std::min(start + window_, dataset_.lengths()[m]);
  return {trajectory, first, end - first};
}

}  // namespace genbid::train

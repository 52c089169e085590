#include "base/recent_rate.h"

#include <algorithm>
#include <cmath>

namespace genbid {
namespace {

// Seconds that `gap` seconds weigh, the last of them as much as one.
double weight_of(double gap) { return RecentRate::kMemorySeconds * -std::expm1(-gap / RecentRate::kMemorySeconds); }

}  // namespace

void RecentRate::update(double seconds, int64_t done) {
  if (done <= done_) return;  // not yet: workers may report in another order, too
  const double gap = std::max(seconds - last_seconds_, 1e-9);
  const double kept = std::exp(-gap / kMemorySeconds);
  last_piece_ = static_cast<double>(done - done_);
  units_ = units_ * kept + last_piece_ / gap * weight_of(gap);
  weight_ = weight_ * kept + weight_of(gap);
  done_ = done;
  last_seconds_ = seconds;
}

double RecentRate::rate_with(double gap, double pieces) const {
  const double kept = std::exp(-gap / kMemorySeconds);
  return (units_ * kept + pieces / gap * weight_of(gap)) / (weight_ * kept + weight_of(gap));
}

double RecentRate::per_second(double seconds) const {
  if (done_ <= first_ || weight_ <= 0.0) return 0.0;
  const double rate = units_ / weight_;
  const double gap = seconds - last_seconds_;
  return gap > 0.0 ? std::min(rate, rate_with(gap, last_piece_)) : rate;
}

double RecentRate::seconds_left(double seconds, int64_t total) const {
  const double rate = per_second(seconds);
  if (rate <= 0.0 || total < done_) return -1.0;
  // Of the next piece a part is done, which nobody has told.
  const double under_way = std::min(last_piece_, std::max(seconds - last_seconds_, 0.0) * rate);
  return std::max(static_cast<double>(total - done_) - under_way, 0.0) / rate;
}

}  // namespace genbid

#include "bidding/day_shape.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "base/convert.h"

namespace genbid {
namespace {

// The part of [0, 1) of the base day between two times: ticks of another number than 48 cut it elsewhere.
double auctionnet_share(double from, double to) {
  double share = 0.0;
  for (size_t t = 0; t < kBaseShares.size(); ++t) {
    const double begin = std::max(from * kTicksPerPeriod, as_double(t));
    const double end = std::min(to * kTicksPerPeriod, as_double(t + 1));
    share += std::max(0.0, end - begin) * kBaseShares[t];
  }
  return share;
}

// A bump of height 1 at `peak`, 0 half a day away, on the circle of the day. Polynomials only: the same bits
// everywhere.
double bump(double time, double peak) {
  double distance = std::abs(time - peak);
  distance = std::min(distance, 1.0 - distance) * 2.0;
  const double left = 1.0 - distance * distance;
  return left * left;
}

}  // namespace

const std::vector<std::string>& day_shape_names() {
  static const std::vector<std::string> names = {"auctionnet", "flat", "morning", "evening", "two_peaks"};
  return names;
}

std::vector<double> day_shares(const std::string& name, int num_ticks) {
  constexpr double kMorning = 1.0 / 3.0;
  constexpr double kEvening = 0.75;
  std::vector<double> shares;
  double sum = 0.0;
  for (int t = 0; t < num_ticks; ++t) {
    const double middle = (t + 0.5) / num_ticks;
    double share = 1.0;
    if (name == "auctionnet") {
      share = auctionnet_share(as_double(t) / num_ticks, as_double(t + 1) / num_ticks);
    } else if (name == "morning") {
      share += 2.0 * bump(middle, kMorning);
    } else if (name == "evening") {
      share += 2.0 * bump(middle, kEvening);
    } else if (name == "two_peaks") {
      share += 2.0 * std::max(bump(middle, kMorning), bump(middle, kEvening));
    }
    shares.push_back(share);
    sum += share;
  }
  for (double& share : shares) share /= sum;
  return shares;
}

}  // namespace genbid

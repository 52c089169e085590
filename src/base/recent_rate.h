#pragma once

#include <cstdint>

namespace genbid {

// How fast work goes now: a mean over time in which a moment counts exp(-age / kMemorySeconds), so that the beginning
// is forgotten and a single slow piece does not rule. Knows no clock: it is told the seconds since the work began.
class RecentRate {
 public:
  static constexpr double kMemorySeconds = 20.0;

  // `first`: units that were done before, by a run that this one goes on with. They took no time here.
  explicit RecentRate(int64_t first = 0) : first_(first), done_(first) {}

  // After so many seconds, so many units are done.
  void update(double seconds, int64_t done);

  // Units a second; 0 as long as nothing was done. When the next piece (as large as the last) is overdue, the rate is
  // what it would be if that piece came now: a stall shows.
  double per_second(double seconds) const;
  // Until `total` are done at that rate; -1 where that is not known yet.
  double seconds_left(double seconds, int64_t total) const;

 private:
  double rate_with(double gap, double pieces) const;

  int64_t first_;
  int64_t done_;
  double last_seconds_ = 0.0;  // when done_ changed
  double last_piece_ = 0.0;    // by how much
  double units_ = 0.0;         // weighted sums: units, and the seconds that they took
  double weight_ = 0.0;
};

}  // namespace genbid

#include "market/memory_need.h"

#include <string>

#include "base/error.h"
#include "base/memory.h"
#include "bidding/advertiser.h"

namespace genbid::market {

double traffic_bytes_per_impression(int num_seats) { return (num_seats + kNumSlots) * 4.0 + 1.0; }
double kept_bytes_per_impression(int num_seats) { return num_seats * 35.0 + 8.0; }

void check_memory(const char* what, int64_t impressions, double needed, double available) {
  if (needed <= available) return;
  throw Error("market.impressions: found " + std::to_string(impressions) + ", for which " + what + " takes " +
              gigabytes(needed) + " of memory; expected at most the " + gigabytes(available) + " that are available");
}

}  // namespace genbid::market

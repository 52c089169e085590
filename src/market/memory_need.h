#pragma once

#include <cstdint>

namespace genbid::market {

// What an impression of a tick takes, about, under the rules `corrected`: its values and draws, by period; the outcome
// and what over-spending needs, by cell that is played at the same time; a kept ladder and kept impressions, by cell.
double traffic_bytes_per_impression(int num_seats);
inline constexpr double kAuctionBytesPerImpression = 128.0;
inline constexpr double kLadderBytesPerImpression = 24.0;
double kept_bytes_per_impression(int num_seats);
// Bytes that an impression takes where the official rules hold a whole period.
inline constexpr double kOfficialBytesPerImpression = 800.0;

// Error where more is needed than is available: `what` needs it.
void check_memory(const char* what, int64_t impressions, double needed, double available);

}  // namespace genbid::market

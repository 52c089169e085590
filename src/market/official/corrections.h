#pragma once

#include <span>
#include <string>
#include <vector>

namespace genbid::market::official {

// Defects of AuctionNet (auctionnet.md section 6) that the rules `official` can be asked to correct, one by one
// (market.corrections), as the rules `corrected` do. Without any it is AuctionNet bit for bit.
struct Corrections {
  bool draws = false;      // 6.3: exposure, sampled probability and conversion have streams of their own in every tick
  bool reserve = false;    // 6.5: a slot whose price is the reserve is sold to a bid of at least the reserve
  bool zero_bids = false;  // 6.6: only bids of at least the reserve compete, ties go to the lower seat
  bool drops = false;      // 6.8: which wins over-spending takes is drawn anew for each seat, slot and pass
  bool pid = false;        // 6.10: PID forgets the last period (make_bidder with BiddingRules::kCorrected)
};

const std::vector<std::string>& correction_names();
// Whether all of them are names of corrections, and none comes twice.
bool are_corrections(std::span<const std::string> names);
Corrections parse_corrections(std::span<const std::string> names);  // Error if they are not

}  // namespace genbid::market::official

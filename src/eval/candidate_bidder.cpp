#include "eval/candidate_bidder.h"

#include "base/error.h"
#include "market/market.h"

namespace genbid::eval {

void CandidateBidder::bid(std::span<const SeatView> rows, std::span<BidFormula> bids) {
  bidder_.bid(rows, bids);
  try {
    market::check_bids(rows, bids);
  } catch (const Error& error) {
    throw Error("candidate '" + name_ + "': " + error.what());
  }
}

}  // namespace genbid::eval

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/config.h"
#include "bidding/advertiser.h"
#include "bidding/tick_history.h"

namespace genbid {

// One seat of one cell (a cell is one period played by 48 seats), as its bidder sees it.
struct SeatView {
  int64_t period = 0;
  int seat = 0;
  const Advertiser* advertiser = nullptr;
  const TickHistory* history = nullptr;  // past ticks of this period
  const TickOutcome* last = nullptr;     // the previous tick; null in tick 0
  TickStart now;
  bool asked = true;  // false: out of budget; the answer is ignored
};

// A bidder plays many seats at once, in many cells, all in the same tick. Row i is the same seat of the same
// cell in every call from reset() to the end of the period.
class Bidder {
 public:
  virtual ~Bidder() = default;
  virtual void reset(std::span<const SeatView> rows) = 0;
  virtual void bid(std::span<const SeatView> rows, std::span<BidFormula> bids) = 0;
};

// Who bids: `pid`, or `{bidder: fixed_alpha, alpha: 90}`. A kind has only the options that it reads.
struct BidderConfig {
  std::string bidder = "pid";
  double alpha = 0.0;      // fixed_alpha: bid = alpha * p-value; 0: cpa_ratio decides
  double cpa_ratio = 1.0;  // fixed_alpha: alpha = cpa_ratio * the seat's CPA limit

  void fields(ConfigVisitor& v);
  // All but `bidder`, which the caller knows; rejects what the kind does not read.
  void option_fields(ConfigVisitor& v);
};

const std::vector<std::string>& bidder_names();
std::unique_ptr<Bidder> make_bidder(const BidderConfig& config);
// "pid", "fixed_alpha 90", "fixed_alpha 1.1 x CPA limit".
std::string bidder_label(const BidderConfig& config);

}  // namespace genbid

#include "bidders/abid.h"

namespace genbid::bidders {
namespace {

class Abid : public Bidder {
 public:
  void reset(std::span<const SeatView> /*rows*/) override {}

  void bid(std::span<const SeatView> rows, std::span<BidFormula> bids) override {
    for (size_t i = 0; i < rows.size(); ++i) {
      const double mean = rows[i].now.mean_pvalue;
      bids[i] = {.value = 0.0, .value_squared = mean > 0.0 ? rows[i].advertiser->cpa_limit / mean : 0.0};
    }
  }
};

}  // namespace

std::unique_ptr<Bidder> make_abid() { return std::make_unique<Abid>(); }

}  // namespace genbid::bidders

#include "bidders/fixed_alpha.h"

#include "base/config/config_given.h"

namespace genbid::bidders {
namespace {

class FixedAlpha : public Bidder {
 public:
  FixedAlpha(double alpha, double cpa_ratio) : alpha_(alpha), cpa_ratio_(cpa_ratio) {}

  void reset(std::span<const SeatView> /*rows*/) override {}

  void bid(std::span<const SeatView> rows, std::span<BidFormula> bids) override {
    for (size_t i = 0; i < rows.size(); ++i) {
      bids[i] = {.value = alpha_ > 0.0 ? alpha_ : cpa_ratio_ * rows[i].advertiser->cpa_limit};
    }
  }

 private:
  double alpha_;
  double cpa_ratio_;
};

}  // namespace

std::unique_ptr<Bidder> make_fixed_alpha(double alpha, double cpa_ratio) {
  return std::make_unique<FixedAlpha>(alpha, cpa_ratio);
}

void FixedAlphaOptions::fields(ConfigVisitor& v) {
  v.field("alpha", alpha, {0.0, 1e12});
  v.field("cpa_ratio", cpa_ratio, {0.0, 1e6});
  // A config that is printed has both, of which 0 stands for none.
  v.check(alpha > 0.0 || !is_given(v, "alpha") || is_given(v, "cpa_ratio"), "alpha",
          "a number above 0; where it is left out, cpa_ratio decides");
  v.check(alpha == 0.0 || cpa_ratio == FixedAlphaOptions().cpa_ratio, "alpha", "either alpha or cpa_ratio, not both");
}

std::string FixedAlphaOptions::label() const {
  if (alpha > 0.0) return "fixed_alpha " + shortest(alpha);
  return "fixed_alpha " + shortest(cpa_ratio) + " x CPA limit";
}

void FixedAlphaRanges::fields(ConfigVisitor& v) {
  v.field("alpha", alpha, {0.0, 1e12});
  v.check(alpha.low > 0.0 || alpha.high == 0.0, "alpha", "a range above 0");
  v.field("cpa_ratio", cpa_ratio, {1e-6, 1e6});
  v.check(alpha.high == 0.0 || cpa_ratio == FixedAlphaRanges().cpa_ratio, "alpha",
          "either alpha or cpa_ratio, not both");
}

FixedAlphaOptions FixedAlphaRanges::at(double factor) const {
  if (alpha.high > 0.0) return {.alpha = factor};
  return {.cpa_ratio = factor};
}

}  // namespace genbid::bidders

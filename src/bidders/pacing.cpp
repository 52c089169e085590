#include "bidders/pacing.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "base/convert.h"
#include "bidding/day_shape.h"

namespace genbid::bidders {
namespace {

constexpr int kSpans = 6;           // parts of a day, each with p-values of its own
constexpr double kMaxAlpha = 2.0;   // CPA limits
constexpr double kCpaPrior = 0.01;  // of the budget, spent at the CPA limit

// Impressions and the sum of their p-values.
struct Offered {
  double impressions = 0.0;
  double value = 0.0;

  void add(const TickStart& now) {
    impressions += as_double(now.num_pv);
    value += as_double(now.num_pv) * now.mean_pvalue;
  }
};

class Pacing : public Bidder {
 public:
  explicit Pacing(const PacingOptions& options) : options_(options) {}

  void reset(std::span<const SeatView> rows) override {
    rows_.assign(rows.size(), {});
    const int num_ticks = rows.empty() ? 0 : rows[0].num_ticks;
    const std::vector<double> shares = day_shares("auctionnet", num_ticks);
    share_from_.assign(shares.size() + 1, 0.0);
    for (size_t t = shares.size(); t-- > 0;) share_from_[t] = share_from_[t + 1] + shares[t];
  }

  void bid(std::span<const SeatView> rows, std::span<BidFormula> bids) override {
    for (size_t i = 0; i < rows.size(); ++i) {
      Row& row = rows_[i];
      observe(rows[i], row);
      if (!rows[i].may_bid) continue;
      const double alpha = pace(rows[i], row) * brake(rows[i]);
      const TickStart& now = rows[i].now;
      row.value_alpha_squared += as_double(now.num_pv) * now.mean_pvalue * alpha * alpha;
      bids[i] = {.value = alpha};
    }
  }

 private:
  struct Row {
    Offered day, span;  // what was offered in the day and in its span so far, with this tick
    int span_index = 0;
    double value_alpha_squared = 0.0;  // sum over the ticks in which it bid
  };

  static int span_of(int tick, int num_ticks) { return tick * kSpans / num_ticks; }

  static void observe(const SeatView& view, Row& row) {
    const int index = span_of(view.now.tick, view.num_ticks);
    if (index != row.span_index) row.span = {};
    row.span_index = index;
    row.day.add(view.now);
    row.span.add(view.now);
  }

  double pace(const SeatView& view, const Row& row) const {
    const double limit = view.advertiser->cpa_limit;
    if (row.day.impressions == 0.0) return kMaxAlpha * limit;
    const auto next = to_size(view.now.tick) + 1;
    size_t next_span = next;
    while (next_span + 1 < share_from_.size() && span_of(to_int(next_span), view.num_ticks) == row.span_index) {
      ++next_span;
    }
    const double impressions = row.day.impressions / (share_from_[0] - share_from_[next]);  // of the day
    const double prior = options_.prior_days * impressions;
    const double later_pvalue =
        (row.day.value + prior * options_.later_value * kBaseValue) / (row.day.impressions + prior);
    const double span_pvalue = row.span.impressions > 0.0 ? row.span.value / row.span.impressions : later_pvalue;
    const double value_ahead = as_double(view.now.num_pv) * view.now.mean_pvalue +
                               impressions * ((share_from_[next] - share_from_[next_span]) * span_pvalue +
                                              share_from_[next_span] * later_pvalue);
    if (!(value_ahead > 0.0)) return kMaxAlpha * limit;

    const double prior_value = prior * kBaseValue * limit * limit;
    const double rate =
        (view.history->cost() + prior_value / options_.price_level) / (row.value_alpha_squared + prior_value);
    return std::min(kMaxAlpha * limit, std::sqrt(view.now.remaining_budget / (rate * value_ahead)));
  }

  double brake(const SeatView& view) const {
    const double prior = kCpaPrior * view.advertiser->budget;
    const double ratio =
        (view.history->cost() + prior) / (view.advertiser->cpa_limit * view.history->expected_conversions() + prior);
    return ratio > options_.cpa_brake ? std::sqrt(options_.cpa_brake / ratio) : 1.0;
  }

  PacingOptions options_;
  std::vector<double> share_from_;  // of the day's impressions, from a tick on; 0 behind the last
  std::vector<Row> rows_;
};

}  // namespace

void PacingOptions::fields(ConfigVisitor& v) {
  v.field("price_level", price_level, {1e-6, 1e12});
  v.field("later_value", later_value, {0.0, 1e6});
  v.field("prior_days", prior_days, {1e-3, 1e6});
  v.field("cpa_brake", cpa_brake, {1e-3, 1e6});
}

// The defaults were tuned on these periods. What other options were tuned on only those know who chose them.
std::vector<int64_t> PacingOptions::tuned_on() const {
  std::vector<int64_t> periods;
  for (int64_t period = 7; label() == PacingOptions().label() && period <= 20; ++period) periods.push_back(period);
  return periods;
}

std::string PacingOptions::label() const {
  const PacingOptions usual;
  std::string text = "pacing";
  const auto add = [&](const char* name, double value, double usual_value) {
    if (value != usual_value) text += std::string(" ") + name + " " + shortest(value);
  };
  add("price_level", price_level, usual.price_level);
  add("later_value", later_value, usual.later_value);
  add("prior_days", prior_days, usual.prior_days);
  add("cpa_brake", cpa_brake, usual.cpa_brake);
  return text;
}

std::unique_ptr<Bidder> PacingOptions::make(const BidderSetting& /*setting*/) const { return make_pacing(*this); }

std::unique_ptr<Bidder> make_pacing(const PacingOptions& options) { return std::make_unique<Pacing>(options); }

}  // namespace genbid::bidders

#include "eval/policy_bidder.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "models/registry.h"

namespace genbid {
namespace {

// Answers a fixed function of what it is handed, and keeps the last history it saw.
class Recorder : public Policy {
 public:
  void fit(const TrainingColumns&) override {}
  int64_t window() const override { return 3; }
  std::vector<LossPart> losses(const Batch&, at::Generator&) override { return {}; }
  std::optional<double> default_target_return() const override { return 1.0; }
  Action act(const History& history, const Condition& condition) override {
    history_ = history;
    condition_ = condition;
    return {history.mask_BT.sum(1, true) * 10.0};
  }
  History history_;
  Condition condition_;
};

// Rows that all stand at the same tick of a made-up day.
struct Rows {
  explicit Rows(size_t count) : advertisers(count, Advertiser{1000.0, 100.0, 0}), histories(count), outcomes(count) {
    for (size_t i = 0; i < count; ++i) {
      SeatView view;
      view.period = 1;
      view.seat = static_cast<int>(i % kNumSeats);
      view.advertiser = &advertisers[i];
      view.history = &histories[i];
      view.now = {0, 100, 0.001 * static_cast<double>(i + 1), 1000.0};
      views.push_back(view);
    }
  }

  // Every row bids alpha 50 over 100 impressions, spends 10 and wins an expected 0.2 conversions.
  void advance() {
    for (size_t i = 0; i < views.size(); ++i) {
      TickOutcome& outcome = outcomes[i];
      outcome.sum_pvalue = 0.1;
      outcome.sum_bid = 5.0;
      outcome.cost = 10.0;
      outcome.sum_pvalue_exposed = 0.2;
      histories[i].append(tick_means(views[i].now, outcome), outcome.cost, outcome.sum_pvalue_exposed, 0.0);
      views[i].last = &outcome;
      ++views[i].now.tick;
      views[i].now.remaining_budget -= 10.0;
    }
  }

  std::vector<Advertiser> advertisers;
  std::vector<TickHistory> histories;
  std::vector<TickOutcome> outcomes;
  std::vector<SeatView> views;
};

TEST(PolicyBidder, HandsOverTheLastTicksRightPadded) {
  const auto policy = std::make_shared<Recorder>();
  Threads threads(1);
  PolicyBidder bidder(policy, {.target_return = 0.7}, threads);
  Rows rows(2);
  std::vector<BidFormula> bids(2);
  bidder.reset(rows.views);
  for (int tick = 0; tick < 5; ++tick) {
    bidder.bid(rows.views, bids);
    EXPECT_DOUBLE_EQ(bids[1].value, 10.0 * std::min(tick + 1, 3));
    if (tick < 4) rows.advance();
  }
  const History& seen = policy->history_;
  EXPECT_EQ(seen.ticks_BT[0][0].item<int64_t>(), 2);
  EXPECT_EQ(seen.ticks_BT[0][2].item<int64_t>(), 4);
  EXPECT_FLOAT_EQ(seen.actions_BTA[0][0][0].item<float>(), 50.0F);  // effective alpha of tick 2
  EXPECT_FLOAT_EQ(seen.actions_BTA[0][2][0].item<float>(), 0.0F);   // not yet known
  // Earned before tick 4: 0.8 conversions at CPA 50 under the limit of 100; par is 10.
  EXPECT_FLOAT_EQ(seen.earned_BT[0][2].item<float>(), 0.08F);
  EXPECT_FLOAT_EQ(seen.states_BTS[1][2][kFeatureMeanPvalue].item<float>(), 0.002F);
  EXPECT_FLOAT_EQ(policy->condition_.target_return_B1[0][0].item<float>(), 0.7F);
}

TEST(PolicyBidder, ANewPeriodForgetsTheOldOne) {
  const auto policy = std::make_shared<Recorder>();
  Threads threads(1);
  PolicyBidder bidder(policy, {}, threads);
  std::vector<BidFormula> bids(1);
  for (int period = 0; period < 2; ++period) {
    Rows rows(1);
    bidder.reset(rows.views);
    bidder.bid(rows.views, bids);
    EXPECT_FLOAT_EQ(policy->history_.mask_BT.sum().item<float>(), static_cast<float>(PolicyBidder::kBlockRows));
    EXPECT_DOUBLE_EQ(bids[0].value, 10.0);
    rows.advance();
    bidder.bid(rows.views, bids);
  }
}

TEST(PolicyBidder, ActionsDoNotDependOnTheNumberOfThreads) {
  at::set_num_threads(1);
  ModelConfig config;
  const auto policy = make_policy(config, {22, 1}, 1);
  constexpr size_t kCount = 150;  // three whole blocks and a part
  std::vector<std::vector<BidFormula>> results;
  for (const int count : {1, 2, 5}) {
    Threads threads(count);
    PolicyBidder bidder(policy, {.target_return = 1.0}, threads);
    Rows rows(kCount);
    std::vector<BidFormula> bids(kCount);
    bidder.reset(rows.views);
    bidder.bid(rows.views, bids);
    rows.advance();
    bidder.bid(rows.views, bids);
    results.push_back(bids);
  }
  for (size_t i = 0; i < kCount; ++i) {
    EXPECT_EQ(results[0][i].value, results[1][i].value);
    EXPECT_EQ(results[0][i].value, results[2][i].value);
  }
}

}  // namespace
}  // namespace genbid

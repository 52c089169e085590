#include "eval/policy_bidder.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "eval/sample_rows.h"
#include "models/policy_samples.h"
#include "models/registry.h"

namespace genbid::eval {
namespace {

using test::Rows;

// Answers a fixed function of what it is handed, and keeps the last history it saw.
class Recorder : public policy::Policy {
 public:
  void fit(const policy::TrainingColumns&) override {}
  int64_t window() const override { return 3; }
  std::vector<policy::LossPart> losses(const policy::Step&, size_t, const policy::Batch&) override { return {}; }
  std::vector<policy::LossPart> held_out_losses(const policy::Batch&, at::Generator&) override { return {}; }
  int64_t noise_size() const override { return 5; }
  std::vector<at::Tensor> initial_carry(int64_t rows) const override { return {at::zeros({rows, 1})}; }
  Wishes wishes() const override { return {{Outcome::kReturn, 0.3}, {Outcome::kCpa, 0.9}}; }
  policy::Action act(const policy::Ticks& history, const at::Tensor& wishes_BO, const at::Tensor& noise_BN,
                     const std::vector<at::Tensor>& carry) override {
    history_ = history;
    wishes_ = wishes_BO;
    noise_ = noise_BN;
    carry_ = carry[0];
    return {history.mask_BT.sum(1, true) * 10.0, {carry[0] + 1.0}};
  }
  policy::Ticks history_;
  at::Tensor wishes_;
  at::Tensor noise_;
  at::Tensor carry_;
};

TEST(PolicyBidder, HandsOverTheLastTicksRightPadded) {
  const auto policy = std::make_shared<Recorder>();
  Threads threads(1);
  PolicyBidder bidder(policy, {.wishes = {{Outcome::kReturn, 0.7}}}, threads);
  Rows rows(2);
  std::vector<BidFormula> bids(2);
  bidder.reset(rows.views);
  for (int tick = 0; tick < 5; ++tick) {
    bidder.bid(rows.views, bids);
    EXPECT_DOUBLE_EQ(bids[1].value, 10.0 * std::min(tick + 1, 3));
    if (tick < 4) rows.advance();
  }
  const policy::Ticks& seen = policy->history_;
  EXPECT_EQ(seen.ticks_BT[0][0].item<int64_t>(), 2);
  EXPECT_EQ(seen.ticks_BT[0][2].item<int64_t>(), 4);
  EXPECT_FLOAT_EQ(seen.actions_BTA[0][0][0].item<float>(), 50.0F);  // effective alpha of tick 2
  EXPECT_FLOAT_EQ(seen.actions_BTA[0][2][0].item<float>(), 0.0F);   // not yet known
  // Earned before tick 4: 0.8 conversions at CPA 50 under the limit of 100; par is 10.
  EXPECT_FLOAT_EQ(seen.before_BTO[0][2][0].item<float>(), 0.08F);
  EXPECT_FLOAT_EQ(seen.states_BTS[1][2][kFeatureMeanPvalue].item<float>(), 0.002F);
  EXPECT_FLOAT_EQ(policy->wishes_[0][0].item<float>(), 0.7F);
}

TEST(PolicyBidder, RefusesDaysOfAnotherLengthThanItsOwn) {
  Threads threads(1);
  Rows rows(2);
  for (const int ticks : {24, 48, 96}) {
    for (SeatView& view : rows.views) view.num_ticks = ticks;
    for (const int trained : {24, 48, 96}) {
      PolicyBidder bidder(std::make_shared<Recorder>(), {.num_ticks = trained, .checkpoint = "mine"}, threads);
      if (ticks == trained) {
        EXPECT_NO_THROW(bidder.reset(rows.views));
        continue;
      }
      try {
        bidder.reset(rows.views);
        FAIL();
      } catch (const Error& e) {
        EXPECT_NE(std::string(e.what()).find("mine: found a day of " + std::to_string(ticks) + " ticks, expected " +
                                             std::to_string(trained)),
                  std::string::npos)
            << e.what();
      }
    }
  }
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

TEST(PolicyBidder, AsksForThePolicysOwnWishesWhereTheCallerHasNone) {
  const auto policy = std::make_shared<Recorder>();
  Threads threads(1);
  PolicyBidder bidder(policy, {.wishes = {{Outcome::kCpa, 0.5}}}, threads);
  Rows rows(1);
  std::vector<BidFormula> bids(1);
  bidder.reset(rows.views);
  bidder.bid(rows.views, bids);
  EXPECT_FLOAT_EQ(policy->wishes_[0][0].item<float>(), 0.3F);
  EXPECT_FLOAT_EQ(policy->wishes_[0][3].item<float>(), 0.5F);
}

TEST(PolicyBidder, HandsBackWhatThePolicyCarriesAndForgetsItAtReset) {
  const auto policy = std::make_shared<Recorder>();
  Threads threads(1);
  PolicyBidder bidder(policy, {}, threads);
  std::vector<BidFormula> bids(1);
  for (int period = 0; period < 2; ++period) {
    Rows rows(1);
    bidder.reset(rows.views);
    for (int tick = 0; tick < 3; ++tick) {
      bidder.bid(rows.views, bids);
      EXPECT_EQ(policy->carry_[0][0].item<float>(), static_cast<float>(tick));
      rows.advance();
    }
  }
}

// The noise belongs to (seed, period, seat, tick): another row of the same seat meets the same, and nothing else does.
TEST(PolicyBidder, NoiseIsAFunctionOfPeriodSeatAndTick) {
  const auto policy = std::make_shared<Recorder>();
  Threads threads(1);
  const auto noise_of = [&](int64_t seed, int64_t period, int seat, int ticks) {
    PolicyBidder bidder(policy, {.seed = seed}, threads);
    Rows rows(2);
    rows.views[1].period = period;
    rows.views[1].seat = seat;
    std::vector<BidFormula> bids(2);
    bidder.reset(rows.views);
    for (int tick = 0; tick < ticks; ++tick) {
      bidder.bid(rows.views, bids);
      rows.advance();
    }
    return policy->noise_[1].clone();
  };
  const at::Tensor noise = noise_of(1, 22, 5, 1);
  EXPECT_TRUE(at::equal(noise_of(1, 22, 5, 1), noise));
  EXPECT_FALSE(at::equal(noise_of(2, 22, 5, 1), noise));
  EXPECT_FALSE(at::equal(noise_of(1, 23, 5, 1), noise));
  EXPECT_FALSE(at::equal(noise_of(1, 22, 6, 1), noise));
  EXPECT_FALSE(at::equal(noise_of(1, 22, 5, 2), noise));
}

// 40,000 draws: the mean within 5 standard deviations of 0, the variance (deviation sqrt(2 / n)) of 1.
TEST(PolicyBidder, NoiseIsStandardNormal) {
  constexpr int64_t kCount = 40000;
  const at::Tensor noise = at::zeros({kCount});
  DecisionNoise(1).numbers(22, 5, 7, {noise.mutable_data_ptr<float>(), kCount});
  EXPECT_NEAR(noise.mean().item<double>(), 0.0, 5.0 / std::sqrt(kCount));
  EXPECT_NEAR(noise.var().item<double>(), 1.0, 5.0 * std::sqrt(2.0 / kCount));
}

// Three whole blocks and a part, over two ticks, with what a policy carries.
TEST(PolicyBidder, ActionsDoNotDependOnTheNumberOfThreads) {
  at::set_num_threads(1);
  for (const std::string& variant : test::policy_variants()) {
    const auto policy = models::make_policy(test::small_model(variant), {22, 1}, 1);
    const policy::Batch batch = test::sample_batch(8, policy->window());
    policy->fit(test::columns_of(batch));
    policy->eval();
    constexpr size_t kCount = 150;
    std::vector<std::vector<BidFormula>> results;
    for (const int count : {1, 2, 5}) {
      Threads threads(count);
      PolicyBidder bidder(policy, {}, threads);
      Rows rows(kCount);
      std::vector<BidFormula> bids(kCount);
      bidder.reset(rows.views);
      bidder.bid(rows.views, bids);
      rows.advance();
      bidder.bid(rows.views, bids);
      results.push_back(bids);
    }
    for (size_t i = 0; i < kCount; ++i) {
      EXPECT_EQ(results[0][i].value, results[1][i].value) << variant;
      EXPECT_EQ(results[0][i].value, results[2][i].value) << variant;
    }
  }
}

}  // namespace
}  // namespace genbid::eval

#include "train/dataset.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "base/error.h"
#include "bidding/mean_score.h"
#include "train/held_out.h"
#include "train/samples.h"

namespace genbid::train {
namespace {

using test::small_store;

Dataset make(const std::vector<int64_t>& lengths, std::vector<int64_t> periods, Reward reward = Reward::kExpected) {
  return {small_store(lengths, 5), periods, reward, c10::kCPU};
}

at::Tensor returns_to_go(const policy::Batch& batch) {
  return policy::to_go_BTO(batch.seen, batch.outcome_BO).select(2, 0);
}

TEST(Dataset, TakesThePeriodsAskedForOnly) {
  EXPECT_EQ(make({5, 5, 5, 5}, {7}).num_trajectories(), 2);
  EXPECT_EQ(make({5, 5, 5, 5}, {7, 8}).num_trajectories(), 4);
}

TEST(Dataset, NamesAPeriodThatTheStoreLacks) {
  try {
    make({5, 5}, {7, 9});
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "small.h5: found periods 7, 8, expected period 9 among them");
  }
}

TEST(Dataset, LengthEndsWithTheTickThatExhaustsTheBudget) {
  const Dataset data = make({3, 5}, {7, 8});
  EXPECT_EQ(data.lengths(), (std::vector<int64_t>{3, 5}));
  EXPECT_EQ(data.num_rows(), 10);  // done tails stay in the rows
}

// As in logs: a seat whose money ran out is marked done from the next tick on, with an action of 0 that nobody chose.
TEST(Dataset, LengthLeavesOutATickThatBeganWithoutMoney) {
  LoadedStore store = small_store({3, 5}, 5);
  store.columns.budget[0] = 30.0;
  for (size_t row = 0; row < 5; ++row) {
    store.columns.done[row] = row >= 3 ? 1 : 0;
    store.columns.state[2 * row + 1] = 1.0F - static_cast<float>(std::min<size_t>(row, 3)) / 3.0F;
  }
  EXPECT_EQ(Dataset(store, {7}, Reward::kExpected, c10::kCPU).lengths(), (std::vector<int64_t>{3}));
}

// As AuctionNet's trainers have it: the tick that is marked done counts, with an action of 0 that is a label too.
TEST(Dataset, DaysMayEndWithTheTickThatIsMarkedDone) {
  LoadedStore store = small_store({3, 5}, 5);
  store.columns.budget[0] = 30.0;
  for (size_t row = 0; row < 5; ++row) {
    store.columns.done[row] = row >= 3 ? 1 : 0;
    store.columns.state[2 * row + 1] = 1.0F - static_cast<float>(std::min<size_t>(row, 3)) / 3.0F;
  }
  const Dataset data(store, {7}, Reward::kExpected, c10::kCPU, Labels::kLogged, CountedTicks::kDone);
  EXPECT_EQ(data.lengths(), (std::vector<int64_t>{4}));
  const policy::Batch batch = data.batch({{0, 0, 4}}, 5);
  EXPECT_TRUE(at::equal(batch.seen.mask_BT, at::tensor({1.0F, 1.0F, 1.0F, 1.0F, 0.0F}).view({1, 5})));
  EXPECT_TRUE(at::equal(batch.label_weight_BT, batch.seen.mask_BT));
  EXPECT_EQ(batch.label_BTA[0][3][0].item<float>(), 0.0F);
  EXPECT_EQ(data.training_columns().labels_NA.size(0), 4);
  EXPECT_EQ(data.labels(0).size(0), 4);
}

TEST(Dataset, WindowsAreRightPaddedAndMasked) {
  const policy::Batch batch = make({3, 5}, {7, 8}).batch({{0, 1, 2}, {1, 0, 4}}, 4);
  EXPECT_TRUE(at::equal(batch.seen.mask_BT, at::tensor({1.0F, 1.0F, 0.0F, 0.0F, 1.0F, 1.0F, 1.0F, 1.0F}).view({2, 4})));
  EXPECT_FLOAT_EQ(batch.seen.actions_BTA[0][0][0].item<float>(), 1.0F);  // tick 1 of trajectory 0
  EXPECT_FLOAT_EQ(batch.seen.actions_BTA[1][3][0].item<float>(), 13.0F);
  EXPECT_EQ(batch.seen.ticks_BT[1][3].item<int64_t>(), 3);
  EXPECT_FLOAT_EQ(batch.seen.constraint_BC[0][1].item<float>(), 20.0F);
}

// 5 ticks of one conversion at cost 10 and a limit of 20; par is 5.
TEST(Dataset, ReturnToGoIsTheExpectedScoreStillToCome) {
  const policy::Batch batch = make({5, 5}, {7}).batch({{0, 0, 5}}, 5);
  const double all = test::poisson_mean_score(5.0, 50.0, 20.0);
  EXPECT_LT(all, 4.95);  // not the 5 conversions that are expected
  for (int t = 0; t < 5; ++t) {
    const double earned = t == 0 ? 0.0 : test::poisson_mean_score(t, 10.0 * t, 20.0);
    EXPECT_NEAR(returns_to_go(batch)[0][t].item<float>(), (all - earned) / 5.0, 1e-6) << "tick " << t;
  }
}

TEST(Dataset, RealisedReturnsCountConversions) {
  const policy::Batch batch = make({5, 5}, {7}, Reward::kRealised).batch({{0, 0, 5}}, 5);
  EXPECT_NEAR(returns_to_go(batch)[0][0].item<float>(), 2.0, 1e-6);
}

// With a limit of 5 against a CPA of 10; par is 20.
TEST(Dataset, ReturnsCarryTheCpaPenalty) {
  LoadedStore store = small_store({5, 5}, 5);
  store.columns.cpa.assign(2, 5.0);
  const Dataset data(store, {7}, Reward::kExpected, c10::kCPU);
  EXPECT_NEAR(data.outcome_MO()[0][0].item<float>(), test::poisson_mean_score(5.0, 50.0, 5.0) / 20.0, 1e-6);
}

// The done tail of trajectory 0 begins with the tick that spent its budget: what was asked for there is not known.
TEST(Dataset, TheTickThatSpendsTheLastOfABudgetHasNoLabel) {
  const policy::Batch batch = make({3, 5}, {7, 8}).batch({{0, 0, 3}, {1, 0, 5}}, 5);
  EXPECT_TRUE(at::equal(batch.label_weight_BT[0], at::tensor({1.0F, 1.0F, 0.0F, 0.0F, 0.0F})));
  EXPECT_TRUE(at::equal(batch.label_weight_BT[1], at::ones({5})));
  EXPECT_TRUE(at::equal(batch.goes_on_BT[0], at::tensor({1.0F, 1.0F, 0.0F, 0.0F, 0.0F})));
  EXPECT_TRUE(at::equal(batch.goes_on_BT[1], at::tensor({1.0F, 1.0F, 1.0F, 1.0F, 0.0F})));
  EXPECT_EQ(make({3, 5}, {7, 8}).training_columns().labels_NA.size(0), 7);
}

// Of a day that ends with its first tick nobody knows what was asked for.
TEST(Dataset, DaysWithoutAnyLabelAreRefused) {
  try {
    make({1, 1}, {7, 8});
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(),
                 "small.h5: found 2 trajectories to train on with 1 tick that counts each, expected at least 2 in some "
                 "of them (the last one before a day's early end has no label; data.ticks=done gives it one)");
  }
  const Dataset done(small_store({1, 1}, 5), {7, 8}, Reward::kExpected, c10::kCPU, Labels::kLogged,
                     CountedTicks::kDone);
  EXPECT_EQ(done.training_columns().labels_NA.size(0), 2);
}

// Whichever of the trajectories is drawn.
TEST(Dataset, TheFewLabelsThereAreAreFittedTo) {
  EXPECT_EQ(make({1, 1, 1, 1, 1, 3}, {7, 8}).training_columns(1).labels_NA.size(0), 2);
}

TEST(Dataset, WhatTicksBringAddsUpToTheDay) {
  const policy::Batch batch = make({3, 5}, {7, 8}).batch({{0, 0, 3}, {1, 0, 5}}, 5);
  const at::Tensor sum_BO = (batch.gained_BTO * batch.seen.mask_BT.unsqueeze(-1)).sum(1);
  for (int64_t o = 0; o < kNumAdditive; ++o) {
    EXPECT_TRUE(at::allclose(sum_BO.select(1, o), batch.outcome_BO.select(1, o), 1e-6, 1e-6)) << o;
  }
  // Trajectory 1: 5 conversions of par 5, 50 of 100 spent.
  EXPECT_FLOAT_EQ(batch.outcome_BO[1][1].item<float>(), 1.0F);
  EXPECT_FLOAT_EQ(batch.outcome_BO[1][2].item<float>(), 0.5F);
  EXPECT_TRUE(std::isnan(batch.outcome_BO[1][4].item<float>()));  // a store without optima
}

LoadedStore labelled_store() {
  LoadedStore store = small_store({3, 5}, 5);
  data::TrajectoryColumns& c = store.columns;
  for (size_t row = 0; row < c.action.size(); ++row) {
    c.asked.push_back(c.action[row] + 0.5F);
    c.best_rest.push_back(100.0F + static_cast<float>(row));
    c.rest_constant.push_back(200.0F + static_cast<float>(row));
  }
  c.best_constant = {70.0, 80.0};
  c.optimum = {4.0, 10.0};
  return store;
}

TEST(Dataset, LabelsAreWhatIsAskedFor) {
  const std::vector<Window> windows = {{0, 0, 3}, {1, 1, 4}};
  const auto labels = [&](Labels wanted) {
    const Dataset data(labelled_store(), {7, 8}, Reward::kExpected, c10::kCPU, wanted);
    const policy::Batch batch = data.batch(windows, 4);
    EXPECT_FLOAT_EQ(batch.seen.actions_BTA[1][0][0].item<float>(), 11.0F);  // history stays what was done
    return batch.label_BTA[1][0][0].item<float>();
  };
  EXPECT_FLOAT_EQ(labels(Labels::kLogged), 11.5F);
  EXPECT_FLOAT_EQ(labels(Labels::kBestRest), 106.0F);
  EXPECT_FLOAT_EQ(labels(Labels::kRestConstant), 206.0F);
  EXPECT_FLOAT_EQ(labels(Labels::kBestConstant), 80.0F);
}

TEST(Dataset, TheShareOfTheOptimumIsKnownWhereOptimaAre) {
  const Dataset data(labelled_store(), {7, 8}, Reward::kRealised, c10::kCPU);
  EXPECT_EQ(data.store_without_optima(), "");
  EXPECT_FLOAT_EQ(data.outcome_MO()[1][4].item<float>(), 1.0F);  // 10 conversions at CPA 5 under a limit of 20
}

TEST(Dataset, LabelsThatAStoreLacksAreAnError) {
  try {
    const Dataset data(small_store({5, 5}, 5), {7}, Reward::kExpected, c10::kCPU, Labels::kBestRest);
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("small.h5: found a store without labels"), std::string::npos) << e.what();
  }
}

TEST(Dataset, APartSharesTheTensorsAndHasItsOwnPeriods) {
  const Dataset all = make({3, 5, 4, 5}, {7});
  const Dataset other = all.part({8});
  EXPECT_EQ(other.lengths(), (std::vector<int64_t>{4, 5}));
  EXPECT_FLOAT_EQ(other.batch({{0, 0, 2}}, 2).seen.actions_BTA[0][1][0].item<float>(), 21.0F);
}

// 40 trajectories of 5 ticks in 50 rows: one of every four, not always the same one of them.
TEST(Dataset, ConstantsOfALargeDataSetAreFittedToTrajectoriesAllOverIt) {
  const Dataset data = make(std::vector<int64_t>(40, 5), {7, 8});
  const policy::TrainingColumns columns = data.training_columns(50);
  EXPECT_EQ(columns.states_NS.size(0), 50);
  std::set<int64_t> places;
  for (int64_t i = 0; i < 10; ++i) {
    const auto m = static_cast<int64_t>(columns.actions_NA[5 * i][0].item<float>()) / 10;  // 10 m at the first tick
    EXPECT_EQ(m / 4, i);
    places.insert(m % 4);
  }
  EXPECT_GT(places.size(), 1U);
  EXPECT_EQ(columns.outcome_MO.size(0), 40);  // of all
}

TEST(Dataset, TrainingColumnsLeaveDoneTailsOut) {
  EXPECT_EQ(make({3, 5}, {7, 8}).training_columns().states_NS.size(0), 8);
}

// Seat 0 plays alphas 0..4 (mean 2) in training; in the held-out store 10..14: error 10 at each tick.
TEST(HeldOut, SeatMeanErrorIsTheDistanceToTheSeatsTrainingMean) {
  LoadedStore store = small_store({5, 5}, 5);
  store.columns.advertiser = {0, 0};
  const Dataset training(store, {7}, Reward::kExpected, c10::kCPU);
  const Dataset held_out(store, {8}, Reward::kExpected, c10::kCPU);
  EXPECT_NEAR(seat_mean_action_error(training, held_out).at(8), 10.0, 1e-6);
}

// Seat 0 plays 10..14 after a mean of 2 in training: 8 at the first tick, 1 at the others.
TEST(HeldOut, CopyingErrorIsTheDistanceToTheLastAlpha) {
  LoadedStore store = small_store({5, 5}, 5);
  store.columns.advertiser = {0, 0};
  const Dataset training(store, {7}, Reward::kExpected, c10::kCPU);
  EXPECT_NEAR(copying_action_error(training, training.part({8})).at(8), (8.0 + 4.0 * 1.0) / 5.0, 1e-6);
}

// A policy that always answers 0: its action error is the mean logged alpha.
class ZeroPolicy : public test::LinearPolicy {
 public:
  policy::Action act(const policy::Ticks& history, const at::Tensor&, const at::Tensor&,
                     const std::vector<at::Tensor>&) override {
    return {at::zeros({history.states_BTS.size(0), 1})};
  }
};

TEST(HeldOut, ActionErrorIsPerRealTickAndPeriod) {
  const Dataset data = make({3, 5}, {7, 8});
  ZeroPolicy policy;
  const auto result = evaluate_held_out(policy, data);
  ASSERT_EQ(result.size(), 2U);
  EXPECT_EQ(result[0].period, 7);
  EXPECT_NEAR(result[0].action_error, (0.0 + 1.0) / 2.0, 1e-6);  // the tick that spends the last has no label
  EXPECT_NEAR(result[1].action_error, (10.0 + 11.0 + 12.0 + 13.0 + 14.0) / 5.0, 1e-6);
}

// Answers with the tick it counted itself, row by row.
class Counting : public ZeroPolicy {
 public:
  std::vector<at::Tensor> initial_carry(int64_t rows) const override { return {at::zeros({rows, 1})}; }
  policy::Action act(const policy::Ticks&, const at::Tensor&, const at::Tensor&,
                     const std::vector<at::Tensor>& carry) override {
    return {carry[0].clone(), {carry[0] + 1.0}};
  }
};

// Trajectory 0 (actions 0, 1, 2) ends while 1 (actions 10 .. 14) goes on: errors 0, and 10 in each of five ticks.
TEST(HeldOut, APolicyCarriesFromTickToTickOfEachDay) {
  const Dataset data = make({3, 5, 1, 1}, {7});
  Counting policy;
  EXPECT_NEAR(evaluate_held_out(policy, data)[0].action_error, 50.0 / 7.0, 1e-6);
}

// Knows how time passes (exact) and expects the budget to fall by half of what it does: 10 of 100 a tick.
class HalfRight : public ZeroPolicy {
 public:
  policy::Action act(const policy::Ticks& history, const at::Tensor& wishes_BO, const at::Tensor& noise_BN,
                     const std::vector<at::Tensor>& carry) override {
    policy::Action action = ZeroPolicy::act(history, wishes_BO, noise_BN, carry);
    const at::Tensor last_B11 = (history.mask_BT.sum(1).to(at::kLong) - 1).view({-1, 1, 1});
    const at::Tensor now_BS = history.states_BTS.gather(1, last_B11.expand({-1, 1, 2})).squeeze(1);
    action.next_states_BS = now_BS - at::tensor({0.2F, 0.05F});
    return action;
  }
};

TEST(HeldOut, ForecastErrorIsInUnitsOfCopyingTheLastState) {
  const Dataset data = make({5, 5}, {7});
  HalfRight policy;
  const auto result = evaluate_held_out(policy, data);
  ASSERT_EQ(result[0].forecast_error.size(), 2U);
  EXPECT_NEAR(result[0].forecast_error.at("time"), 0.0, 1e-6);
  EXPECT_NEAR(result[0].forecast_error.at("budget"), 0.5, 1e-6);
}

TEST(Dataset, NextStatesLieATickLaterAndTheLastTickRepeatsItsOwn) {
  const Dataset data = make({3, 5}, {7, 8});
  const policy::Batch batch = data.batch({{0, 0, 3}, {1, 2, 3}}, 3);
  // Trajectory 0: the state after the tick that spent the budget is one of the done tail.
  EXPECT_FLOAT_EQ(batch.next_states_BTS[0][2][test::kBudgetLeft].item<float>(), 0.7F);
  EXPECT_FLOAT_EQ(batch.next_states_BTS[0][0][test::kBudgetLeft].item<float>(), 0.9F);
  EXPECT_TRUE(at::equal(batch.next_states_BTS[1][1], batch.seen.states_BTS[1][2]));
  EXPECT_TRUE(at::equal(batch.next_states_BTS[1][2], batch.seen.states_BTS[1][2]));
}

// Three ticks of cost 10 for an expected conversion each at a limit of 20: half of the limit.
TEST(Dataset, CpaRatioIsCostPerConversionWonOverTheLimit) {
  const Dataset data = make({3, 5}, {7, 8});
  EXPECT_FLOAT_EQ(data.batch({{0, 0, 3}}, 3).outcome_BO[0][3].item<float>(), 0.5F);
  const Dataset realised = make({3, 5}, {7, 8}, Reward::kRealised);
  EXPECT_FLOAT_EQ(realised.batch({{0, 0, 3}}, 3).outcome_BO[0][3].item<float>(), 0.25F);
}

// A day that bought nothing would otherwise be the cheapest of all.
TEST(Dataset, CpaRatioOfADayThatSpentNothingIsNeutral) {
  LoadedStore store = small_store({3, 5}, 5);
  store.columns.cost.assign(store.columns.cost.size(), 0.0);
  store.columns.reward_continuous.assign(store.columns.reward_continuous.size(), 0.0F);
  const Dataset data(store, {7}, Reward::kExpected, c10::kCPU);
  EXPECT_FLOAT_EQ(data.batch({{0, 0, 3}}, 3).outcome_BO[0][3].item<float>(), 1.0F);
}

// Of advertiser 1, whose actions were 10, 11, ... 20: those of both trajectories are at most 20 but for the fault.
TEST(Dataset, AnActionFarBeyondAllOthersIsNamed) {
  LoadedStore store = small_store({11, 11, 11, 11}, 11);
  EXPECT_EQ(Dataset(store, {7}, Reward::kExpected, c10::kCPU).describe_action_outliers(), "");
  store.columns.action[14] = 100'000.0F;
  EXPECT_EQ(Dataset(store, {7}, Reward::kExpected, c10::kCPU).describe_action_outliers(),
            "an action of 100000 in period 7, advertiser 1, tick 3: 99 % of the actions have at most 20");
}

TEST(Dataset, ActionsAboveALimitAreLoweredToIt) {
  LoadedStore store = small_store({3, 5}, 5);  // actions 0, 1, 2 and 10 to 14
  EXPECT_EQ(clip_actions(store, 12.0), 2);
  const Dataset data(store, {7, 8}, Reward::kExpected, c10::kCPU);
  EXPECT_DOUBLE_EQ(data.alphas(1).max().item<double>(), 12.0);
  EXPECT_EQ(clip_actions(store, 12.0), 0);
}

TEST(Dataset, ATrajectoryWithoutACpaLimitIsNamed) {
  LoadedStore store = small_store({3, 5}, 5);
  store.columns.cpa[1] = 0.0;
  try {
    const Dataset data(store, {7, 8}, Reward::kExpected, c10::kCPU);
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("small.h5: period 8, advertiser 1: found a budget of 100"), std::string::npos)
        << e.what();
  }
}

}  // namespace
}  // namespace genbid::train

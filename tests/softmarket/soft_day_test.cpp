#include "softmarket/soft_day.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "base/convert.h"
#include "bidding/score.h"
#include "bidding/tick_history.h"
#include "models/registry.h"
#include "bidding/outcomes.h"
#include "softmarket/constant_policy.h"
#include "softmarket/sample_tape.h"

namespace genbid {
namespace {

using softmarket::Bought;
using softmarket::Cells;
using softmarket::Day;
using softmarket::DayOptions;
using softmarket::Tapes;
using test::cells_of;
using test::Constant;

constexpr int64_t kDays = 6;

std::shared_ptr<policy::Policy> small_model(const std::string& name, const Tapes& tapes, const Cells& cells) {
  const models::ModelConfig config = models::ModelConfig::named(name);
  const std::vector<std::string>& features = feature_names(FeatureSet::kConstraint);
  auto policy = models::make_policy(config, policy::shape_for(features), 1);
  // Normalisation as of days of constant bids.
  at::Generator noise = at::detail::createCPUGenerator(1);
  Constant constant(at::full({1, 1}, 80.0F));
  const torch::NoGradGuard no_grad;
  const Day day = play_day(constant, {}, tapes, cells, {}, noise);
  policy::TrainingColumns columns;
  columns.states_NS = day.states_BTS.flatten(0, 1);
  columns.actions_NA = 80.0 + 10.0 * at::randn({columns.states_NS.size(0), 1}, noise);
  columns.labels_NA = columns.actions_NA;
  columns.to_go_NO = at::rand({columns.states_NS.size(0), kNumOutcomes}, noise);
  columns.ticks_N = at::arange(tapes.ticks(), at::kLong).repeat({kDays});
  columns.constraint_NC = cells.constraint_BC.repeat_interleave(tapes.ticks(), 0);
  columns.outcome_MO = at::rand({kDays, kNumOutcomes}, noise);
  policy->fit(columns);
  return policy;
}

TEST(SoftDayTest, AddsUpWhatTicksBring) {
  const data::TapeColumns tape = test::sample_tape(kDays, 8);
  const Tapes tapes(tape, at::kCPU);
  Cells cells = cells_of(tape);
  cells.constraint_BC.select(1, 0).fill_(1e6F);  // money enough
  at::Generator noise = at::detail::createCPUGenerator(1);
  Constant constant(at::full({1, 1}, 80.0F));
  const Day day = play_day(constant, {}, tapes, cells, {}, noise);
  at::Tensor value_B = at::zeros({kDays});
  at::Tensor cost_B = at::zeros({kDays});
  for (int64_t tick = 0; tick < 8; ++tick) {
    const softmarket::Bought bought = tapes.bought(cells.day_B, tick, at::full({kDays, 1}, 80.0F));
    value_B += bought.value_B1.squeeze(1);
    cost_B += bought.cost_B1.squeeze(1);
  }
  EXPECT_TRUE(at::allclose(day.value_B, value_B, 1e-5));
  EXPECT_TRUE(at::allclose(day.cost_B, cost_B, 1e-5));
  EXPECT_TRUE(at::equal(day.alphas_BT, at::full({kDays, 8}, 80.0F)));
}

TEST(SoftDayTest, TheBudgetIsSpentAndNoMore) {
  const data::TapeColumns tape = test::sample_tape(kDays, 48);
  const Tapes tapes(tape, at::kCPU);
  Cells cells = cells_of(tape);
  cells.constraint_BC.select(1, 0).mul_(0.25F);
  at::Generator noise = at::detail::createCPUGenerator(1);
  Constant constant(at::full({1, 1}, 500.0F));
  for (const double softness : {0.0, 0.02}) {
    DayOptions options;
    options.softness = softness;
    const Day day = play_day(constant, {}, tapes, cells, options, noise);
    const at::Tensor use_B = day.cost_B / cells.constraint_BC.select(1, 0);
    EXPECT_LE(use_B.max().item<float>(), 1.0F + 1e-5F);
    EXPECT_GE(use_B.min().item<float>(), softness > 0.0 ? 0.995F : 1.0F - 1e-4F);
  }
}

// With just the money for a tick, a sharp budget buys all of it, and a rounded one 1 - softness ln 2. With next to no
// money a day spends what it has, and no more.
TEST(SoftDayTest, TheEndOfABudgetIsRounded) {
  const data::TapeColumns tape = test::sample_tape(kDays, 1);
  const Tapes tapes(tape, at::kCPU);
  Cells cells = cells_of(tape);
  at::Generator noise = at::detail::createCPUGenerator(1);
  Constant constant(at::full({1, 1}, 80.0F));
  const at::Tensor cost_B = tapes.bought(cells.day_B, 0, at::full({kDays, 1}, 80.0F)).cost_B1.squeeze(1);
  const auto bought = [&](double budget_per_cost, double softness) {
    cells.constraint_BC.select(1, 0).copy_(cost_B * budget_per_cost);
    DayOptions options;
    options.softness = softness;
    return at::Tensor(play_day(constant, {}, tapes, cells, options, noise).cost_B / cost_B);
  };
  for (const double softness : {0.0, 0.02, 0.1}) {
    // A millionth of the budget is added to a cost.
    EXPECT_TRUE(at::allclose(bought(1.0, softness), at::full({kDays}, 1.0 - softness * std::log(2.0)), 0.0, 2e-6));
    EXPECT_TRUE(at::allclose(bought(3.0, softness), at::ones({kDays}), 0.0, 1e-6));
  }
  for (const double softness : {0.0, 0.02}) {
    EXPECT_TRUE(at::allclose(bought(1e-9, softness) / 1e-9, at::ones({kDays}), 0.0, 1e-5)) << softness;
  }
}

// The same day in another currency. Money is multiplied by powers of two, so that all digits stay.
TEST(SoftDayTest, CurrencyDoesNotMatter) {
  const auto played = [](float unit) {
    data::TapeColumns tape = test::sample_tape(kDays, 12);
    for (auto* column : {&tape.lowest, &tape.price}) {
      for (float& money : *column) money *= unit;
    }
    for (size_t i = 2; i < tape.knots.size(); i += 6) {
      tape.knots[i] *= unit;
      tape.knots[i + 1] *= unit;
    }
    Cells cells = cells_of(tape);
    cells.constraint_BC.mul_(unit);
    cells.constraint_BC.select(1, 0).mul_(0.04F);  // so that money ends
    at::Generator noise = at::detail::createCPUGenerator(1);
    Constant constant(at::full({1, 1}, 90.0F * unit));
    return play_day(constant, {}, Tapes(tape, at::kCPU), cells, {}, noise);
  };
  const Day plain = played(1.0F);
  for (const float unit : {0x1p20F, 0x1p-20F}) {
    const Day other = played(unit);
    EXPECT_TRUE(at::equal(other.score_B, plain.score_B)) << unit;
    EXPECT_TRUE(at::equal(other.cost_B, plain.cost_B * unit)) << unit;
    EXPECT_TRUE(at::equal(other.before_BTO, plain.before_BTO)) << unit;
    EXPECT_TRUE(at::equal(other.states_BTS.slice(2, 18), plain.states_BTS.slice(2, 18))) << unit;
  }
}

// A tick in which nobody comes: no impressions, and nothing to be had.
void empty_tick(data::TapeColumns& tape, int64_t tick) {
  const int64_t of_tick = tape.num_knots() * data::TapeColumns::kNumbers;
  for (int64_t row = tick; row < tape.num_days() * tape.ticks; row += tape.ticks) {
    for (auto* column : {&tape.num_pv, &tape.mean_pvalue, &tape.price}) at(*column, row) = 0.0F;
    std::fill_n(tape.knots.begin() + row * of_tick, of_tick, 0.0F);
  }
}

// What a policy is shown is what it would be shown in live play of the same ticks: the features by their own code
// (bidding/state_features.h), what has come of outcomes by theirs (bidding/outcomes.h).
TEST(SoftDayTest, WhatIsSeenIsThatOfLivePlay) {
  constexpr int64_t kTicks = 12;
  constexpr double kAlpha = 120.0;
  data::TapeColumns tape = test::sample_tape(kDays, kTicks);
  for (float& num_pv : tape.num_pv) num_pv = std::round(num_pv);  // a whole number, as for a bidder
  empty_tick(tape, 3);
  const Tapes tapes(tape, at::kCPU);
  Cells cells = cells_of(tape);
  cells.constraint_BC.select(1, 0).mul_(0.04F);  // so that money ends
  const at::Tensor alpha_B1 = at::full({kDays, 1}, kAlpha, at::kFloat);
  for (const bool realised : {false, true}) {
    DayOptions options;
    options.drawn_conversions = false;
    options.realised_reward = realised;
    at::Generator noise = at::detail::createCPUGenerator(1);
    Constant constant(alpha_B1);
    const Day day = play_day(constant, {}, tapes, cells, options, noise);
    int64_t poor_ticks = 0;
    for (int64_t row = 0; row < kDays; ++row) {
      const Advertiser advertiser{cells.constraint_BC[row][0].item<double>(),
                                  cells.constraint_BC[row][1].item<double>(), 1};
      TickHistory history;
      double remaining = advertiser.budget;
      for (int64_t tick = 0; tick < kTicks; ++tick) {
        const int64_t place = row * kTicks + tick;
        const double num_pv = as_double(at(tape.num_pv, place));
        const TickStart now{to_int(tick), static_cast<int64_t>(num_pv), as_double(at(tape.mean_pvalue, place)),
                            remaining};
        std::vector<double> expected(feature_names(FeatureSet::kConstraint).size());
        state_features(FeatureSet::kConstraint, advertiser, history, now, expected, kTicks);
        for (size_t i = 0; i < expected.size(); ++i) {
          // What is left of a budget has lost digits of the whole.
          const double tolerance = i == 1 || i == 18 ? 1e-5 : 1e-4 * std::abs(expected[i]);
          EXPECT_NEAR(day.states_BTS[row][tick][to_signed(i)].item<double>(), expected[i], tolerance)
              << feature_names(FeatureSet::kConstraint)[i] << " of day " << row << " at tick " << tick;
        }
        DayTotals so_far{advertiser.budget, advertiser.cpa_limit, history.conversions(), history.cost(), 0, {}};
        so_far.score = earned_score(so_far.won, realised, so_far.cost, so_far.cpa_limit);
        const OutcomeValues before = outcomes_before(so_far);
        for (size_t o = 0; o < before.size(); ++o) {
          EXPECT_NEAR(day.before_BTO[row][tick][to_signed(o)].item<float>(), before[o], 1e-4F * before[o])
              << outcome_kinds()[o].name << " of day " << row << " at tick " << tick;
        }
        const Bought all = tapes.bought(cells.day_B, tick, alpha_B1);
        const auto of_row = [&](const at::Tensor& x_B1) { return x_B1[row].item<double>(); };
        const double cost = day.costs_BT[row][tick].item<double>();
        const double share = of_row(all.cost_B1) > 0.0 ? cost / of_row(all.cost_B1) : 1.0;
        if (share < 0.9) ++poor_ticks;
        const double value = share * of_row(all.value_B1);
        // Of bids those are lost that would have won what there was no money for.
        const double n = std::max(1.0, num_pv);
        const TickMeans means{kAlpha * (now.mean_pvalue - (of_row(all.value_B1) - value) / n),
                              as_double(at(tape.price, place)),
                              now.mean_pvalue,
                              value / n,
                              share * of_row(all.slots_B1) / n,
                              as_double(now.num_pv)};
        history.append(means, cost, value, value);
        remaining = std::max(0.0, remaining - cost);
      }
    }
    EXPECT_GT(poor_ticks, 0);
  }
}

// Effective alphas, as live play has them: none where there was nothing to bid for, and less where money ended.
TEST(SoftDayTest, ActionsAreWhatIsLeftOfBids) {
  class Reader : public Constant {
   public:
    using Constant::Constant;
    int64_t window() const override { return 8; }
    policy::Action act(const policy::Ticks& history, const at::Tensor& wishes_BO, const at::Tensor& noise_BN,
                       const std::vector<at::Tensor>& carry) override {
      seen_BTA = history.actions_BTA;
      return Constant::act(history, wishes_BO, noise_BN, carry);
    }
    at::Tensor seen_BTA;
  };
  data::TapeColumns tape = test::sample_tape(1, 8);
  empty_tick(tape, 3);
  Cells cells = cells_of(tape);
  const Tapes tapes(tape, at::kCPU);
  const auto cost = [&](int64_t tick) {
    return tapes.bought(cells.day_B, tick, at::full({1, 1}, 80.0F)).cost_B1.item<float>();
  };
  cells.constraint_BC[0][0] = cost(0) + cost(1) + cost(2) + cost(4) + 0.4F * cost(5);
  at::Generator noise = at::detail::createCPUGenerator(1);
  Reader reader(at::full({1, 1}, 80.0F));
  DayOptions options;
  options.softness = 0.0;
  const Day day = play_day(reader, {}, tapes, cells, options, noise);
  const at::Tensor seen_T = reader.seen_BTA.flatten();
  for (const int64_t tick : {0, 1, 2, 4}) EXPECT_EQ(seen_T[tick].item<float>(), 80.0F) << tick;
  EXPECT_EQ(seen_T[3].item<float>(), 0.0F);
  EXPECT_EQ(seen_T[7].item<float>(), 0.0F);  // that is being decided
  const double won = tapes.bought(cells.day_B, 5, at::full({1, 1}, 80.0F)).value_B1.item<double>() /
                     as_double(at(tape.num_pv, 5) * at(tape.mean_pvalue, 5));
  EXPECT_NEAR(seen_T[5].item<double>(), 80.0 * (1.0 - 0.6 * won), 0.01);
  EXPECT_TRUE(at::equal(day.alphas_BT, at::full({1, 8}, 80.0F)));
  EXPECT_TRUE(at::equal(day.actions_BT[0].slice(0, 0, 7), seen_T.slice(0, 0, 7)));
}

// Drawn conversions are whole numbers, now more and now fewer than expected; expected ones are what is expected.
TEST(SoftDayTest, ConversionsAreDrawnUnlessExpectedOnesAreAskedFor) {
  const data::TapeColumns tape = test::sample_tape(kDays, 2);
  const Tapes tapes(tape, at::kCPU);
  const Cells cells = cells_of(tape);
  Constant constant(at::full({1, 1}, 80.0F));
  const at::Tensor value_B = tapes.bought(cells.day_B, 0, at::full({kDays, 1}, 80.0F)).value_B1.squeeze(1);
  const at::Tensor num_pv_B = tapes.offered(cells.day_B, 0).num_pv_B1.squeeze(1);
  const auto seen_B = [&](bool drawn, uint64_t seed) {
    DayOptions options;
    options.drawn_conversions = drawn;
    at::Generator noise = at::detail::createCPUGenerator(seed);
    const Day day = play_day(constant, {}, tapes, cells, options, noise);
    constexpr int64_t kMeanConversion = 6;
    return at::Tensor(day.states_BTS.select(1, 1).select(1, kMeanConversion) * num_pv_B);
  };
  EXPECT_TRUE(at::allclose(seen_B(false, 1), value_B, 1e-5));
  const at::Tensor drawn_B = seen_B(true, 1);
  EXPECT_TRUE(at::allclose(drawn_B, drawn_B.round(), 0.0, 1e-4));
  EXPECT_FALSE(at::equal(drawn_B, seen_B(true, 2)));
  at::Tensor sum_B = at::zeros({kDays});
  constexpr int kDraws = 100;
  for (int i = 0; i < kDraws; ++i) sum_B += seen_B(true, static_cast<uint64_t>(i));
  // Five standard deviations of the mean of so many.
  EXPECT_LT(((sum_B / kDraws - value_B).abs() / (value_B / kDraws).sqrt()).max().item<float>(), 5.0F);
}

// Alphas that no market takes: less than nothing buys nothing, and what is no number makes scores that are none, of its
// own day alone. A trainer looks for these.
TEST(SoftDayTest, OddAlphas) {
  const data::TapeColumns tape = test::sample_tape(4, 6);
  const Tapes tapes(tape, at::kCPU);
  const Cells cells = cells_of(tape);
  at::Generator noise = at::detail::createCPUGenerator(1);
  const at::Tensor alpha_B1 =
      at::tensor({80.0F, -1.0F, std::numeric_limits<float>::quiet_NaN(), 0.0F}).view({4, 1}).requires_grad_();
  Constant constant(alpha_B1);
  const Day day = play_day(constant, {}, tapes, cells, {}, noise);
  day.score_B.slice(0, 0, 2).sum().backward({}, true);
  EXPECT_TRUE(std::isfinite(alpha_B1.grad()[0].item<float>()));
  EXPECT_GT(day.score_B[0].item<float>(), 0.0F);
  EXPECT_EQ(day.score_B[1].item<float>(), 0.0F);
  EXPECT_EQ(day.cost_B[1].item<float>(), 0.0F);
  EXPECT_TRUE(std::isnan(day.score_B[2].item<float>()));
  // From bids of nothing there is a way up.
  alpha_B1.mutable_grad() = at::Tensor();
  day.score_B[3].backward();
  EXPECT_EQ(day.score_B[3].item<float>(), 0.0F);
  EXPECT_GT(alpha_B1.grad()[3].item<float>(), 0.0F);
}

// The rounded corner costs at most 0.2 % of a cell, with as many ticks as a day has.
TEST(SoftDayTest, SoftIsNearlySharp) {
  const data::TapeColumns tape = test::sample_tape(kDays, 48);
  const Tapes tapes(tape, at::kCPU);
  const Cells cells = cells_of(tape);
  at::Generator noise = at::detail::createCPUGenerator(1);
  for (const float alpha : {40.0F, 60.0F, 80.0F, 100.0F, 160.0F}) {
    Constant constant(at::full({1, 1}, alpha));
    DayOptions sharp;
    sharp.softness = 0.0;
    const Day soft_day = play_day(constant, {}, tapes, cells, {}, noise);
    const Day sharp_day = play_day(constant, {}, tapes, cells, sharp, noise);
    const at::Tensor off_B = (soft_day.score_B / sharp_day.score_B - 1.0).abs();
    EXPECT_LE(off_B.max().item<float>(), 2e-3F) << alpha;
  }
}

// What a policy does cannot depend on what comes later.
TEST(SoftDayTest, TheFutureDoesNotLeak) {
  data::TapeColumns tape = test::sample_tape(kDays, 12);
  const data::TapeColumns other = test::sample_tape(kDays, 12, 2);
  const Cells cells = cells_of(tape);
  constexpr int64_t kFrom = 7;  // another market from this tick on
  const auto policy = small_model("perceptron", Tapes(tape, at::kCPU), cells);
  const auto alphas = [&](const data::TapeColumns& columns) {
    const torch::NoGradGuard no_grad;
    at::Generator noise = at::detail::createCPUGenerator(1);
    return play_day(*policy, policy->wishes(), Tapes(columns, at::kCPU), cells, {}, noise).alphas_BT;
  };
  const at::Tensor before_BT = alphas(tape);
  const int64_t of_tick = tape.num_knots() * data::TapeColumns::kNumbers;
  for (int64_t day = 0; day < kDays; ++day) {
    for (int64_t tick = kFrom; tick < 12; ++tick) {
      const int64_t row = day * 12 + tick;
      at(tape.num_pv, row) = at(other.num_pv, row);
      at(tape.mean_pvalue, row) = at(other.mean_pvalue, row);
      at(tape.price, row) = at(other.price, row);
      std::copy_n(other.knots.begin() + row * of_tick, of_tick, tape.knots.begin() + row * of_tick);
    }
  }
  const at::Tensor after_BT = alphas(tape);
  EXPECT_TRUE(at::equal(after_BT.slice(1, 0, kFrom), before_BT.slice(1, 0, kFrom)));
  EXPECT_FALSE(at::equal(after_BT.slice(1, kFrom), before_BT.slice(1, kFrom)));
}

// The gradient of the score in a weight is the difference that a small change of the weight makes. In float32 a sum of
// 12 ticks is good to some 1e-6, a difference over 2e-3 hence to 1e-3.
void expect_gradients(const std::string& model) {
  const data::TapeColumns tape = test::sample_tape(kDays, 12);
  const Tapes tapes(tape, at::kCPU);
  Cells cells = cells_of(tape);
  cells.constraint_BC.select(1, 0).mul_(0.06F);  // so that some run out of money
  const auto policy = small_model(model, tapes, cells);
  policy->train();
  DayOptions options;
  options.drawn_conversions = false;
  const auto score = [&] {
    at::Generator noise = at::detail::createCPUGenerator(1);
    return play_day(*policy, policy->wishes(), tapes, cells, options, noise).score_B.to(at::kDouble).sum();
  };
  score().backward();
  int64_t checked = 0;
  for (const auto& item : policy->named_parameters()) {
    const at::Tensor gradient = item.value().grad();
    ASSERT_TRUE(gradient.defined()) << item.key();
    // Along the gradient itself, where differences are largest.
    const double norm = gradient.norm().item<double>();
    if (norm < 1e-3) continue;
    const torch::NoGradGuard no_grad;
    const double h = 2e-3;
    const at::Tensor direction = gradient / norm;
    item.value().add_(direction, h);
    const double up = score().item<double>();
    item.value().sub_(direction, 2.0 * h);
    const double down = score().item<double>();
    item.value().add_(direction, h);
    EXPECT_NEAR((up - down) / (2.0 * h), norm, 0.02 * norm + 2e-2) << item.key();
    ++checked;
  }
  EXPECT_GE(checked, 4);
}

TEST(SoftDayTest, GradientsOfThePerceptronAreDifferences) { expect_gradients("perceptron"); }
TEST(SoftDayTest, GradientsOfTheTransformerAreDifferences) { expect_gradients("decision_transformer"); }

// Conversions that rows have seen by each tick but the first.
at::Tensor conversions_BT(const Day& day, const Cells& cells) {
  const at::Tensor par_B1 = cells.constraint_BC.slice(1, 0, 1) / cells.constraint_BC.slice(1, 1, 2);
  const at::Tensor won_BT = day.before_BTO.select(2, to_signed(index_of(Outcome::kValue))) * par_B1;
  return (won_BT.slice(1, 1) - won_BT.slice(1, 0, -1)).round();
}

// In groups of two the same is drawn for the same bids, and no less for higher ones; each by itself is a Poisson
// number, also where more are expected than are drawn together.
TEST(SoftDayTest, GroupsMeetTheSameDraws) {
  constexpr int64_t kRows = 4000;
  data::TapeColumns tape = test::sample_tape(1, 3);
  for (const float factor : {1.0F, 30.0F}) {
    data::TapeColumns larger = tape;
    for (float& number : larger.num_pv) number *= factor;
    for (float& number : larger.knots) number *= factor;
    const Tapes tapes(larger, at::kCPU);
    const Cells cells = {at::zeros({kRows}, at::kLong), at::tensor({1e7F, 100.0F}).expand({kRows, 2}).contiguous()};
    DayOptions options;
    options.realised_reward = true;
    options.group = 2;
    const at::Tensor alphas_B1 = at::tensor({80.0F, 80.0F, 80.0F, 120.0F}).view({4, 1}).repeat({kRows / 4, 1});
    Constant constant(alphas_B1);
    at::Generator noise = at::detail::createCPUGenerator(1);
    const Day day = play_day(constant, {}, tapes, cells, options, noise);
    const at::Tensor drawn_NGT = conversions_BT(day, cells).view({kRows / 4, 4, 2});
    const at::Tensor apart_NT = drawn_NGT.select(1, 1) - drawn_NGT.select(1, 0);
    const at::Tensor more_NT = drawn_NGT.select(1, 3) - drawn_NGT.select(1, 2);
    if (factor == 1.0F) {
      EXPECT_EQ(apart_NT.abs().max().item<float>(), 0.0F);
      EXPECT_GE(more_NT.min().item<float>(), 0.0F);
    }
    EXPECT_GT(more_NT.mean().item<float>(), 0.05F * factor);
    for (int64_t tick = 0; tick < 2; ++tick) {
      const at::Tensor drawn_N = drawn_NGT.select(1, 0).select(1, tick);
      const double expected =
          tapes.bought(cells.day_B.slice(0, 0, 1), tick, at::full({1, 1}, 80.0F)).value_B1.item<double>();
      if (factor > 1.0F) {
        EXPECT_GT(expected, 10.0);
      }
      const double error = std::sqrt(expected / (kRows / 4.0));
      EXPECT_NEAR(drawn_N.mean().item<double>(), expected, 4.0 * error) << factor << " " << tick;
      // The variance of a variance of N draws is about 2 / N of its square, and some more for small means.
      EXPECT_NEAR(drawn_N.var().item<double>(), expected,
                  4.0 * expected * std::sqrt((2.0 + 1.0 / expected) * 4.0 / kRows))
          << factor << " " << tick;
    }
  }
}

}  // namespace
}  // namespace genbid

#include "softmarket/soft_day.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include <memory>
#include <string>

#include "base/convert.h"
#include "models/registry.h"
#include "softmarket/constant_policy.h"
#include "softmarket/sample_tape.h"

namespace genbid {
namespace {

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
  columns.to_go_NO = at::rand({columns.states_NS.size(0), policy::kNumOutcomes}, noise);
  columns.ticks_N = at::arange(tapes.ticks(), at::kLong).repeat({kDays});
  columns.constraint_NC = cells.constraint_BC.repeat_interleave(tapes.ticks(), 0);
  columns.outcome_MO = at::rand({kDays, policy::kNumOutcomes}, noise);
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
  cells.constraint_BC.select(1, 0).mul_(0.25F);  // so that some run out of money
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

}  // namespace
}  // namespace genbid

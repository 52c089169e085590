#include "models/grm/grm.h"

#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include <cmath>

#include "models/policy_samples.h"
#include "train/optimizer.h"

// B rows, T ticks, Y = 2 things that impressions bring: money spent and conversions won.

namespace genbid::models {
namespace {

using grm::Attitude;
using test::columns_of;

// --- Curves -----------------------------------------------------------------------------------

grm::Curves curves(double height, double slope, double shift) {
  const auto both = [](double x) { return at::full({1, grm::kBrought}, x); };
  return {both(height), both(slope), both(shift)};
}

// With slope 1 and shift 0, s(log x) is x / (1 + x): at a level of 1 less e it is 1/2, and at none 1/1001. So a height
// of 2 brings 2 (1/2 - 1/1001) / (1000/1001) = 0.999, and its rise by the logarithm of the level is
// 2 (1/4) (1001/1000) (1 - e) = 0.4999995.
TEST(GrmCurves, BringWhatTheFormulaSays) {
  const at::Tensor level_11 = at::full({1, 1}, 1.0 - grm::kLeastLevel);
  EXPECT_NEAR(grm::brought(curves(2.0, 1.0, 0.0), level_11)[0][0].item<double>(), 0.999, 1e-6);
  EXPECT_NEAR(grm::brought_more(curves(2.0, 1.0, 0.0), level_11)[0][1].item<double>(), 0.4999995, 1e-6);
}

TEST(GrmCurves, NothingIsBroughtByNothingAndNeverLessByMore) {
  torch::manual_seed(5);
  const grm::Curves some = grm::curves_of(at::randn({50, grm::kCurveNumbers}));
  at::Tensor before = grm::brought(some, at::zeros({50, 1}));
  EXPECT_TRUE(at::equal(before, at::zeros({50, 2})));
  for (const double level : {0.01, 0.2, 0.6, 1.1, 2.0, 20.0}) {
    const at::Tensor here = grm::brought(some, at::full({50, 1}, level));
    EXPECT_TRUE((here > before).all().item<bool>()) << level;
    EXPECT_TRUE((here < some.height).all().item<bool>()) << level;
    before = here;
  }
}

// --- The alpha --------------------------------------------------------------------------------

// 1000 impressions that cost 0.1 and bring 0.001 each where the curves say 1, at alphas in units of 100. With these
// shifts levels near 1 lie low on the curves: costs rise with the square of alpha, conversions with alpha itself.
std::vector<grm::Ahead> one_part(double num_pv = 1000.0) {
  const at::Tensor slope_BY = at::tensor({2.0F, 1.0F}).unsqueeze(0);
  const at::Tensor shift_BY = at::tensor({-3.0F, -2.0F}).unsqueeze(0);
  return {{{at::full({1, 2}, 5.0), slope_BY, shift_BY},
           at::full({1, 1}, 0.01),
           at::tensor({0.1, 0.001}).unsqueeze(0).to(at::kFloat) * num_pv}};
}

grm::Standing standing(double cost, double won, double budget, double limit) {
  const auto one = [](double x) { return at::full({1, 1}, x); };
  return {one(cost), one(won), one(budget), one(limit)};
}

struct DayAt {
  double cost;
  double won;
  double score;
};
DayAt day_at(const std::vector<grm::Ahead>& ahead, const grm::Standing& before, double alpha) {
  at::Tensor sum_BY = at::cat({before.cost_B1, before.won_B1}, 1);
  for (const grm::Ahead& part : ahead) {
    sum_BY = sum_BY + grm::brought(part.curves, alpha * part.level_B1) * part.brought_unit_BY;
  }
  const double cost = sum_BY[0][0].item<double>();
  const double won = sum_BY[0][1].item<double>();
  const double share = before.limit_B1.item<double>() * won / cost;
  return {cost, won, won * std::min(1.0, share * share)};
}

double alpha_for(const std::vector<grm::Ahead>& ahead, const grm::Standing& before, Attitude attitude) {
  return grm::alpha_for(ahead, before, attitude, at::full({}, 1.0), at::full({}, 1000.0)).item<double>();
}

TEST(GrmController, SpendsWhatIsLeft) {
  const auto before = standing(30.0, 1.0, 50.0, 1e6);
  for (const Attitude attitude : {Attitude::kScore, Attitude::kStrict}) {
    EXPECT_NEAR(day_at(one_part(), before, alpha_for(one_part(), before, attitude)).cost, 50.0, 1e-3);
  }
}

TEST(GrmController, BidsMoreWithMoreMoneyAndLessForMoreToBuy) {
  double last = 0.0;
  for (const double budget : {35.0, 40.0, 60.0, 100.0}) {
    const double alpha = alpha_for(one_part(), standing(30.0, 1.0, budget, 1e6), Attitude::kScore);
    EXPECT_GT(alpha, last) << budget;
    last = alpha;
  }
  const auto before = standing(30.0, 1.0, 50.0, 1e6);
  EXPECT_LT(alpha_for(one_part(2000.0), before, Attitude::kScore), alpha_for(one_part(), before, Attitude::kScore));
}

TEST(GrmController, StrictKeepsTheLimit) {
  for (const double won : {0.2, 0.35, 0.5}) {  // what the day has won for 10 so far
    const auto before = standing(10.0, won, 1e6, 40.0);
    const DayAt day = day_at(one_part(), before, alpha_for(one_part(), before, Attitude::kStrict));
    EXPECT_NEAR(day.cost, 40.0 * day.won, 1e-3) << won;
  }
}

// Against the best of 2,000 alphas.
TEST(GrmController, ScoreIsTheHighestThatTheCurvesAllow) {
  for (const double limit : {5.0, 20.0, 40.0, 80.0}) {
    for (const double won : {0.0, 0.2, 0.5}) {
      const auto before = standing(10.0, won, 60.0, limit);
      double best = 0.0;
      for (int i = 0; i < 2000; ++i) {
        const DayAt day = day_at(one_part(), before, std::pow(1000.0, i / 2000.0));
        if (day.cost <= 60.0) best = std::max(best, day.score);
      }
      const DayAt found = day_at(one_part(), before, alpha_for(one_part(), before, Attitude::kScore));
      EXPECT_LE(found.cost, 60.0 * (1.0 + 1e-5));
      EXPECT_GE(found.score, best * (1.0 - 1e-4)) << limit << " " << won;
    }
  }
}

TEST(GrmController, ALostLimitIsComeNearTo) {
  const auto before = standing(59.0, 0.1, 60.0, 10.0);
  const double alpha = alpha_for(one_part(), before, Attitude::kStrict);
  const auto cpa = [&](double at) {
    const DayAt day = day_at(one_part(), before, at);
    return day.cost - 10.0 * day.won;
  };
  EXPECT_LT(cpa(alpha), cpa(0.9 * alpha));
  EXPECT_LT(cpa(alpha), cpa(1.1 * alpha));
}

TEST(GrmController, TwoPartsAreOneWhereTheyAreAlike) {
  auto halves = one_part(400.0);
  halves.push_back(one_part(600.0)[0]);
  const auto before = standing(10.0, 0.2, 60.0, 40.0);
  EXPECT_NEAR(alpha_for(halves, before, Attitude::kScore), alpha_for(one_part(), before, Attitude::kScore), 1e-3);
}

// Beside differences of the alpha itself, for each of the three equations that it may solve.
TEST(GrmController, GradientsAreThoseOfTheEquationThatItSolves) {
  struct Case {
    grm::Standing before;
    Attitude attitude;
  };
  for (const Case& one : {Case{standing(30.0, 1.0, 50.0, 1e6), Attitude::kScore},    // the budget
                          Case{standing(10.0, 0.2, 1e6, 40.0), Attitude::kStrict},   // the limit
                          Case{standing(10.0, 0.2, 1e6, 5.0), Attitude::kScore}}) {  // the worth of one more
    const auto solved = [&](const at::Tensor& shift_BY) {
      auto ahead = one_part();
      ahead[0].curves.shift = shift_BY;
      return grm::alpha_for(ahead, one.before, one.attitude, at::full({}, 1.0), at::full({}, 1000.0)).sum();
    };
    const at::Tensor shift_BY = one_part()[0].curves.shift.clone().requires_grad_();
    solved(shift_BY).backward();
    for (int64_t y = 0; y < grm::kBrought; ++y) {
      const torch::NoGradGuard no_grad;
      constexpr double kStep = 0.02;
      const at::Tensor step_BY = at::zeros({1, 2});
      step_BY[0][y].fill_(kStep);
      const double slope = (solved(shift_BY + step_BY) - solved(shift_BY - step_BY)).item<double>() / (2.0 * kStep);
      EXPECT_NEAR(shift_BY.grad()[0][y].item<double>(), slope, 2e-3 * std::abs(slope) + 1e-2) << y;
    }
  }
}

// --- What is learned --------------------------------------------------------------------------

constexpr int64_t kTicks = 8;
constexpr double kNumPv = 1000.0;
constexpr double kPvalue = 5e-4;

// What an impression costs and brings at an alpha, all ticks alike.
at::Tensor each_brings(const at::Tensor& alpha) {
  const at::Tensor x = alpha / 100.0;
  return at::cat({0.04 * x.square() / (1.0 + x.square()), kPvalue * x / (1.0 + x)}, -1);
}

// Days of many alphas; every second one stops after `until` ticks.
policy::Batch days(int64_t rows, int64_t until, double money = 1.0) {
  policy::Batch batch = test::sample_batch(rows, kTicks);
  batch.seen.states_BTS.select(2, 12).fill_(kPvalue);
  batch.seen.states_BTS.select(2, 13).fill_(kNumPv);
  const at::Tensor alpha_BT1 = 40.0 + 160.0 * at::rand({rows, kTicks, 1});
  batch.seen.actions_BTA = alpha_BT1 * money;
  batch.label_BTA = batch.seen.actions_BTA.clone();
  batch.seen.constraint_BC = at::tensor({100.0F, 50.0F}).expand({rows, 2}) * money;  // par: 2 conversions
  const at::Tensor brought_BTY = kNumPv * each_brings(alpha_BT1);
  const at::Tensor use_BT1 = brought_BTY.slice(2, 0, 1) / 100.0;
  const at::Tensor value_BT1 = brought_BTY.slice(2, 1, 2) / 2.0;
  test::bring(batch, at::cat({value_BT1, value_BT1, use_BT1}, 2));
  const at::Tensor ended_B = at::arange(rows) % 2 == 0;
  batch.seen.mask_BT.slice(1, until).masked_fill_(ended_B.unsqueeze(1), 0.0);
  batch.label_weight_BT = batch.seen.mask_BT.clone();
  return batch;
}

std::shared_ptr<Grm> learned(const policy::Batch& batch, GrmConfig config, int64_t steps = 400) {
  config.ticks = kTicks;
  config.width = 16;
  config.heads = 2;
  config.layers = 1;
  config.inner = 32;
  config.dropout = 0.0;
  torch::manual_seed(1);
  auto policy = std::make_shared<Grm>(config, test::kShape);
  policy::TrainingColumns columns = columns_of(batch);
  const at::Tensor real_N = batch.seen.mask_BT.flatten().nonzero().flatten();
  for (at::Tensor* one : {&columns.states_NS, &columns.actions_NA, &columns.labels_NA, &columns.to_go_NO,
                          &columns.ticks_N, &columns.constraint_NC}) {
    *one = one->index_select(0, real_N);
  }
  policy->fit(columns);
  train::AdamW optimizer(policy::grouped_parameters(*policy)[0], {.weight_decay = 0.0});
  for (int64_t step = 0; step < steps; ++step) {
    at::Generator noise = at::detail::createCPUGenerator(3);
    at::Tensor total = at::zeros({});
    for (const policy::LossPart& part : policy->losses({step, noise}, 0, batch)) total = total + part.value;
    optimizer.backward(total);
    optimizer.set_rate(step < steps / 2 ? 1e-2 : 1e-3);
    optimizer.step();
  }
  policy->eval();
  return policy;
}

struct Played {
  std::vector<double> alphas;
  double cost = 0.0;
  double won = 0.0;
};

// A day of the same ticks with a policy, which is told what came of its alphas.
Played play(Grm& policy, double budget, double limit) {
  const torch::NoGradGuard no_grad;
  policy::Ticks history = days(1, kTicks).seen;
  history.actions_BTA.zero_();
  history.before_BTO.zero_();
  history.constraint_BC = at::tensor({budget, limit}).unsqueeze(0).to(at::kFloat);
  std::vector<at::Tensor> carry = policy.initial_carry(1);
  Played day;
  for (int64_t tick = 0; tick < kTicks; ++tick) {
    history.mask_BT = (at::arange(kTicks) <= tick).to(at::kFloat).unsqueeze(0);
    const at::Tensor before_O = history.before_BTO[0][tick];
    before_O[static_cast<int64_t>(index_of(Outcome::kBudgetUse))].fill_(day.cost / budget);
    before_O[static_cast<int64_t>(index_of(Outcome::kValue))].fill_(day.won * limit / budget);
    policy::Action action = policy.act(history, at::zeros({1, kNumOutcomes}), {}, carry);
    carry = std::move(action.carry);
    history.actions_BTA[0][tick].copy_(action.coefficients_BA[0]);
    const at::Tensor brought_BY = kNumPv * each_brings(action.coefficients_BA);
    day.alphas.push_back(action.coefficients_BA.item<double>());
    day.cost += brought_BY[0][0].item<double>();
    day.won += brought_BY[0][1].item<double>();
  }
  return day;
}

class GrmOfKnownResponses : public ::testing::TestWithParam<bool> {
 protected:
  static GrmConfig config(const std::string& attitude = "score") {
    GrmConfig config;
    config.current_tick = GetParam();
    config.attitude = attitude;
    return config;
  }
};

// An alpha of 100 costs 8 x 1000 x 0.02 = 160. It is near 100 from the first tick to the last, to what the curves miss,
// although days that ended early do not tell how many impressions came afterwards.
TEST_P(GrmOfKnownResponses, SpendsTheBudgetAtTheRightConstantAlpha) {
  const auto policy = learned(days(32, 4), config());
  const Played day = play(*policy, 160.0, 1e6);
  for (const double alpha : day.alphas) EXPECT_NEAR(alpha, 100.0, 5.0);
  EXPECT_NEAR(day.cost, 160.0, 2.0);
}

// The CPA at an alpha of 100 x is 80 x (1 + x) / (1 + x^2), so it is 80 at 100.
TEST_P(GrmOfKnownResponses, StrictKeepsTheLimit) {
  const auto policy = learned(days(32, 4), config("strict"));
  const Played day = play(*policy, 1e6, 80.0);
  EXPECT_NEAR(day.cost / day.won, 80.0, 2.0);
}

TEST_P(GrmOfKnownResponses, BidsMoreWithMoreMoney) {
  const auto policy = learned(days(32, 4), config());
  double last = 0.0;
  for (const double budget : {60.0, 100.0, 160.0, 200.0}) {
    const Played day = play(*policy, budget, 1e6);
    EXPECT_GT(day.alphas[0], last) << budget;
    last = day.alphas[0];
  }
}

INSTANTIATE_TEST_SUITE_P(CurrentTick, GrmOfKnownResponses, ::testing::Bool(),
                         [](const auto& tested) { return tested.param ? "Apart" : "WithTheRest"; });

// Eight times as much of it, which floats count as well: all alphas are eight times what they were.
TEST(Grm, MoneyInAnotherUnitIsTheSameMoney) {
  const auto policy = learned(days(16, kTicks), {}, 20);
  const auto other = learned(days(16, kTicks, 8.0), {}, 20);
  const torch::NoGradGuard no_grad;
  policy::Ticks history = days(4, kTicks).seen;
  const auto first = policy->act(history, {}, {}, {}).coefficients_BA;
  history.constraint_BC = history.constraint_BC * 8.0;
  history.actions_BTA = history.actions_BTA * 8.0;
  const auto second = other->act(history, {}, {}, {}).coefficients_BA;
  EXPECT_TRUE(at::allclose(second, 8.0 * first, 1e-3)) << first << second;
}

}  // namespace
}  // namespace genbid::models

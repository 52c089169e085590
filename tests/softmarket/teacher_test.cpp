#include "softmarket/teacher.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/convert.h"
#include "bidding/outcomes.h"
#include "bidding/score.h"
#include "softmarket/constant_policy.h"
#include "softmarket/sample_tape.h"

namespace genbid {
namespace {

using softmarket::Cells;
using softmarket::Day;
using softmarket::Tapes;

constexpr int64_t kDays = 6;
constexpr int64_t kTicks = 12;

// The labels of days of constant bids are the constants that bring the most from there on, by trying many.
TEST(TeacherTest, LabelsAreTheBestConstantsOfTheRest) {
  const data::TapeColumns tape = test::sample_tape(kDays, kTicks);
  const Tapes tapes(tape, at::kCPU);
  Cells cells = test::cells_of(tape);
  cells.constraint_BC.select(1, 0).mul_(0.25F);  // so that money is short for some
  at::Generator noise = at::detail::createCPUGenerator(1);
  test::Constant constant(at::full({1, 1}, 70.0F));
  const Day day = play_day(constant, {}, tapes, cells, {}, noise);
  const at::Tensor labels_BT = softmarket::Teacher(tapes).labels_BT(cells, day);
  ASSERT_EQ(labels_BT.sizes().vec(), (std::vector<int64_t>{kDays, kTicks}));
  const at::Tensor budget_use_BT = day.before_BTO.select(2, 2);
  const at::Tensor value_BT = day.before_BTO.select(2, 1);
  int64_t short_of_money = 0;
  const std::vector<int64_t> looked_at = {0, 1, 6, kTicks - 1};  // ticks
  for (int64_t b = 0; b < kDays; ++b) {
    const double budget = cells.constraint_BC[b][0].item<double>();
    const double limit = cells.constraint_BC[b][1].item<double>();
    for (const int64_t t : looked_at) {
      const double spent = budget_use_BT[b][t].item<double>() * budget;
      const double won = value_BT[b][t].item<double>() * budget / limit;
      const auto score = [&](double alpha) {
        double value = won;
        double cost = spent;
        for (int64_t later = t; later < kTicks; ++later) {
          const softmarket::Bought bought =
              tapes.bought(at::full({1}, b, at::kLong), later, at::full({1, 1}, alpha, at::kFloat));
          value += bought.value_B1.item<double>();
          cost += bought.cost_B1.item<double>();
        }
        return cost > budget * (1.0 + 1e-6) ? -1.0 : expected_score(value, cost, limit);
      };
      double best = -1.0;
      for (double alpha = 16.0; alpha < 1000.0; alpha *= 1.04) best = std::max(best, score(alpha));
      const double label = labels_BT[b][t].item<double>();
      if (best < 0.0) {
        EXPECT_EQ(label, 16.0);  // not even the lowest alpha can be paid
        ++short_of_money;
        continue;
      }
      // Read linearly between places 2 % apart, a label may cost a trifle more than there is.
      EXPECT_GT(std::max(score(label), score(0.99 * label)), 0.998 * best) << b << " " << t;
    }
  }
  EXPECT_LT(short_of_money, kDays * std::ssize(looked_at) / 2);
}

// Who does at every tick what the teacher says brings what is asked, brings it.
TEST(TeacherTest, LabelsBringWhatIsAsked) {
  const data::TapeColumns tape = test::sample_tape(kDays, kTicks);
  const Tapes tapes(tape, at::kCPU);
  const softmarket::Teacher teacher(tapes);
  Cells cells = test::cells_of(tape);
  cells.constraint_BC.select(1, 0).mul_(0.1F);  // so that there are bids that spend it
  const auto play = [&](Outcome outcome, double asked) {
    cells.asked_BO = at::full({kDays, kNumOutcomes}, std::nan(""), at::kFloat);
    cells.asked_BO.select(1, to_signed(index_of(outcome))).fill_(asked);
    softmarket::TeacherBids bids(teacher, cells);
    softmarket::DayOptions options;
    options.drawn_conversions = false;
    at::Generator noise = at::detail::createCPUGenerator(1);
    return play_day(bids, {}, tapes, cells, options, noise);
  };
  const at::Tensor limit_B = cells.constraint_BC.select(1, 1);
  for (const double asked : {0.3, 0.6, 0.9}) {
    const Day day = play(Outcome::kBudgetUse, asked);
    const at::Tensor use_B = day.cost_B / cells.constraint_BC.select(1, 0);
    EXPECT_LT((use_B - asked).abs().max().item<double>(), 0.01 * asked) << use_B;
  }
  cells.constraint_BC.select(1, 0).mul_(2.5F);
  for (const double asked : {0.3, 0.45}) {  // which all these days can come to
    const Day day = play(Outcome::kCpa, asked);
    const at::Tensor cpa_B = day.cost_B / day.value_B / limit_B;
    EXPECT_LT((cpa_B - asked).abs().max().item<double>(), 0.01 * asked) << cpa_B;
  }
  // Of two outcomes none is passed, and a day that is beyond one bids as little as it can.
  cells.asked_BO.select(1, to_signed(index_of(Outcome::kBudgetUse))).fill_(0.3);
  cells.asked_BO.select(1, to_signed(index_of(Outcome::kCpa))).fill_(0.3);
  cells.asked_BO.select(1, to_signed(index_of(Outcome::kValue))).fill_(2.0);
  softmarket::TeacherBids bids(teacher, cells);
  softmarket::DayOptions options;
  options.drawn_conversions = false;
  at::Generator noise = at::detail::createCPUGenerator(1);
  const Day both = play_day(bids, {}, tapes, cells, options, noise);
  const at::Tensor use_B = both.cost_B / cells.constraint_BC.select(1, 0);
  const at::Tensor cpa_B = both.cost_B / both.value_B / limit_B;
  EXPECT_LT(at::maximum(use_B, cpa_B).max().item<double>(), 0.3 * 1.01);
  EXPECT_GT(at::maximum(use_B, cpa_B).min().item<double>(), 0.3 * 0.98);
  const at::Tensor spent_B1 = cells.constraint_BC.slice(1, 0, 1) * 0.5;
  const at::Tensor label_B1 = teacher.label_B1(cells, 3, at::zeros({kDays, 1}), spent_B1);
  EXPECT_TRUE(at::equal(label_B1, tapes.lowest_B1(cells.day_B)));
  // What all alphas of the tape do not bring has no label.
  cells.constraint_BC.select(1, 0).mul_(1e6F);
  cells.asked_BO = at::full({kDays, kNumOutcomes}, std::nan(""), at::kFloat);
  cells.asked_BO.select(1, to_signed(index_of(Outcome::kBudgetUse))).fill_(0.5);
  const at::Tensor none_B1 = at::zeros({kDays, 1});
  EXPECT_TRUE(teacher.label_B1(cells, 0, none_B1, none_B1).isnan().all().item<bool>());
}

}  // namespace
}  // namespace genbid

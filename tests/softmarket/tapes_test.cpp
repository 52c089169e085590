#include "softmarket/tapes.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/convert.h"
#include "softmarket/sample_tape.h"

namespace genbid {
namespace {

using softmarket::Bought;
using softmarket::Tapes;

at::Tensor alphas(const std::vector<double>& values) { return at::tensor(values, at::kFloat).view({-1, 1}); }
at::Tensor all_of(int64_t day, int64_t count) { return at::full({count}, day, at::kLong); }

float knot(const data::TapeColumns& tape, int64_t day, int64_t tick, int64_t k, int64_t number) {
  return at(tape.knots, ((day * tape.ticks + tick) * tape.num_knots() + k) * data::TapeColumns::kNumbers + number);
}

TEST(TapesTest, KnotsAreHit) {
  const data::TapeColumns tape = test::sample_tape(3, 4);
  const Tapes tapes(tape, at::kCPU);
  for (int64_t k = 0; k < tape.num_knots(); ++k) {
    const double alpha = 16.0 * std::exp2(as_double(k) / 4.0);
    const Bought bought = tapes.bought(all_of(2, 1), 3, alphas({alpha}));
    // log2 in float32 misses a knot by up to some 1e-6 of a knot.
    EXPECT_NEAR(bought.value_B1.item<float>(), knot(tape, 2, 3, k, 0), 1e-5 * knot(tape, 2, 3, k, 0));
    EXPECT_NEAR(bought.cost_B1.item<float>(), knot(tape, 2, 3, k, 2), 1e-5 * knot(tape, 2, 3, k, 2));
    EXPECT_NEAR(bought.slots_B1.item<float>(), knot(tape, 2, 3, k, 4), 1e-5 * knot(tape, 2, 3, k, 4));
  }
}

// Curves of day and tick are those that were asked for, in every row.
TEST(TapesTest, RowsAreDaysAndTicks) {
  const data::TapeColumns tape = test::sample_tape(5, 4);
  const Tapes tapes(tape, at::kCPU);
  const at::Tensor day_B = at::tensor({4, 0, 2}, at::kLong);
  const at::Tensor alpha_B1 = alphas({70.0, 90.0, 110.0});
  const Bought together = tapes.bought(day_B, 1, alpha_B1);
  for (int64_t row = 0; row < 3; ++row) {
    const Bought alone = tapes.bought(day_B.slice(0, row, row + 1), 1, alpha_B1.slice(0, row, row + 1));
    EXPECT_EQ(together.cost_B1[row].item<float>(), alone.cost_B1.item<float>());
  }
  const softmarket::Offered offered = tapes.offered(day_B, 1);
  EXPECT_EQ(offered.num_pv_B1[0].item<float>(), at(tape.num_pv, 4 * 4 + 1));
  EXPECT_EQ(offered.mean_pvalue_B1[2].item<float>(), at(tape.mean_pvalue, 2 * 4 + 1));
  EXPECT_EQ(offered.price_B1[1].item<float>(), at(tape.price, 1));
}

TEST(TapesTest, BeyondTheKnots) {
  const data::TapeColumns tape = test::sample_tape(2, 3);
  const Tapes tapes(tape, at::kCPU);
  const at::Tensor alpha_B1 = alphas({0.0, 8.0, 2000.0}).requires_grad_();
  const Bought bought = tapes.bought(all_of(1, 3), 2, alpha_B1);
  bought.value_B1.sum().backward();
  EXPECT_EQ(bought.value_B1[0].item<float>(), 0.0F);
  EXPECT_NEAR(bought.value_B1[1].item<float>(), 0.5F * knot(tape, 1, 2, 0, 0), 1e-6F);
  EXPECT_NEAR(bought.value_B1[2].item<float>(), knot(tape, 1, 2, tape.num_knots() - 1, 0), 1e-5F);
  EXPECT_NEAR(alpha_B1.grad()[0].item<float>(), knot(tape, 1, 2, 0, 0) / 16.0F, 1e-6F);
  EXPECT_NEAR(alpha_B1.grad()[1].item<float>(), knot(tape, 1, 2, 0, 0) / 16.0F, 1e-6F);
  EXPECT_EQ(alpha_B1.grad()[2].item<float>(), 0.0F);
}

// The made-up curves are smooth, so a cubic between knots a quarter of an octave apart follows them closely.
TEST(TapesTest, GradientsAreDifferencesOfTheCurves) {
  const Tapes tapes(test::sample_tape(2, 3), at::kCPU);
  for (const double alpha : {20.3, 55.0, 77.7, 140.0, 600.0}) {
    const at::Tensor alpha_B1 = alphas({alpha}).requires_grad_();
    const auto at_alpha = [&](double a) { return tapes.bought(all_of(0, 1), 0, alphas({a})); };
    const double h = 0.01 * alpha;
    const auto check = [&](const at::Tensor& curve, double up, double down, const char* name) {
      alpha_B1.mutable_grad() = at::Tensor();
      curve.sum().backward({}, true);
      const double difference = (up - down) / (2.0 * h);
      EXPECT_NEAR(alpha_B1.grad().item<double>(), difference, 2e-3 * std::abs(difference)) << name << " " << alpha;
    };
    const Bought bought = tapes.bought(all_of(0, 1), 0, alpha_B1);
    const Bought up = at_alpha(alpha + h);
    const Bought down = at_alpha(alpha - h);
    check(bought.value_B1, up.value_B1.item<double>(), down.value_B1.item<double>(), "value");
    check(bought.cost_B1, up.cost_B1.item<double>(), down.cost_B1.item<double>(), "cost");
    check(bought.slots_B1, up.slots_B1.item<double>(), down.slots_B1.item<double>(), "slots");
  }
}

}  // namespace
}  // namespace genbid

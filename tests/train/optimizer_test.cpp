#include "train/optimizer.h"

#include <gtest/gtest.h>
#include <torch/optim/adamw.h>
#include <torch/utils.h>

#include <limits>

#include "train/ema.h"
#include "train/schedule.h"

namespace genbid::train {
namespace {

at::Tensor parameter(const at::Tensor& value) { return value.clone().requires_grad_(true); }

// 20 steps beside torch::optim::AdamW; the fused operator orders its products differently: a few units in the last
// place of values near 1.
TEST(AdamW, AgreesWithLibTorchsLoop) {
  torch::manual_seed(1);
  const at::Tensor start = at::randn({7, 3});
  const at::Tensor ours = parameter(start);
  const at::Tensor theirs = parameter(start);
  AdamW optimizer({{"p", ours}}, {.weight_decay = 0.01, .clip_norm = 1e9});
  torch::optim::AdamW reference({theirs}, torch::optim::AdamWOptions(0.05).weight_decay(0.01));
  for (int step = 0; step < 20; ++step) {
    const at::Tensor target = at::randn({7, 3});
    for (const at::Tensor& p : {ours, theirs}) p.mutable_grad() = at::Tensor();
    (ours - target).square().sum().backward();
    (theirs - target).square().sum().backward();
    optimizer.set_rate(0.05);
    optimizer.step();
    reference.step();
  }
  EXPECT_TRUE(at::allclose(ours, theirs, 1e-6, 1e-6));
}

// Gradient (3, 4) has norm 5. The first AdamW step moves by the rate whatever the scale, so clipping shows in the
// first moment: 0.1 x gradient / 5 at clip 1.
TEST(AdamW, ClipsTheGradientsNorm) {
  const at::Tensor p = parameter(at::zeros({2}));
  AdamW optimizer({{"p", p}}, {.weight_decay = 0.0, .clip_norm = 1.0});
  p.mutable_grad() = at::tensor({3.0F, 4.0F});
  optimizer.set_rate(0.1);
  EXPECT_FLOAT_EQ(optimizer.step().item<float>(), 5.0F);
  EXPECT_NEAR(optimizer.moments1()[0][0].item<float>(), 0.06F, 1e-7);
  EXPECT_NEAR(optimizer.moments1()[0][1].item<float>(), 0.08F, 1e-7);
}

TEST(AdamW, AGradientThatIsNotFiniteChangesNothing) {
  const at::Tensor p = parameter(at::ones({2}));
  AdamW optimizer({{"p", p}}, {});
  p.mutable_grad() = at::tensor({1.0F, std::numeric_limits<float>::quiet_NaN()});
  optimizer.set_rate(0.1);
  optimizer.step();
  EXPECT_TRUE(at::equal(p.detach(), at::ones({2})));
  EXPECT_TRUE(at::equal(optimizer.moments1()[0], at::zeros({2})));
}

TEST(AdamW, BackwardReachesItsOwnParametersAlone) {
  const at::Tensor mine = parameter(at::ones({2}));
  const at::Tensor other = parameter(at::ones({2}));
  AdamW optimizer({{"mine", mine}}, {});
  for (int time = 0; time < 2; ++time) {  // gradients replace each other, they do not add up
    optimizer.backward((mine * other * 3.0).sum());
    EXPECT_TRUE(at::equal(mine.grad(), at::full({2}, 3.0)));
    EXPECT_FALSE(other.grad().defined());
  }
}

TEST(Schedule, WarmsUpThenFallsAlongAHalfCosine) {
  EXPECT_DOUBLE_EQ(schedule_share(0, 10, 110, 0.1), 0.1);
  EXPECT_DOUBLE_EQ(schedule_share(9, 10, 110, 0.1), 1.0);
  EXPECT_DOUBLE_EQ(schedule_share(10, 10, 110, 0.1), 1.0);
  EXPECT_NEAR(schedule_share(60, 10, 110, 0.1), 0.55, 1e-12);
  EXPECT_NEAR(schedule_share(110, 10, 110, 0.1), 0.1, 1e-12);
}

TEST(Schedule, WithoutStepsAfterWarmUpStaysAtThePeak) { EXPECT_DOUBLE_EQ(schedule_share(10, 10, 10, 0.1), 1.0); }

// Decay min(0.999, 1 / 10) at step 0: the average moves nine tenths of the way.
TEST(Ema, StartsFastAndSwapsBack) {
  const at::Tensor p = parameter(at::zeros({1}));
  Ema ema({p}, 0.999);
  {
    const torch::NoGradGuard no_grad;
    at::Tensor(p).fill_(1.0);
  }
  ema.prepare(0);
  ema.update();
  EXPECT_NEAR(ema.averages()[0].item<float>(), 0.9F, 1e-6);
  {
    const Ema::Swap swap(ema);
    EXPECT_NEAR(p.item<float>(), 0.9F, 1e-6);
  }
  EXPECT_FLOAT_EQ(p.item<float>(), 1.0F);
}

}  // namespace
}  // namespace genbid::train

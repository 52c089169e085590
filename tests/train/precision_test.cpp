#include <gtest/gtest.h>
#include <torch/utils.h>

#include <cmath>
#include <string>
#include <vector>

#include "models/policy_samples.h"
#include "models/registry.h"
#include "train/samples.h"
#include "train/stepper.h"

// Every model learns in bfloat16 what it learns in float32, but for rounding.

namespace genbid::train {
namespace {

class Precision : public ::testing::TestWithParam<std::string> {};

// The mean loss of ten steps.
double loss_after(const std::string& variant, const std::string& precision) {
  const Dataset days(test::small_store({8, 8, 5, 3, 8, 6, 7, 8}, 8), {7}, Reward::kExpected, c10::kCPU);
  const auto policy = models::make_policy(test::small_model(variant), {2, 1, {1}}, 1);
  policy->fit(days.training_columns());
  policy->train();
  TrainConfig config;
  config.steps = 10;
  config.batch_size = 32;
  config.warmup_steps = 2;
  config.precision = precision;
  LoggedWindows windows(days, *policy, config.batch_size, 1, 1);
  Stepper stepper(config, *policy, windows);
  for (int64_t step = 0; step < config.steps; ++step) {
    stepper.run(step, config.steps);
  }
  for (const at::Tensor& parameter : policy->parameters()) EXPECT_EQ(parameter.scalar_type(), at::kFloat);
  EXPECT_EQ(stepper.first_bad_step(), -1);
  return stepper.window().take().front().second;
}

// bfloat16 has 8 bits, so a product is wrong by up to 0.4 %; what is left of that in the mean loss of ten steps is of
// that order. It is not the same number: then nothing would have been computed in bfloat16.
TEST_P(Precision, Bfloat16LearnsWhatFloat32LearnsButForRounding) {
  const double exact = loss_after(GetParam(), "float32");
  const double rounded = loss_after(GetParam(), "bfloat16");
  EXPECT_NEAR(rounded, exact, 0.03 * exact);
  EXPECT_NE(rounded, exact);
}

INSTANTIATE_TEST_SUITE_P(Registry, Precision, ::testing::ValuesIn(test::policy_variants()),
                         [](const auto& tested) { return test::variant_name(tested.param); });

}  // namespace
}  // namespace genbid::train

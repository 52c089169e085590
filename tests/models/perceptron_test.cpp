#include "models/perceptron/perceptron.h"

#include <gtest/gtest.h>

#include "models/policy_samples.h"

namespace genbid::models {
namespace {

// What a tick has on offer moves an alpha, but not where it is left out; other features still do.
TEST(PerceptronTest, MayBeLeftWithoutWhatIsOnOffer) {
  const torch::NoGradGuard no_grad;
  policy::Batch batch = test::sample_batch(64, 1);
  policy::TrainingColumns columns = test::columns_of(batch);
  const auto alphas = [&](Perceptron& perceptron, int64_t changed) {
    policy::Ticks ticks = batch.seen;
    ticks.states_BTS = ticks.states_BTS.clone();
    ticks.states_BTS.select(2, changed).add_(0.5);
    return perceptron.act(ticks, batch.outcome_BO, at::zeros({64, 0}), {}).coefficients_BA;
  };
  for (const bool left_out : {false, true}) {
    PerceptronConfig config;
    config.ablate.offered = left_out;
    torch::manual_seed(3);
    Perceptron perceptron(config, test::kShape);
    perceptron.fit(columns);
    const at::Tensor as_it_is = perceptron.act(batch.seen, batch.outcome_BO, at::zeros({64, 0}), {}).coefficients_BA;
    for (const int64_t feature : test::kShape.offered) {
      EXPECT_EQ(at::equal(alphas(perceptron, feature), as_it_is), left_out) << feature;
    }
    EXPECT_FALSE(at::equal(alphas(perceptron, 0), as_it_is));
  }
}

}  // namespace
}  // namespace genbid::models

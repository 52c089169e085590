#include "nn/normalizer.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace genbid::models {
namespace {

TEST(Normalizer, ScalesToMeanZeroAndDeviationOne) {
  nn::Normalizer normalizer(2);
  normalizer->fit(at::tensor({1.0F, 100.0F, 3.0F, 300.0F}).view({2, 2}));
  const at::Tensor out = normalizer(at::tensor({1.0F, 300.0F}).view({1, 2}));
  EXPECT_FLOAT_EQ(out[0][0].item<float>(), -1.0F);
  EXPECT_FLOAT_EQ(out[0][1].item<float>(), 1.0F);
}

TEST(Normalizer, AFeatureThatDoesNotVaryKeepsItsScale) {
  nn::Normalizer normalizer(1);
  normalizer->fit(at::full({4, 1}, 5.0));
  EXPECT_FLOAT_EQ(normalizer(at::full({1, 1}, 6.0)).item<float>(), 1.0F);
}

TEST(Normalizer, InverseUndoesIt) {
  nn::Normalizer normalizer(1);
  normalizer->fit(at::tensor({10.0F, 20.0F, 60.0F}).unsqueeze(1));
  EXPECT_NEAR(normalizer->inverse(normalizer(at::full({1, 1}, 33.0))).item<float>(), 33.0F, 1e-5);
}

TEST(Normalizer, OutliersAreClampedToTenDeviations) {
  nn::Normalizer normalizer(1);
  normalizer->fit(at::tensor({0.0F, 2.0F}).unsqueeze(1));
  EXPECT_FLOAT_EQ(normalizer(at::full({1, 1}, 1e6)).item<float>(), 10.0F);
}

}  // namespace
}  // namespace genbid::models

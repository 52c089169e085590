#include "models/log_alpha.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <cmath>

namespace genbid::models {
namespace {

AlphaHeadConfig gaussian(double deviation = 0.0) {
  AlphaHeadConfig config;
  config.head = "gaussian";
  config.deviation = deviation;
  return config;
}

// Labels 1 and e^2: their logarithms have a mean of 1 and a deviation of 1.
LogAlpha fitted(const AlphaHeadConfig& config) {
  LogAlpha head(1, config);
  head->fit(at::tensor({1.0F, static_cast<float>(std::exp(2.0))}).view({2, 1}));
  return head;
}

const double kLogRoot = 0.5 * std::log(2.0 * M_PI);

TEST(LogAlpha, TheDensityIsTheGaussianOfTheLogarithm) {
  // Said: a mean of 1 + 0.5 and a deviation of 2. What was drawn, 3.5, is one deviation off.
  const at::Tensor said = at::tensor({0.5F, static_cast<float>(std::log(2.0))}).view({1, 2});
  const at::Tensor choice = at::full({1, 1}, 3.5F);
  EXPECT_NEAR(fitted(gaussian())->log_density(said, choice).item<double>(), -0.5 - std::log(2.0) - kLogRoot, 1e-5);
  // Of a given deviation nothing is said: 2 off is twenty of 0.1.
  const auto given = fitted(gaussian(0.1));
  EXPECT_EQ(given->num_said(), 1);
  EXPECT_NEAR(given->log_density(said.slice(1, 0, 1), choice).item<double>(), -200.0 - std::log(0.1) - kLogRoot, 1e-3);
}

TEST(LogAlpha, ActsByTheMeanOrDraws) {
  const auto head = fitted(gaussian());
  const at::Tensor said = at::tensor({0.5F, static_cast<float>(std::log(2.0))}).view({1, 2});
  const policy::Action mean = head->act(said, at::zeros({1, 0}));
  EXPECT_NEAR(mean.coefficients_BA.item<double>(), std::exp(1.5), 1e-4);
  EXPECT_FALSE(mean.choice_BX.defined());
  const policy::Action drawn = head->act(said, at::full({1, 1}, -1.25F));
  EXPECT_NEAR(drawn.choice_BX.item<double>(), 1.5 - 2.5, 1e-5);
  EXPECT_NEAR(drawn.coefficients_BA.item<double>(), std::exp(-1.0), 1e-5);
  EXPECT_EQ(head->noise_size(), 0);
  AlphaHeadConfig sample = gaussian();
  sample.act = "sample";
  EXPECT_EQ(fitted(sample)->noise_size(), 1);
}

// The mean of the gradient of a log-density over what it draws is 0, in everything that is said.
TEST(LogAlpha, TheScoreFunctionHasNoMean) {
  constexpr int64_t kDraws = 40'000;
  const auto head = fitted(gaussian());
  const at::Tensor said = at::tensor({0.3F, -0.7F}).view({1, 2}).expand({kDraws, 2}).clone().set_requires_grad(true);
  at::Generator noise = at::detail::createCPUGenerator(5);
  const at::Tensor choice = head->act(said, at::randn({kDraws, 1}, noise)).choice_BX.detach();
  head->log_density(said, choice).sum().backward();
  const at::Tensor scores = said.grad();
  const at::Tensor error = scores.std(0) / std::sqrt(static_cast<double>(kDraws));
  for (int64_t i = 0; i < 2; ++i) {
    EXPECT_GT(scores.std(0)[i].item<double>(), 0.5) << i;
    EXPECT_LT(std::abs(scores.mean(0)[i].item<double>()), 4.0 * error[i].item<double>()) << i;
  }
}

// The loss is least where it says the labels' own mean and deviation.
TEST(LogAlpha, TheLossIsLeastAtTheLabelsOwnGaussian) {
  const auto head = fitted(gaussian());
  policy::Batch batch;
  batch.label_BTA = at::tensor({1.0F, static_cast<float>(std::exp(2.0))}).view({1, 2, 1});
  batch.label_weight_BT = at::ones({1, 2});
  batch.weight_B1 = at::ones({1, 1});
  const auto loss = [&](float mean, float log_deviation) {
    return head->loss(at::tensor({mean, log_deviation}).view({1, 1, 2}).expand({1, 2, 2}), batch).value.item<double>();
  };
  EXPECT_NEAR(loss(0.0F, 0.0F), 0.5, 1e-5);
  for (const auto& [mean, log_deviation] : {std::pair{0.2F, 0.0F}, {-0.2F, 0.0F}, {0.0F, 0.2F}, {0.0F, -0.2F}}) {
    EXPECT_GT(loss(mean, log_deviation), 0.5 + 0.01);
  }
}

}  // namespace
}  // namespace genbid::models

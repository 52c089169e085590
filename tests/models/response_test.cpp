#include "models/diffbid/response.h"

#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include "models/diffbid/diffbid.h"
#include "models/policy_samples.h"

// Curves of what an alpha brings, and plans of outcomes. N rows, P rows of a plan of X numbers, S features.

namespace genbid::models {
namespace {

using diffbid::Response;
using test::columns_of;
using test::kFeatures;
using test::sample_batch;

class Curves : public ::testing::Test {
 protected:
  Curves() {
    torch::manual_seed(5);
    response_ = Response(diffbid::ResponseOptions{4, 16, 2});
    response_->fit(at::linspace(20.0, 200.0, 1001).unsqueeze(1), at::tensor({0.5F, 2.0F}).expand({10, 2}));
    curves_ = response_->curves(at::randn({50, 4}));
  }

  Response response_{nullptr};
  diffbid::ResponseImpl::Curves curves_;
  torch::NoGradGuard no_grad_;
};

TEST_F(Curves, NothingIsBroughtByNothingAndNeverLessByMore) {
  at::Tensor before = response_->brought(curves_, at::zeros({50, 1}));
  EXPECT_TRUE(at::equal(before, at::zeros({50, 2})));
  for (const double alpha : {1.0, 20.0, 60.0, 110.0, 200.0, 2000.0}) {
    const at::Tensor brought = response_->brought(curves_, at::full({50, 1}, alpha));
    EXPECT_TRUE((brought > before).all().item<bool>()) << alpha;
    before = brought;
  }
}

// Read the other way round, a curve says the alpha again: to float32's digits where it is not flat.
TEST_F(Curves, AnAlphaIsFoundFromWhatItBrings) {
  for (const double alpha : {25.0, 60.0, 110.0, 190.0}) {
    const at::Tensor brought = response_->brought(curves_, at::full({50, 1}, alpha));
    EXPECT_TRUE(at::allclose(response_->alpha_for(curves_, brought), at::full({50, 1}, alpha), 1e-3)) << alpha;
  }
}

TEST_F(Curves, WhatCannotBeBroughtAsksForAnAlphaWithinTheLabels) {
  const at::Tensor all = response_->alpha_for(curves_, at::full({50, 2}, 1e6));
  const at::Tensor none = response_->alpha_for(curves_, at::zeros({50, 2}));
  EXPECT_LE(all.max().item<double>(), 200.001);
  EXPECT_GE(none.min().item<double>(), 19.999);
  EXPECT_TRUE((all >= none).all().item<bool>());
}

// Days of eight ticks that offer from 0.5 to 4 conversions.
class PlanOfOutcomes : public ::testing::Test {
 protected:
  PlanOfOutcomes() : batch_(sample_batch(6, 8)) {
    batch_.seen.states_BTS.select(2, 12).copy_(at::linspace(0.5, 4.0, 8).expand({6, 8}));
    batch_.label_BTA = batch_.seen.actions_BTA + 40.0;
    torch::manual_seed(1);
    policy_ =
        std::make_shared<DiffBid>(*test::small_model("diffbid.outcomes_warm").get_if<DiffBidConfig>(), test::kShape);
    policy_->fit(columns_of(batch_));
    policy_->eval();
  }

  DiffBid::DenoisingTask task(const policy::Batch& batch) const {
    at::Generator noise = at::detail::createCPUGenerator(3);
    return policy_->denoising_task(batch, noise);
  }

  policy::Batch batch_;
  std::shared_ptr<DiffBid> policy_;
  torch::NoGradGuard no_grad_;
};

// A decision sees what training saw: the rows that are known are the same numbers.
TEST_F(PlanOfOutcomes, AHistoryIsReadAsTrainingReadsADay) {
  const DiffBid::DenoisingTask learned = task(batch_);
  policy::Ticks history = batch_.seen;
  history.mask_BT = learned.known_BP1.slice(1, 0, 8).squeeze(-1).to(at::kFloat);
  const policy::Action action = test::act(*policy_, history, batch_.outcome_BO);
  const auto known = [&](const at::Tensor& x_BPX) { return x_BPX.masked_select(learned.known_BP1); };
  ASSERT_EQ(action.carry[0].sizes(), (at::IntArrayRef{6, 9, kFeatures + 2}));
  // What has come is a difference of sums there, so its last digits differ.
  EXPECT_TRUE(at::allclose(known(action.carry[0]), known(learned.x_BPX), 1e-5, 1e-5));
  EXPECT_GT(known(learned.x_BPX).std().item<double>(), 0.1);
}

// A label that differs from what was done changes what plans are taught of a tick, but where it has no weight.
TEST_F(PlanOfOutcomes, PlansAreTaughtWhatLabelsBring) {
  const auto outcomes = [&](const policy::Batch& batch) { return task(batch).target_BPX.slice(2, kFeatures); };
  policy::Batch higher = batch_;
  higher.label_BTA = batch_.label_BTA + 40.0;
  EXPECT_TRUE((outcomes(higher) >= outcomes(batch_)).all().item<bool>());  // equal where scaling cuts
  EXPECT_TRUE((outcomes(higher) > outcomes(batch_)).any().item<bool>());
  policy::Batch unlabelled = batch_;
  unlabelled.label_weight_BT = at::zeros_like(batch_.label_weight_BT);
  higher.label_weight_BT = unlabelled.label_weight_BT;
  EXPECT_TRUE(at::equal(outcomes(higher), outcomes(unlabelled)));
  EXPECT_FALSE(at::equal(outcomes(batch_), outcomes(unlabelled)));
}

}  // namespace
}  // namespace genbid::models

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "eval/policy_bidder.h"
#include "eval/sample_rows.h"
#include "models/policy_samples.h"
#include "models/registry.h"
#include "train/pretend_device.h"

// Policies that act on a device (pretend_device.h).

namespace genbid::eval {
namespace {

using test::Announced;
using test::pretend_device;

class Acting : public ::testing::TestWithParam<std::string> {
 protected:
  static std::shared_ptr<policy::Policy> fitted() {
    const auto policy = models::make_policy(test::small_model(GetParam()), test::kShape, 1);
    const policy::Batch batch = test::sample_batch(8, policy->window());
    policy->fit(test::columns_of(batch));
    policy->eval();
    return policy;
  }

  // Three ticks of a block that is not full, so that both devices compute in one shape.
  static std::vector<BidFormula> bids_on(c10::Device device) {
    at::set_num_threads(1);
    const Announced announced;
    const auto policy = fitted();
    policy->to(device);
    Threads threads(2);
    PolicyBidder bidder(policy, {.device = device}, threads);
    test::Rows rows(40);
    bidder.reset(rows.views);
    std::vector<BidFormula> all;
    for (int tick = 0; tick < 3; ++tick) {
      const test::Traffic before = test::traffic();
      std::vector<BidFormula> bids(40);
      bidder.bid(rows.views, bids);
      all.insert(all.end(), bids.begin(), bids.end());
      rows.advance();
      if (device.is_cpu()) continue;
      const test::Traffic after = test::traffic();
      EXPECT_EQ(after.copies_in - before.copies_in, 1);
      EXPECT_EQ(after.copies_out - before.copies_out, 1);
      EXPECT_EQ(after.waits - before.waits, 0);  // but for the copy
    }
    return all;
  }
};

TEST_P(Acting, BidsWhatItBidsOnTheCpuWithOneCopyThereAndOneBackATick) {
  const auto there = bids_on(pretend_device());
  const auto here = bids_on(c10::kCPU);
  ASSERT_EQ(there.size(), here.size());
  for (size_t i = 0; i < here.size(); ++i) {
    EXPECT_EQ(there[i].value, here[i].value) << i;
    EXPECT_EQ(there[i].value_squared, here[i].value_squared) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Registry, Acting, ::testing::ValuesIn(test::policy_variants()),
                         [](const auto& tested) { return test::variant_name(tested.param); });

}  // namespace
}  // namespace genbid::eval

#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/threads.h"
#include "bidding/decision_noise.h"
#include "bidding/bidder.h"
#include "policy/observation.h"
#include "policy/policy.h"

namespace genbid::eval {

struct PolicyBidderOptions {
  SeenOptions seen = {};
  Wishes wishes = {};                   // for each period; where there is none: the policy's own
  int64_t num_ticks = kTicksPerPeriod;  // of the days that the policy was trained on; others are an Error
  std::string checkpoint = {};          // for that message
  int64_t seed = 0;  // of the policy's noise, with period, seat and tick: all policies of a size meet the same
  c10::Device device = c10::kCPU;  // where the policy is, and acts
};

// A policy as a bidder. Every tick it asks the policy once for all its rows, in blocks of 48 rows, each block on
// one LibTorch thread, blocks in parallel: actions do not depend on the number of threads. LibTorch must be set to
// one thread (at::set_num_threads(1)). On another device it is asked for all rows at once: one copy goes there a tick,
// and one comes back, the only wait.
class PolicyBidder : public Bidder {
 public:
  static constexpr int64_t kBlockRows = 48;

  PolicyBidder(std::shared_ptr<policy::Policy> policy, const PolicyBidderOptions& options, Threads& threads);

  void reset(std::span<const SeatView> rows) override;
  void bid(std::span<const SeatView> rows, std::span<BidFormula> bids) override;

 private:
  void act(const at::Tensor& noise_BN, std::span<BidFormula> bids, int64_t block);
  void act_there(const at::Tensor& noise_BN, std::span<BidFormula> bids);  // for all rows, on another device
  static void write(const at::Tensor& coefficients_BA, std::span<BidFormula> bids);

  std::shared_ptr<policy::Policy> policy_;
  PolicyBidderOptions options_;
  DecisionNoise noise_;
  at::Tensor wishes_BO_;  // of a block, or of all rows on another device
  Threads& threads_;
  policy::Observation observation_;             // rows filled up to whole blocks
  int64_t tick_ = 0;                            // of the period, 0 at reset
  std::vector<std::vector<at::Tensor>> carry_;  // one a block; on another device one of all rows
};

}  // namespace genbid::eval

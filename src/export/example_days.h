#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "bidding/advertiser.h"
#include "bidding/decision_noise.h"
#include "policy/observation.h"
#include "policy/policy.h"

// Days of made-up campaigns, on which a bundle is compared with the policy that it was made of: what a policy is handed
// must look like a day, or it says nothing. Among the rows are those at the ends: no traffic, nothing won, all won for
// nothing, no money left, and budgets that never end.

namespace genbid::exporting {

class ExampleDays {
 public:
  ExampleDays(const policy::Policy& policy, const SeenOptions& seen, int64_t ticks, int64_t rows, int64_t seed);

  int64_t rows() const { return rows_; }
  int64_t tick() const { return tick_; }
  bool ended() const { return tick_ == ticks_; }
  // What the policy is handed at this tick: views that are good until the days move on.
  policy::Ticks history();
  at::Tensor wishes_BO() const { return wishes_BO_; }
  at::Tensor noise_BN() const;  // of this tick
  // The rows bid these coefficients, something comes of it, and the next tick begins.
  void bid(const at::Tensor& coefficients_BA);

 private:
  struct Campaign {
    Advertiser advertiser;
    TickHistory history;
    TickOutcome last;
    TickStart now;
  };
  void begin_tick();
  std::vector<SeatView> views() const;

  int64_t rows_;
  int64_t ticks_;
  int64_t tick_ = 0;
  int64_t noise_size_;
  RandomStream draws_;
  DecisionNoise noise_;
  policy::Observation observation_;
  at::Tensor wishes_BO_;
  std::vector<Campaign> campaigns_;
};

}  // namespace genbid::exporting

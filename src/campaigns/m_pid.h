#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/config/config.h"
#include "campaigns/click_day.h"
#include "campaigns/click_sums.h"

namespace genbid::campaigns {

// M-PID (KDD 2019, arXiv 1905.10928): each of the two multipliers of the optimal bid, l1 of the budget and l2 of the
// limit (click_optimum.h), is moved by a PID controller, and each controller's signal reaches the other's multiplier.
// Errors are relative: the share of the budget that has not been spent in time, and by how much clicks are cheaper than
// the limit, weighted by how many there were.
struct MPidConfig {
  double budget_kp = 5.0;  // weights of the budget's errors: of the last slots' (kp), of all (ki), of their change (kd)
  double budget_ki = 5.0;
  double budget_kd = 0.1;
  double ppc_kp = 0.1;
  double ppc_ki = 3.0;
  double ppc_kd = 0.05;
  double budget_mix = 0.9;  // share of its own signal in what moves a multiplier; the rest is the other one's
  double ppc_mix = 0.75;
  double least_share = 0.05;  // the smaller multiplier begins at this share of the larger at least: a factor moves no 0
  int64_t every = 2;          // slots: half an hour of 96

  void fields(ConfigVisitor& v);
};

class MPid {
 public:
  // `start`: what it bids at first. `spend_shares`: how the budget is to be spent, a share a slot; their sum is 1.
  MPid(const MPidConfig& config, const ClickLimits& limits, const ClickBid& start, std::span<const float> spend_shares);

  // The bid for the next slot, knowing what the day has brought so far.
  ClickBid next(const ClickSums& so_far);

 private:
  struct Pid {
    double sum = 0.0;
    double last = 0.0;
    // The signal after an error.
    double signal(double kp, double ki, double kd, double error);
  };

  MPidConfig config_;
  ClickLimits limits_;
  std::span<const float> spend_shares_;
  double first_budget_;  // the multipliers at first
  double first_ppc_;
  ClickBid bid_;
  int64_t slot_ = 0;
  double planned_ = 0.0;  // share of the budget since the last move
  ClickSums at_last_move_;
  Pid of_budget_;
  Pid of_ppc_;
};

}  // namespace genbid::campaigns

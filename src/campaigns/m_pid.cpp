#include "campaigns/m_pid.h"

#include <algorithm>
#include <cmath>

#include "base/convert.h"
#include "campaigns/click_play.h"

namespace genbid::campaigns {
namespace {

constexpr double kFarthest = 5.0;  // of a signal: a factor of 150
constexpr double kMostOver = 2.0;  // of the limit's error, where clicks cost many times as much

}  // namespace

void MPidConfig::fields(ConfigVisitor& v) {
  v.field("budget_kp", budget_kp, {0.0, 1e3});
  v.field("budget_ki", budget_ki, {0.0, 1e3});
  v.field("budget_kd", budget_kd, {0.0, 1e3});
  v.field("ppc_kp", ppc_kp, {0.0, 1e3});
  v.field("ppc_ki", ppc_ki, {0.0, 1e3});
  v.field("ppc_kd", ppc_kd, {0.0, 1e3});
  v.field("budget_mix", budget_mix, {0.0, 1.0});
  v.field("ppc_mix", ppc_mix, {0.0, 1.0});
  v.field("least_share", least_share, {1e-6, 1.0});
  v.field("every", every, {1, 288});
}

double MPid::Pid::signal(double kp, double ki, double kd, double error) {
  sum += error;
  const double change = error - last;
  last = error;
  return kp * error + ki * sum + kd * change;
}

MPid::MPid(const MPidConfig& config, const ClickLimits& limits, const ClickBid& start,
           std::span<const float> spend_shares)
    : config_(config), limits_(limits), spend_shares_(spend_shares), bid_(start) {
  const double alpha = std::max(start.alpha, 1e-9);
  first_budget_ = (1.0 - start.beta) / alpha;
  first_ppc_ = start.beta / alpha;
  const double least = config.least_share * std::max(first_budget_, first_ppc_);
  first_budget_ = std::max(first_budget_, least);
  first_ppc_ = std::max(first_ppc_, least);
}

ClickBid MPid::next(const ClickSums& so_far) {
  if (slot_ > 0 && slot_ % config_.every == 0) {
    const double cost = so_far.cost - at_last_move_.cost;
    const double clicks = so_far.clicks - at_last_move_.clicks;
    const double unspent = planned_ - cost / limits_.budget;
    const double cheaper = clicks > 0.0 ? std::max(-kMostOver, 1.0 - cost / clicks / limits_.ppc) : 0.0;
    const double weight = so_far.clicks > 0.0 ? clicks / so_far.clicks : 0.0;
    const double budget = of_budget_.signal(config_.budget_kp, config_.budget_ki, config_.budget_kd, unspent);
    const double ppc = of_ppc_.signal(config_.ppc_kp, config_.ppc_ki, config_.ppc_kd, weight * cheaper);
    const auto moved = [](double first, double signal) {
      return first * std::exp(-std::clamp(signal, -kFarthest, kFarthest));
    };
    const double l1 = moved(first_budget_, config_.budget_mix * budget + (1.0 - config_.budget_mix) * ppc);
    const double l2 = moved(first_ppc_, config_.ppc_mix * ppc + (1.0 - config_.ppc_mix) * budget);
    bid_ = {1.0 / (l1 + l2), l2 / (l1 + l2)};
    planned_ = 0.0;
    at_last_move_ = so_far;
  }
  planned_ += as_double(spend_shares_[to_size(slot_)]);
  ++slot_;
  return bid_;
}

}  // namespace genbid::campaigns

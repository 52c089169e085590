#include "campaigns/m_pid.h"

#include <gtest/gtest.h>

#include <vector>

#include "campaigns/click_optimum.h"
#include "campaigns/click_play.h"
#include "campaigns/made_days.h"

namespace genbid::campaigns {
namespace {

constexpr int64_t kSlots = 24;

ClickSums play(const ClickDay& day, const ClickLimits& limits, MPid& controller) {
  ClickSums sums;
  for (int64_t slot = 0; slot < day.num_slots(); ++slot) {
    sums += play_slots(day, slot, slot + 1, controller.next(sums), limits.ppc, limits.budget - sums.cost).sums;
  }
  return sums;
}

std::vector<float> even() { return std::vector<float>(kSlots, 1.0F / kSlots); }

// Without gains the bid stays, but for the multiplier of 0 that became the least share.
TEST(MPid, KeepsItsBidWithoutGains) {
  const std::vector<float> shares = even();
  MPidConfig config;
  config.budget_kp = config.budget_ki = config.budget_kd = config.ppc_kp = config.ppc_ki = config.ppc_kd = 0.0;
  MPid controller(config, {10.0, 0.5}, {0.2, 0.5}, shares);
  for (int64_t slot = 0; slot < kSlots; ++slot) {
    const ClickBid bid = controller.next({});
    EXPECT_NEAR(bid.alpha, 0.2, 1e-12);
    EXPECT_NEAR(bid.beta, 0.5, 1e-12);
  }
}

// What was not spent in time raises alpha, clicks that cost too much raise the share of the limit in the bid.
TEST(MPid, FollowsItsErrors) {
  const std::vector<float> shares = even();
  MPidConfig config;
  config.every = 1;
  config.budget_mix = config.ppc_mix = 1.0;
  MPid idle(config, {10.0, 0.5}, {0.2, 0.5}, shares);
  idle.next({});
  EXPECT_GT(idle.next({}).alpha, 0.2);
  MPid dear(config, {1e9, 0.5}, {0.2, 0.5}, shares);
  dear.next({});
  EXPECT_GT(dear.next({1.0, 10.0, 10.0, 5}).beta, 0.5);  // a click costs twice the limit
}

// Begun at half and at twice the best alpha, it ends nearer to the optimum than the bid that is kept, for a day that
// the budget binds and one that the limit does.
TEST(MPid, BringsWrongBidsNearerToTheOptimum) {
  const ClickDay day = test::made_day(5, kSlots, 400);
  const ClickSums all = play_slots(day, 0, kSlots, {1e6, 0.0}, 1.0, 1e9).sums;
  const double ppc = 0.6 * all.cost / all.clicks;
  const ClickBid within = click_optimum(day, {1e6, ppc}).bid;
  const double spendable = play_slots(day, 0, kSlots, within, ppc, 1e9).sums.cost;
  for (const ClickLimits& limits : {ClickLimits{0.3 * all.cost, 1.2}, ClickLimits{1.3 * spendable, ppc}}) {
    const ClickOptimum best = click_optimum(day, limits);
    for (const double factor : {0.5, 2.0}) {
      const ClickBid start{factor * best.bid.alpha, best.bid.beta};
      const std::vector<float> shares = even();
      MPidConfig config;
      config.every = 1;
      MPid controller(config, limits, start, shares);
      const double moved = res(play(day, limits, controller), best.value, limits.ppc);
      const double kept =
          res(play_slots(day, 0, kSlots, start, limits.ppc, limits.budget).sums, best.value, limits.ppc);
      EXPECT_GT(moved, kept) << limits.budget << " " << factor;
    }
  }
}

}  // namespace
}  // namespace genbid::campaigns

#include "eval/hindsight_pass.h"

#include <utility>

#include "base/convert.h"

namespace genbid::eval {

Advertiser judged_campaign(const EvaluationPlan& plan, int seat) {
  return play::scaled_campaign(at(plan.population.seats, seat), plan.market, true);
}

HindsightPass::HindsightPass(const EvaluationPlan& plan, market::Market& market, bool with_slots)
    : plan_(plan),
      market_(market),
      with_slots_(with_slots),
      seated_(plan.population, plan.market.bidder_rules(), plan.market.shape().ticks),
      is_chain_(keep_state_between_periods(seated_.bidders)) {}

std::vector<play::SeatHindsight> HindsightPass::play(int64_t period, bool with_plans) {
  const market::Cell population = play::make_cell(plan_.population, period, plan_.market);
  if (!responses_) responses_ = play::responses_for(market_, population, with_slots_);
  const std::vector<double> before = memory();
  const auto record = [&](oracle::Responses& day) {
    remember(before);  // a day that is recorded again is the same day
    return play::record_responses(market_, population, seated_.bidders, seated_.seat_bidder, day);
  };
  if (!record(*responses_)) return {};
  std::vector<oracle::Judged> judged;
  for (const int seat : plan_.seats) {
    const Advertiser campaign = judged_campaign(plan_, seat);
    judged.push_back({seat, {campaign.budget, campaign.cpa_limit}});
  }
  std::vector<play::SeatHindsight> seats(plan_.seats.size());
  const auto judge = [&](const oracle::Responses& day) {
    return play::for_each_hindsight(day, judged, market_.threads(), [&](size_t i, play::SeatHindsight hindsight) {
      if (!with_plans) hindsight.plan.reset();
      seats[i] = std::move(hindsight);
    });
  };
  const std::string where = "period " + std::to_string(period);
  if (!oracle::judge_fitted(*responses_, judged, record, judge, where)) return {};
  return seats;
}

}  // namespace genbid::eval

#include "runs/relabel_days.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/convert.h"
#include "base/error.h"
#include "base/random/random.h"
#include "bidding/advertiser.h"
#include "bidding/state_features.h"
#include "data/trajectory_builder.h"
#include "oracle/day_plan.h"
#include "oracle/optima.h"
#include "oracle/tape.h"
#include "softmarket/players.h"
#include "softmarket/tapes.h"
#include "softmarket/teacher.h"
#include "train/device.h"
#include "train/tape_days.h"

// B cells, T ticks.

namespace genbid::runs {
namespace {

constexpr int64_t kCellsAtOnce = 256;  // labels take 1 KB a cell and tick

struct Campaign {
  int64_t seat = 0;    // of the day
  int64_t number = 0;  // of the seat's campaigns
  float budget = 0.0F, cpa_limit = 0.0F;
  float alpha = 0.0F;  // of constants, in CPA limits
};

double within(const RealInterval& range, uint32_t bits) { return train::FactorRange{range.low, range.high}.draw(bits); }

// The campaigns under which days are played, by number, then by seat.
std::vector<Campaign> draw_campaigns(const data::TapeColumns& tape, const RelabelSettings& settings) {
  const RandomStream stream(static_cast<uint64_t>(settings.seed), "relabel.campaigns");
  const bool any = train::parse_campaigns(settings.campaigns) == train::Campaigns::kAny;
  const int64_t period = tape.period.front();
  const int64_t seats = tape.num_days();
  std::vector<Campaign> campaigns;
  for (int64_t number = 0; number < settings.days_each; ++number) {
    for (int64_t seat = 0; seat < seats; ++seat) {
      const auto bits =
          stream.bits(low_word(period), high_word(period), static_cast<uint32_t>(seat), static_cast<uint32_t>(number));
      const int64_t from = any ? static_cast<int64_t>(uniform_double(bits[0]) * as_double(seats)) : seat;
      campaigns.push_back({seat, number, as_float(at(tape.budget, from) * within(settings.budget_scale, bits[1])),
                           as_float(at(tape.cpa_limit, from) * within(settings.cpa_scale, bits[2])),
                           as_float(within(settings.alpha, bits[3]))});
    }
  }
  return campaigns;
}

softmarket::Cells cells_of(std::span<const Campaign> campaigns) {
  std::vector<int64_t> days;
  std::vector<float> constraint;
  for (const Campaign& one : campaigns) {
    days.push_back(one.seat);
    constraint.push_back(one.budget);
    constraint.push_back(one.cpa_limit);
  }
  return {at::tensor(days, at::kLong), at::tensor(constraint).view({-1, 2})};
}

// The plan of each seat's day, from the tape's curves.
std::vector<oracle::DayPlan> make_plans(const data::TapeColumns& tape) {
  std::vector<oracle::DayPlan> plans;
  std::vector<oracle::Knot> knots(to_size(tape.num_knots()));
  constexpr auto kNumbers = to_size(data::TapeColumns::kNumbers);
  for (int64_t seat = 0; seat < tape.num_days(); ++seat) {
    const oracle::AlphaGrid grid{at(tape.lowest, seat), to_int(tape.octaves)};
    const oracle::CurveReader reader(grid, to_int(tape.knots_per_octave));
    plans.emplace_back(grid, to_int(tape.ticks), [&](int tick) {
      const float* from = &tape.knots[(to_size(seat * tape.ticks) + to_size(tick)) * knots.size() * kNumbers];
      for (oracle::Knot& knot : knots) {
        knot = {from[0], from[1], from[2], from[3], from[4], from[5]};
        from += kNumbers;
      }
      return reader.read(knots);
    });
  }
  return plans;
}

// What was played of some cells, on the CPU.
struct Played {
  softmarket::Day day;
  at::Tensor labels_BT;

  static std::span<const float> row(const at::Tensor& x_BX, int64_t row) {
    const int64_t width = x_BX.numel() / x_BX.size(0);
    return {x_BX.const_data_ptr<float>() + row * width, to_size(width)};
  }
};

Played play(const softmarket::Tapes& tapes, const softmarket::Teacher& teacher, std::span<const Campaign> campaigns,
            const RelabelSettings& settings, policy::Policy* policy, bool realised, at::Generator& noise) {
  const softmarket::Cells cells = cells_of(campaigns);
  softmarket::DayOptions options;
  options.feature_set = parse_feature_set(settings.features);
  options.realised_reward = realised;
  options.softness = 0.0;
  std::unique_ptr<policy::Policy> player;
  if (settings.player == "constants") {
    std::vector<float> factors;
    for (const Campaign& one : campaigns) factors.push_back(one.alpha);
    player = std::make_unique<softmarket::ConstantBids>(at::tensor(factors).view({-1, 1}));
  } else if (settings.player == "teacher") {
    player = std::make_unique<softmarket::TeacherBids>(teacher, cells);
  }
  policy::Policy& who = player ? *player : *policy;
  Played played;
  played.day = softmarket::play_day(who, who.wishes(), tapes, cells, options, noise);
  played.labels_BT = teacher.labels_BT(cells, played.day).contiguous();
  for (at::Tensor* one : {&played.day.states_BTS, &played.day.actions_BT, &played.day.alphas_BT, &played.day.costs_BT,
                          &played.day.values_BT, &played.day.conversions_BT, &played.day.score_B, &played.day.value_B,
                          &played.day.cost_B}) {
    *one = one->contiguous();
  }
  return played;
}

void check_finite(std::span<const float> alphas, int64_t period, int64_t seat) {
  const auto bad = std::find_if(alphas.begin(), alphas.end(), [](float alpha) { return !std::isfinite(alpha); });
  if (bad == alphas.end()) return;
  throw Error("period " + std::to_string(period) + ", seat " + std::to_string(seat) + ", tick " +
              std::to_string(bad - alphas.begin()) + ": the policy asked for an alpha that is no finite number");
}

data::Trajectory trajectory_of(const Played& played, int64_t row, const Campaign& campaign, int64_t period,
                               int64_t seats) {
  const softmarket::Day& day = played.day;
  const auto copy = [&](const at::Tensor& x_BX) {
    const auto values = Played::row(x_BX, row);
    return std::vector<float>(values.begin(), values.end());
  };
  data::Trajectory t;
  t.head.period = period;
  t.head.advertiser = campaign.number * seats + campaign.seat;
  t.head.category = static_cast<int32_t>(campaign.seat / kSeatsPerCategory);
  t.head.budget = as_double(campaign.budget);
  t.head.cpa = as_double(campaign.cpa_limit);
  t.head.cost = as_double(Played::row(day.cost_B, row)[0]);
  t.state = copy(day.states_BTS);
  t.action = copy(day.actions_BT);
  t.reward = copy(day.conversions_BT);
  t.reward_continuous = copy(day.values_BT);
  t.num_ticks = to_int(t.action.size());
  for (const float conversions : t.reward) t.head.conversions += as_double(conversions);
  return t;
}

// The day of `trajectory`, whose marks `done` it sets. Who has no money bids nothing.
data::TrajectoryLabels labels_of(const Played& played, int64_t row, const oracle::DayPlan& plan,
                                 data::Trajectory& trajectory) {
  const auto asked = Played::row(played.day.alphas_BT, row);
  const auto constants = Played::row(played.labels_BT, row);
  const auto costs = Played::row(played.day.costs_BT, row);
  const data::TrajectoryHead& head = trajectory.head;
  const size_t width = trajectory.state.size() / asked.size();
  data::TrajectoryLabels labels;
  labels.best_constant = as_double(constants[0]);
  labels.optimum = oracle::best_per_tick(plan, {head.budget, head.cpa}).score;
  oracle::Point so_far;
  for (size_t tick = 0; tick < asked.size(); ++tick) {
    const double left = head.budget * as_double(trajectory.state[tick * width + kFeatureBudgetLeft]);
    const bool may_bid = left >= kMinRemainingBudget;
    trajectory.done.push_back(!may_bid || tick + 1 == asked.size() ? 1 : 0);
    if (!may_bid) trajectory.action[tick] = 0.0F;
    labels.asked.push_back(may_bid ? asked[tick] : 0.0F);
    labels.rest_constant.push_back(may_bid ? constants[tick] : 0.0F);
    labels.best_rest.push_back(may_bid ? as_float(plan.now(to_int(tick), so_far, left, head.cpa).alpha) : 0.0F);
    so_far.value += as_double(trajectory.reward_continuous[tick]);
    so_far.cost += as_double(costs[tick]);
  }
  return labels;
}

}  // namespace

RelabelledPeriod relabel_period(data::TapeColumns tape, const RelabelSettings& settings, policy::Policy* policy,
                                bool realised) {
  const at::AutoGradMode gradients(policy != nullptr && policy->act_needs_gradients());
  const int64_t period = tape.period.front();
  const int64_t seats = tape.num_days();
  const std::vector<Campaign> campaigns = draw_campaigns(tape, settings);
  const std::vector<oracle::DayPlan> plans = make_plans(tape);
  const softmarket::Tapes tapes(std::move(tape), at::kCPU);
  const softmarket::Teacher teacher(tapes);
  at::Generator noise = train::generator_on(
      at::kCPU, derive_seed(static_cast<uint64_t>(settings.seed), "relabel.noise", static_cast<uint64_t>(period)));

  RelabelledPeriod result;
  for (int64_t begin = 0; begin < std::ssize(campaigns); begin += kCellsAtOnce) {
    const auto part = std::span(campaigns)
                          .subspan(to_size(begin))
                          .first(to_size(std::min(kCellsAtOnce, std::ssize(campaigns) - begin)));
    const Played played = play(tapes, teacher, part, settings, policy, realised, noise);
    for (int64_t row = 0; row < std::ssize(part); ++row) {
      const Campaign& campaign = part[to_size(row)];
      check_finite(Played::row(played.day.alphas_BT, row), period, campaign.seat);
      data::Trajectory trajectory = trajectory_of(played, row, campaign, period, seats);
      const data::TrajectoryLabels labels = labels_of(played, row, at(plans, campaign.seat), trajectory);
      result.columns.append(trajectory);
      result.columns.append(labels);
      result.score += as_double(Played::row(played.day.score_B, row)[0]);
      result.optimum += labels.optimum;
      const double worth = trajectory.head.cpa * as_double(Played::row(played.day.value_B, row)[0]);
      result.num_over += trajectory.head.cost > worth ? 1 : 0;
    }
  }
  return result;
}

}  // namespace genbid::runs

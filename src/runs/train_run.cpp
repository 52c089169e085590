#include "runs/train_run.h"

#include <algorithm>

#include "bidding/state_features.h"
#include "train/tape_days.h"
#include "train/trajectory_weights.h"

namespace genbid::runs {

namespace {

bool disjoint(const PeriodList& seen, const PeriodList& held_out) {
  return std::none_of(held_out.values.begin(), held_out.values.end(), [&](int64_t p) {
    return std::find(seen.values.begin(), seen.values.end(), p) != seen.values.end();
  });
}

}  // namespace

void StoreConfig::fields(ConfigVisitor& v) {
  v.required_path("path", path);
  v.field("weight", weight, {1e-6, 1e6});
  v.field("train_periods", train_periods);
  v.field("held_out_periods", held_out_periods);
}

void DataConfig::fields(ConfigVisitor& v) {
  v.list("store", store, "path");
  v.field("train_periods", train_periods);
  v.field("held_out_periods", held_out_periods);
  v.field("labels", labels, train::label_names());
  v.field("reward", reward, train::reward_names());
  v.field("weights", weights, train::weighing_names());
  v.field("weight_temperature", weight_temperature, {1e-3, 1e3});
  v.field("weight_limit", weight_limit, {1.0, 1e6});
  v.field("ticks", ticks, train::counted_ticks_names());
  v.field("starts", starts, train::starts_names());
  v.field("max_action", max_action, {0.0, 1e30});
  v.field("memory_megabytes", memory_megabytes, {0, 1'000'000'000});
  v.path("scratch", scratch, /*may_be_empty=*/true);
  const bool all_name_theirs =
      std::all_of(store.begin(), store.end(), [](const StoreConfig& one) { return !one.train_periods.values.empty(); });
  v.check(store.empty() || all_name_theirs || !train_periods.values.empty(), "train_periods", "at least one period");
  v.check(disjoint(train_periods, held_out_periods), "held_out_periods", "periods that are not among train_periods");
  for (const StoreConfig& one : store) {
    const PeriodList& seen = one.train_periods.values.empty() ? train_periods : one.train_periods;
    v.check(disjoint(seen, one.held_out_periods), "store", "held_out_periods that are not among train_periods");
  }
}

void TapeFileConfig::fields(ConfigVisitor& v) {
  v.required_path("path", path);
  v.field("train_periods", train_periods);
  v.field("held_out_periods", held_out_periods);
}

void TapesConfig::fields(ConfigVisitor& v) {
  constexpr RealRange kScales{1e-3, 1e3};
  v.list("store", store, "path");
  v.field("train_periods", train_periods);
  v.field("held_out_periods", held_out_periods);
  v.field("seats", seats, "seat");
  v.field("cells", cells, {1, 1 << 20});
  v.field("features", features, feature_set_names());
  v.field("campaigns", campaigns, train::campaign_names());
  v.field("budget_scale", budget_scale, kScales);
  v.field("cpa_scale", cpa_scale, kScales);
  v.field("conversions", conversions, {"drawn", "expected"});
  v.field("softness", softness, {0.0, 0.2});  // beyond, much money would stay unspent
  v.field("cpa_penalty", cpa_penalty, {0.0, 1e6});
  v.field("cost_penalty", cost_penalty, {0.0, 1e6});
  v.field("weight", weight, {1e-6, 1e6});
  v.later_section("asked", asked, !asked.ranges().empty());
  v.later_section("ablate", ablate, ablate.uncertainty);
  const bool all_name_theirs = std::all_of(store.begin(), store.end(),
                                           [](const TapeFileConfig& one) { return !one.train_periods.values.empty(); });
  v.check(store.empty() || all_name_theirs || !train_periods.values.empty(), "train_periods", "at least one period");
  v.check(disjoint(train_periods, held_out_periods), "held_out_periods", "periods that are not among train_periods");
  for (const TapeFileConfig& one : store) {
    const PeriodList& seen = one.train_periods.values.empty() ? train_periods : one.train_periods;
    v.check(disjoint(seen, one.held_out_periods), "store", "held_out_periods that are not among train_periods");
  }
}

std::map<Outcome, RealInterval> AskedConfig::ranges() const {
  std::map<Outcome, RealInterval> asked = {
      {Outcome::kValue, value}, {Outcome::kBudgetUse, budget_use}, {Outcome::kCpa, cpa}};
  std::erase_if(asked, [](const auto& one) { return one.second.high == 0.0; });
  return asked;
}

void AskedConfig::fields(ConfigVisitor& v) {
  v.field("value", value, {0.0, 10.0});
  v.field("budget_use", budget_use, {0.0, 1.0});
  v.field("cpa", cpa, {0.0, 10.0});
}

void TuningMarketConfig::fields(ConfigVisitor& v) {
  fields_but_periods(v);
  v.field("periods", periods);
}

void RoundsConfig::fields(ConfigVisitor& v) {
  v.field("every", every, {0, 1'000'000'000});
  v.field("periods", periods, {1, 1 << 20});
  v.field("seats", seats, {1, kMaxSeats});
  v.field("keep", keep, {1, 1 << 20});
  v.field("share", share, {1e-6, 1.0});
  v.section("market", market);
  if (!on()) return;
  v.check(!market.periods.values.empty(), "market", "periods, which the policy is to play in its rounds");
  v.check(periods <= std::ssize(market.periods.values), "periods", "at most as many as market.periods names");
  v.check(seats <= market.shape().seats, "seats", "at most as many as the market has");
}

void SelectRunConfig::fields(ConfigVisitor& v) {
  train::SelectConfig::fields(v);
  v.field("protocol", protocol, {"market", "platform"});
  v.section("market", market);
  v.check(every == 0 || !market.periods.values.empty(), "market", "periods to be judged on, for tuning alone");
}

void TrainRunConfig::fields(ConfigVisitor& v) {
  v.required_path("run", run);
  v.section("data", data);
  v.section("tapes", tapes);
  v.section("model", model);
  v.section("train", train);
  if (has_policy_gradient()) v.section("policy_gradient", policy_gradient);
  v.check(policy_gradient.kl_weight == 0.0 || !train.initial.empty(), "policy_gradient",
          "a kl_weight of 0, or train.initial: a run to stay near to");
  v.section("rounds", rounds);
  v.section("select", select);
  v.check(!learns_from_logs() || !data.store.empty(), "data.store", "a trajectory store, or a list of these");
  v.check(!learns_in_market() || rounds.on() || !tapes.store.empty(), "tapes.store",
          "a file of response tapes, or a list of these, beside train.objective: " + train.objective +
              " (or rounds, in which they are made)");
  v.check(!rounds.on() || tapes.seats.values.empty(), "tapes", "no seats beside rounds, which draw seats of their own");
  v.check(!rounds.on() || plays_rounds(), "rounds", "none beside train.objective: " + train.objective);
  v.check(!rounds.on() || (rounds.share < 1.0) == !tapes.store.empty(), "rounds",
          tapes.store.empty() ? "a share of 1, as there is no tapes.store for the rest"
                              : "a share below 1, as the rest of a step's days are of tapes.store");
  v.check(learns_from_logs() || data.store.empty(), "data.store", "none beside train.objective: " + train.objective);
  v.check(learns_in_market() || tapes.store.empty(), "tapes.store", "none beside train.objective: logged");
  v.check(!tapes.ablate.uncertainty || train.objective != "teacher", "tapes.ablate.uncertainty",
          "false with train.objective: teacher, whose labels do not go by a day's score");
  v.check(tapes.asked.ranges().empty() || train.objective == "teacher", "tapes.asked",
          "nothing beside train.objective: " + train.objective + ", which does not say what brings it");
  v.check(tapes.asked.ranges().empty() || train.initial.empty(), "tapes.asked",
          "nothing beside train.initial, whose policy was fitted to what came of other days");
}

}  // namespace genbid::runs

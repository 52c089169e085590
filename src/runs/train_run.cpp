#include "runs/train_run.h"

#include <algorithm>

namespace genbid::runs {

void DataConfig::fields(ConfigVisitor& v) {
  v.required_path("store", store);
  v.required("train_periods", train_periods);
  v.field("held_out_periods", held_out_periods);
  v.field("labels", labels, train::label_names());
  v.field("reward", reward, train::reward_names());
  v.field("ticks", ticks, train::counted_ticks_names());
  v.field("starts", starts, train::starts_names());
  v.field("max_action", max_action, {0.0, 1e30});
  const auto& seen = train_periods.values;
  v.check(!seen.empty(), "train_periods", "at least one period");
  const bool disjoint = std::none_of(held_out_periods.values.begin(), held_out_periods.values.end(),
                                     [&](int64_t p) { return std::find(seen.begin(), seen.end(), p) != seen.end(); });
  v.check(disjoint, "held_out_periods", "periods that are not among train_periods");
}

void TuningMarketConfig::fields(ConfigVisitor& v) {
  fields_but_periods(v);
  v.field("periods", periods);
}

void SelectRunConfig::fields(ConfigVisitor& v) {
  train::SelectConfig::fields(v);
  v.section("market", market);
  v.check(every == 0 || !market.periods.values.empty(), "market", "periods to be judged on, for tuning alone");
}

void TrainRunConfig::fields(ConfigVisitor& v) {
  v.required_path("run", run);
  v.section("data", data);
  v.section("model", model);
  v.section("train", train);
  v.section("select", select);
  v.check(select.every == 0 || train.device == "cpu", "select",
          "every: 0 beside a train.device other than cpu: policies act on the CPU alone");
}

}  // namespace genbid::runs

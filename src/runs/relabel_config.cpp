#include "runs/relabel_config.h"

#include "bidding/state_features.h"
#include "train/tape_days.h"

namespace genbid::runs {

void RelabelSettings::keys(ConfigVisitor& v) {
  constexpr RealRange kScales{1e-3, 1e3};
  v.required("periods", periods);
  v.field("features", features, feature_set_names());
  v.field("campaigns", campaigns, train::campaign_names());
  v.field("days_each", days_each, {1, 10'000});
  v.field("budget_scale", budget_scale, kScales);
  v.field("cpa_scale", cpa_scale, kScales);
  v.field("player", player, {"constants", "policy", "teacher"});
  v.field("alpha", alpha, kScales);
  v.field("weights", weights, {"ema", "raw"});
  v.field("seed", seed, {0, int64_t{1} << 62});
  v.check(!periods.values.empty(), "periods", "at least one period");
}

void RelabelConfig::fields(ConfigVisitor& v) {
  v.required_path("tape", tape);
  v.required_path("output", output);
  settings.keys(v);
  v.path("policy", policy, true);
  v.field("threads", threads, {0, 1024});
  v.check((settings.player == "policy") == !policy.empty(), "policy",
          settings.player == "policy" ? "a run or a checkpoint, beside player: policy"
                                      : "none beside player: " + settings.player);
}

}  // namespace genbid::runs

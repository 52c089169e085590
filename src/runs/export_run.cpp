#include "runs/export_run.h"

#include <ATen/Parallel.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/config/config_json.h"
#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/shown.h"
#include "base/text_table.h"
#include "export/bundle_folder.h"
#include "runs/export_agents.h"
#include "runs/load_policy.h"
#include "runs/program.h"
#include "train/best_checkpoint.h"

namespace genbid::runs {
namespace {

using Json = nlohmann::ordered_json;

std::vector<serve::BundleFeature> features_of(const policy::CheckpointInfo& info, FeatureSet set) {
  std::vector<serve::BundleFeature> features;
  const std::vector<std::string>& names = feature_names(set);
  for (size_t i = 0; i < names.size(); ++i) {
    serve::BundleFeature feature = {names[i], feature_unit(names[i]), std::nullopt, std::nullopt};
    if (i < info.feature_ranges.size()) {
      feature.low = info.feature_ranges[i].first;
      feature.high = info.feature_ranges[i].second;
    }
    features.push_back(feature);
  }
  return features;
}

Json training_of(const LoadedPolicy& loaded, const std::string& weights) {
  Json training = {{"checkpoint", std::filesystem::path(loaded.checkpoint).filename().string()},
                   {"step", loaded.info.step},
                   {"weights", weights},
                   {"weights_xxh3_128", loaded.weights},
                   {"labels", loaded.info.labels},
                   {"program", loaded.info.program}};
  training["stores"] = Json::array();
  for (const policy::SeenStore& store : loaded.info.stores) {
    training["stores"].push_back({{"days", store.days},
                                  {"trained_on", store.train_periods},
                                  {"tuned_on", store.held_out_periods},
                                  {"data_xxh3_128", store.data}});
  }
  training["judged_days"] = loaded.info.judged_days;
  training["judged_periods"] = loaded.info.judged_periods;
  return training;
}

// What its training's judgements said of it; none if nobody judged.
Json results_of(const std::string& checkpoint, int64_t step) {
  const std::filesystem::path run = std::filesystem::path(checkpoint).parent_path().parent_path();
  const std::string file = (run / train::kBestFile).string();
  if (!std::filesystem::is_regular_file(file)) return Json::object();
  const Json best = Json::parse(read_file(file), nullptr, /*allow_exceptions=*/false);
  if (!best.is_object() || best.value("step", Json()) != step) return Json::object();  // of another checkpoint
  return {{"judged_in_training", best}};
}

}  // namespace

bool MatchingConfig::is_default() const {
  const MatchingConfig other;
  return store == other.store && set == other.set && of == other.of && days_back == other.days_back;
}

void MatchingConfig::fields(ConfigVisitor& v) {
  v.path("store", store, true);
  v.field("set", set, {"all", "train", "validation", "test"});
  v.field("of", of, {"next", "newest"});
  v.field("days_back", days_back, {1, 365});
  v.field("threads", threads, {0, 1024});
}

void ExportConfig::fields(ConfigVisitor& v) {
  v.required_path("checkpoint", checkpoint);
  v.required_path("output", output);
  v.field("weights", weights, {"ema", "raw"});
  v.field("version", version);
  v.field("layout", layout, {"bundle", "triton"});
  v.section("matching", matching);
  v.field("constraint", constraint);
  v.check(
      constraint.empty(), "constraint",
      "none: a bundle holds a policy's network, and what keeps it below a limit (planner, grm, another policy) must "
      "stand beside it; grm can be exported by itself");
}

ExportSummary export_checkpoint(const ExportConfig& config) {
  exporting::check_output(config.output);
  at::set_num_threads(1);  // sums as evaluation has them
  std::string path = config.checkpoint;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  if (is_campaign_training(path)) {
    ExportConfig agents = config;
    agents.checkpoint = path;
    return export_agents(agents);
  }
  if (!config.matching.is_default()) {
    throw ConfigError("matching: found settings for " + config.checkpoint +
                      ", expected none: it has no agents of campaigns");
  }
  const LoadedPolicy loaded =
      load_checkpoint(path, config.weights == "raw" ? policy::Weights::kRaw : policy::Weights::kEma);
  exporting::BundleSource source;
  source.policy = loaded.policy;
  source.shape = loaded.info.shape;
  if (loaded.info.observation.feature_set.empty()) {
    throw Error(loaded.checkpoint + ": found features of a file's own, expected a feature set (" +
                listed(feature_set_names()) + "), which the serving library can compute");
  }
  source.info.model = loaded.model;
  source.info.program = program_name();
  source.info.ticks = loaded.info.ticks;
  const FeatureSet set = parse_feature_set(loaded.info.observation.feature_set);
  source.info.observation = {set, loaded.info.observation.reward == "realised"};
  source.info.features = features_of(loaded.info, set);
  source.info.training = training_of(loaded, config.weights).dump();
  source.info.results = results_of(loaded.checkpoint, loaded.info.step).dump();
  source.info.config = config_json(read_file(loaded.checkpoint + "/config.yaml"));
  ExportSummary summary;
  summary.model = loaded.model;
  summary.checkpoint = loaded.checkpoint;
  summary.bundle = exporting::write_bundle(
      source, {config.output, config.version,
               config.layout == "triton" ? exporting::Layout::kTriton : exporting::Layout::kBundle});
  return summary;
}

std::string ExportSummary::text() const {
  char agreement[32];
  std::snprintf(agreement, sizeof(agreement), "%.1e", bundle.agreement.largest);
  return bundle.folder + (bundle.was_there ? ": was there with this content\n" : "\n") + "  " + model + " of " +
         checkpoint + ", version " + bundle.version + "\n  " + grouped(bundle.num_nodes) + " operators, " +
         grouped(bundle.num_weights) + " weights, " + grouped(bundle.bytes) + " bytes\n  compared with LibTorch in " +
         grouped(bundle.agreement.decisions) +
         (of_agents ? " bids of made-up campaigns: off by " + std::string(agreement) + " at most\n"
                    : " decisions of made-up days: off by " + std::string(agreement) +
                          " of the largest coefficient at most\n") +
         (matched > 0 ? "  matched " + grouped(matched) + " campaigns with their agents\n" : "");
}

std::string ExportSummary::json() const {
  Json json = {{"folder", bundle.folder},
               {"model", model},
               {"checkpoint", checkpoint},
               {"version", bundle.version},
               {"was_there", bundle.was_there},
               {"matched_campaigns", matched},
               {"operators", bundle.num_nodes},
               {"weights", bundle.num_weights},
               {"bytes", bundle.bytes},
               {"compared_decisions", bundle.agreement.decisions},
               {"largest_difference", bundle.agreement.largest}};
  if (!of_agents) json["mean_difference"] = bundle.agreement.mean;  // of agents the largest alone is told
  return json.dump(2) + "\n";
}

}  // namespace genbid::runs

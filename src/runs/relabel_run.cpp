#include "runs/relabel_run.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sstream>
#include <vector>

#include "base/config/period_text.h"
#include "base/convert.h"
#include "base/error.h"
#include "base/files/content_hash.h"
#include "base/progress.h"
#include "base/text_table.h"
#include "base/threads.h"
#include "bidding/state_features.h"
#include "data/replaceable.h"
#include "data/tape_store.h"
#include "data/trajectory_store.h"
#include "runs/load_policy.h"
#include "runs/program.h"
#include "runs/relabel_days.h"

namespace genbid::runs {
namespace {

void check_periods(const RelabelConfig& config, const data::TapeStore& store) {
  const std::set<int64_t> held(store.periods().begin(), store.periods().end());
  for (const int64_t period : config.settings.periods.values) {
    if (held.contains(period)) continue;
    throw Error(config.tape + ": found no period " + std::to_string(period) + ", expected one of " +
                period_ranges({held.begin(), held.end()}));
  }
}

LoadedPolicy load_player(const RelabelConfig& config, const data::TapeInfo& tape) {
  LoadedPolicy loaded =
      load_checkpoint(config.policy, config.settings.weights == "raw" ? policy::Weights::kRaw : policy::Weights::kEma);
  const policy::CheckpointInfo& info = loaded.info;
  if (info.ticks != tape.ticks) {
    throw Error(config.policy + ": found a policy for days of " + std::to_string(info.ticks) + " ticks, expected " +
                std::to_string(tape.ticks) + " as in " + config.tape);
  }
  if (info.observation.feature_set != config.settings.features) {
    throw Error("features: found " + config.settings.features + ", expected " + info.observation.feature_set +
                ", which " + config.policy + " reads");
  }
  return loaded;
}

nlohmann::ordered_json source(const std::string& path, const std::string& hash) {
  return {{"name", std::filesystem::path(path).filename().string()},
          {"size", static_cast<int64_t>(std::filesystem::file_size(path))},
          {"xxh3_128", hash}};
}

// The config of the tape, which says where its days come from, and how they were played again in a section of its own.
std::string config_text(const RelabelConfig& config, const data::TapeInfo& tape, const std::string& tape_hash,
                        const LoadedPolicy* loaded) {
  std::string text = tape.config;
  if (!text.empty() && text.back() != '\n') text += '\n';
  text += "relabel:\n";
  std::istringstream lines(print_config(config.settings, ""));
  for (std::string line; std::getline(lines, line);) text += "  " + line + "\n";
  text += "  tape: content " + tape_hash + "\n";
  if (loaded != nullptr) {
    text += "  policy: weights " + loaded->weights + ", step " + std::to_string(loaded->info.step) + "\n";
  }
  return text + "# relabelled by: " + program_name() + "\n";
}

data::TrajectoryStoreInfo store_info(const RelabelConfig& config, const data::TapeInfo& tape,
                                     const LoadedPolicy* loaded) {
  const std::string tape_hash = file_content_hash(config.tape);
  nlohmann::ordered_json sources = nlohmann::ordered_json::array({source(config.tape, tape_hash)});
  if (loaded != nullptr) sources.push_back(source(loaded->checkpoint + "/model.safetensors", loaded->weights));
  data::TrajectoryStoreInfo info;
  info.ticks = tape.ticks;
  info.seats = tape.seats;
  info.feature_set = config.settings.features;
  info.features = feature_names(parse_feature_set(info.feature_set));
  info.sources = sources.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  info.config = config_text(config, tape, tape_hash, loaded);
  info.labels = true;
  return info;
}

}  // namespace

RelabelSummary relabel(const RelabelConfig& config) {
  data::check_replaceable_store("output", config.output);
  at::set_num_threads(1);  // a period is one thread's
  const data::TapeStore tape(config.tape);
  check_periods(config, tape);
  std::optional<LoadedPolicy> loaded;
  if (config.settings.player == "policy") loaded = load_player(config, tape.info());
  data::TrajectoryStoreWriter writer(config.output);  // before the work: is there a place for it?
  const std::vector<int64_t>& periods = config.settings.periods.values;
  RelabelSummary summary;
  summary.output = config.output;
  summary.num_trajectories = std::ssize(periods) * tape.info().seats * config.settings.days_each;
  summary.num_rows = summary.num_trajectories * tape.info().ticks;
  writer.begin(store_info(config, tape.info(), loaded ? &*loaded : nullptr), summary.num_trajectories,
               summary.num_rows);

  Threads threads(static_cast<int>(config.threads));
  Progress progress("relabel", std::ssize(periods), "periods");
  double optimum = 0.0;
  int64_t num_over = 0;
  for (int64_t begin = 0; begin < std::ssize(periods); begin += threads.count()) {
    const int64_t count = std::min<int64_t>(threads.count(), std::ssize(periods) - begin);
    std::vector<data::TapeColumns> days;
    for (int64_t i = 0; i < count; ++i) days.push_back(tape.read(std::span(&at(periods, begin + i), 1)));
    std::vector<RelabelledPeriod> played(to_size(count));
    threads.parallel_for(count, 1, [&](int64_t first, int64_t end) {
      for (auto i = to_size(first); i < to_size(end); ++i) {
        played[i] = relabel_period(std::move(days[i]), config.settings, loaded ? loaded->policy.get() : nullptr,
                                   loaded && loaded->info.observation.reward == "realised");
      }
    });
    for (const RelabelledPeriod& one : played) {
      writer.append(one.columns);
      summary.score += one.score;
      optimum += one.optimum;
      num_over += one.num_over;
    }
    progress.update(begin + count);
  }
  writer.finish();
  progress.finish();
  summary.share_of_optimum = optimum > 0.0 ? summary.score / optimum : 1.0;
  summary.score /= as_double(summary.num_trajectories);
  summary.over_share = as_double(num_over) / as_double(summary.num_trajectories);
  return summary;
}

std::string RelabelSummary::text() const {
  return grouped(num_trajectories) + " trajectories, " + grouped(num_rows) + " ticks: " + output +
         "\nexpected score of a day " + number_text("%.2f", score) + ", " +
         number_text("%.1f", 100.0 * share_of_optimum) + " % of the optima; CPA limit exceeded in " +
         number_text("%.1f", 100.0 * over_share) + " % of days\n";
}

std::string RelabelSummary::json() const {
  const nlohmann::ordered_json json = {
      {"store", {{"file", output}}}, {"num_trajectories", num_trajectories}, {"num_rows", num_rows},
      {"expected_score", score},     {"share_of_optimum", share_of_optimum}, {"over_share", over_share}};
  return json.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace genbid::runs

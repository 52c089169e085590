#include "runs/train_resume.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/config/config.h"
#include "base/error.h"
#include "play/population.h"

namespace genbid::runs {
namespace {

// What must be as it was: the rest is cleared.
std::string kept_settings(TrainRunConfig config, bool judge_is_known) {
  config.run.clear();
  config.data.memory_megabytes = 0;
  config.data.scratch.clear();
  for (StoreConfig& store : config.data.store) store.path = "store";
  for (TapeFileConfig& store : config.tapes.store) store.path = "store";
  // Of files of populations their content counts, which checkpoints know by hashes.
  for (TuningMarketConfig* market : {&config.select.market, &config.rounds.market}) {
    if (market == &config.select.market && !judge_is_known) continue;
    for (std::string* population : {&market->population, &market->auction.reserve_from.population}) {
      if (!population->empty() && !play::is_shipped_population(*population)) *population = "a file";
    }
  }
  clear_free_settings(config.train, config.select);
  return print_config(config, "train");
}

// The config of a checkpoint. Where the file of a population has another name by now, that of the command stands for
// it: which seats it holds is compared by content.
TrainRunConfig read_kept_config(const std::string& file, const TrainRunConfig& now) {
  TrainRunConfig before;
  try {
    ConfigFile::load(file).read(before);
    return before;
  } catch (const ConfigError&) {
    std::vector<std::string> renamed;
    const auto take = [&](const std::string& section, const TuningMarketConfig& market) {
      const std::string& reserves = market.auction.reserve_from.population;
      if (!play::is_shipped_population(market.population)) {
        renamed.push_back(section + ".population=" + market.population);
      }
      if (!reserves.empty() && !play::is_shipped_population(reserves)) {
        renamed.push_back(section + ".auction.reserve_from.population=" + reserves);
      }
    };
    if (now.select.every > 0) take("select.market", now.select.market);
    if (now.rounds.on()) take("rounds.market", now.rounds.market);
    if (renamed.empty()) throw;
    before = TrainRunConfig();
    try {
      ConfigFile::load(file, renamed).read(before);
      return before;
    } catch (const ConfigError&) {
    }
    throw;
  }
}

// Sizes and hashes of the files that a store was made from: what they were called is no matter.
std::string contents_of(const std::string& sources) {
  if (sources.empty()) return {};
  auto list = nlohmann::json::parse(sources, nullptr, false);
  if (!list.is_array()) return sources;
  std::vector<std::string> files;
  for (auto& one : list) {
    if (one.is_object()) one.erase("name");
    files.push_back(one.dump());
  }
  std::sort(files.begin(), files.end());
  std::string text;
  for (const std::string& one : files) text += one;
  return text;
}

bool has_other_data(const policy::SeenStore& seen, const policy::SeenStore& now, bool same_features) {
  if (!seen.data.empty()) return seen.data != now.data;
  return contents_of(seen.sources) != contents_of(now.sources) || !same_features;
}

// Of all that a run reads: logs, tapes, rounds, and behind them what its initial policy has read.
std::string store_path(const TrainRunConfig& config, size_t place) {
  const size_t logs = config.data.store.size();
  if (place < logs) return config.data.store[place].path;
  const size_t tapes = config.tapes.store.size();
  if (place < logs + tapes) return config.tapes.store[place - logs].path;
  return place == logs + tapes && config.rounds.on() ? "rounds.market" : config.train.initial;
}

}  // namespace

Resume find_checkpoint(const RunDir& run, const TrainRunConfig& config, const policy::CheckpointInfo& now) {
  TrainRunConfig before;
  const auto latest = latest_checkpoint(run, [&](const std::string& file) { before = read_kept_config(file, config); });
  if (!latest) return {};
  const policy::CheckpointInfo& seen = latest->info;
  const bool judge_is_known = !seen.judge.empty();
  check_kept_settings(*latest, kept_settings(before, judge_is_known), kept_settings(config, judge_is_known),
                      "data, model and train");
  const bool same_features = seen.observation.feature_set == now.observation.feature_set;
  for (size_t i = 0; i < now.stores.size(); ++i) {
    if (i < seen.stores.size() && !has_other_data(seen.stores[i], now.stores[i], same_features)) continue;
    throw Error(store_path(config, i) + ": found other data than those that " + run.path() +
                " was trained on; expected the same" + kBeginAnew);
  }
  if (seen.initial != now.initial) {
    throw Error(config.train.initial + ": found other weights than those that " + run.path() +
                " started from; expected the same" + kBeginAnew);
  }
  if (judge_is_known && !now.judge.empty() && seen.judge != now.judge) {
    throw Error("select.market.population: found seats other than those among which " + run.path() +
                " chose its best checkpoint; expected the same" + kBeginAnew);
  }
  if (config.data.reward == "expected" && seen.observation.returns != now.observation.returns) {
    throw Error(latest->path + ": found a run whose expected returns are the " + seen.observation.returns +
                ", which an earlier program began; expected the " + now.observation.returns + kBeginAnew);
  }
  check_steps(*latest, config.train);
  const int64_t parts = now.ranks * config.train.accumulate;
  if (config.has_policy_gradient() && config.policy_gradient.reuse > 1 &&
      parts != seen.ranks * before.train.accumulate) {
    throw Error(latest->path + ": found a policy gradient whose samples are kept for policy_gradient.reuse steps in " +
                std::to_string(seen.ranks * before.train.accumulate) + " parts (train.accumulate x ranks), expected " +
                std::to_string(parts) + ": go on with as many ranks" + kBeginAnew);
  }
  return {latest->path, notes_on(seen, now, before.train, config.train)};
}

}  // namespace genbid::runs

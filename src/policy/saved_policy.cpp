#include "policy/saved_policy.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/files/content_hash.h"
#include "bidding/state_features.h"
#include "policy/tensor_file.h"

namespace genbid::policy {
namespace {

void check_files(const std::string& path, const nlohmann::json& files) {
  for (const auto& entry : files.items()) {
    const std::string file = path + "/" + entry.key();
    const nlohmann::json& written = entry.value();
    const auto damaged = [&](const std::string& found) {
      throw Error(file + ": damaged: found " + found + ", expected the " +
                  std::to_string(written.at("size").get<uintmax_t>()) + " bytes that were written");
    };
    if (!std::filesystem::is_regular_file(file)) damaged("no such file");
    const uintmax_t size = std::filesystem::file_size(file);
    if (size != written.at("size").get<uintmax_t>()) damaged(std::to_string(size) + " bytes");
    if (file_content_hash(file) != written.at("xxh3_128").get<std::string>()) damaged("other bytes");
  }
}

SeenStore seen_store(const nlohmann::json& json) {
  SeenStore store;
  store.days = json.value("days", "");
  store.train_periods = json.at("train_periods").get<std::vector<int64_t>>();
  store.held_out_periods = json.at("held_out_periods").get<std::vector<int64_t>>();
  store.sources = json.at("sources");
  store.data = json.value("data_xxh3_128", "");
  return store;
}

// Before there could be several, what is said of a store stood beside the rest.
std::vector<SeenStore> seen_stores(const nlohmann::json& state) {
  if (!state.contains("stores")) return {seen_store(state)};
  std::vector<SeenStore> stores;
  for (const nlohmann::json& one : state.at("stores")) stores.push_back(seen_store(one));
  return stores;
}

}  // namespace

CheckpointInfo read_checkpoint_info(const std::string& path) {
  const std::string file = path + "/state.json";
  if (!std::filesystem::exists(file)) {
    throw Error(
        path +
        ": not a checkpoint: found no state.json, expected a folder such as runs/NAME/checkpoints/step-00000100");
  }
  try {
    const auto state = nlohmann::json::parse(read_file(file));
    if (state.at("format") != kCheckpointFormat)
      throw Error(file + ": found format '" + state.at("format").dump() + "', expected " + kCheckpointFormat);
    if (state.at("version") != kCheckpointVersion) {
      throw Error(file + ": found a checkpoint of version " + state.at("version").dump() + ", expected version " +
                  std::to_string(kCheckpointVersion) + " (made by " + state.value("program", "another program") +
                  "; train it again)");
    }
    CheckpointInfo info;
    info.step = state.at("step");
    info.shape.num_features = state.at("num_features");
    info.shape.num_actions = state.at("num_actions");
    info.ticks = state.value("ticks", int64_t{kTicksPerPeriod});  // days had one length before it was recorded
    info.observation.feature_set = state.at("feature_set");
    if (!info.observation.feature_set.empty()) {
      const PolicyShape places = shape_for(feature_names(parse_feature_set(info.observation.feature_set)));
      info.shape.own_bids = places.own_bids;
      info.shape.offered = places.offered;
      info.shape.market = places.market;
    }
    info.observation.reward = state.at("reward");
    info.stores = seen_stores(state);
    info.feature_ranges = state.value("feature_ranges", info.feature_ranges);
    info.labels = state.value("labels", "logged");
    info.observation.returns = state.value("returns", "score of the mean");
    info.judged_days = state.value("judged_days", "");
    info.judged_periods = state.value("judged_periods", std::vector<int64_t>());
    info.initial = state.value("initial_xxh3_128", "");
    info.program = state.value("program", "");
    info.threads = state.value("threads", int64_t{0});
    info.ranks = state.value("ranks", int64_t{1});
    if (state.contains("files")) check_files(path, state.at("files"));
    return info;
  } catch (const nlohmann::json::exception& e) {
    throw Error(file + ": damaged (" + e.what() + ")");
  }
}

void load_policy(const std::string& path, Policy& policy, Weights weights) {
  const std::string file = path + "/model.safetensors";
  read_tensors(file, saved_weights(policy), [](const std::string& name) { return name.starts_with("ema."); });
  if (weights == Weights::kRaw) return;
  read_tensors(file, trained_weights(policy), [](const std::string& name) { return name.starts_with("policy."); });
}

}  // namespace genbid::policy

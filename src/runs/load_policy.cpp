#include "runs/load_policy.h"

#include <filesystem>

#include "runs/train_run.h"
#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/files/content_hash.h"
#include "base/files/run_dir.h"
#include "train/best_checkpoint.h"

namespace genbid::runs {

namespace {

// The settings that were laid over a model are at fault, not the checkpoint.
class SettingsError : public ConfigError {
 public:
  using ConfigError::ConfigError;
};

TrainRunConfig config_with(const std::string& folder, const std::vector<std::string>& settings) {
  TrainRunConfig config;
  ConfigFile::load(folder + "/config.yaml").read(config);
  if (settings.empty()) return config;
  std::vector<std::string> overrides;
  for (const std::string& one : settings) overrides.push_back("model." + one);
  TrainRunConfig changed;
  try {
    ConfigFile::load(folder + "/config.yaml", overrides).read(changed);
  } catch (const ConfigError& error) {
    std::string why = error.what();
    const std::string place = "command line: ";  // of all overrides, whoever gives them
    if (why.starts_with(place)) why.erase(0, place.size());
    throw SettingsError(folder + ": model.set: " + why);
  }
  return changed;
}

void load_weights(const std::string& folder, policy::Policy& policy, policy::Weights weights, bool changed) {
  try {
    policy::load_policy(folder, policy, weights);
  } catch (const Error& error) {
    if (!changed) throw;
    throw SettingsError(std::string(error.what()) + " (of a model with other settings, by model.set)");
  }
}

LoadedPolicy load_folder(const std::string& folder, policy::Weights weights, const std::vector<std::string>& settings) {
  LoadedPolicy loaded;
  loaded.checkpoint = folder;
  for (const char* name : {"/state.json", "/config.yaml"}) require_regular_file(folder + name);
  loaded.info = policy::read_checkpoint_info(folder);
  const TrainRunConfig config = config_with(folder, settings);
  loaded.model = config.model.name();
  loaded.settings = print_config(config.model, "", PrintFor::kComparing);  // it stands in results
  loaded.weights = file_content_hash(folder + "/model.safetensors");
  loaded.policy = models::make_policy(config.model, loaded.info.shape, 0);
  load_weights(folder, *loaded.policy, weights, !settings.empty());
  loaded.policy->eval();
  return loaded;
}

}  // namespace

std::string checkpoint_folder(const std::string& path) {
  namespace fs = std::filesystem;
  if (!fs::exists(path)) throw Error(path + ": no such checkpoint or run folder");
  if (!fs::is_directory(path + "/checkpoints")) return path;
  const RunDir run = RunDir::open(path);
  const auto checkpoints = run.checkpoints();
  if (checkpoints.empty())
    throw Error(path + ": found a run without a checkpoint, expected at least one (train it further)");
  const std::string best = train::best_checkpoint_of(run);
  return best.empty() ? checkpoints.back() : best;
}

std::string one_before(const std::string& path, const std::string& folder) {
  if (folder == path || !train::best_checkpoint_of(RunDir::open(path)).empty()) return {};
  const auto checkpoints = RunDir::open(path).checkpoints();
  if (checkpoints.size() < 2) return {};
  return "; the checkpoint before it is " + checkpoints[checkpoints.size() - 2];
}

LoadedPolicy load_checkpoint(const std::string& path, policy::Weights weights,
                             const std::vector<std::string>& settings) {
  const std::string folder = checkpoint_folder(path);
  try {
    return load_folder(folder, weights, settings);
  } catch (const SettingsError&) {
    throw;
  } catch (const Error& error) {
    const std::string before = one_before(path, folder);
    if (before.empty()) throw;
    throw Error(error.what() + before);
  }
}

eval::PolicyBidderOptions bidder_options(const policy::CheckpointInfo& info, const std::string& name, int64_t seed,
                                         c10::Device device) {
  eval::PolicyBidderOptions options;
  options.seen.feature_set = parse_feature_set(info.observation.feature_set);
  options.seen.realised = info.observation.reward == "realised";
  options.num_ticks = info.ticks;
  options.checkpoint = name;
  options.seed = seed;
  options.device = device;
  return options;
}

}  // namespace genbid::runs

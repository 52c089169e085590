#include "runs/load_policy.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "runs/train_run.h"
#include "base/error.h"
#include "base/files/content_hash.h"
#include "base/files/atomic_file.h"
#include "base/files/run_dir.h"
#include "train/best_checkpoint.h"

namespace genbid::runs {

namespace {

LoadedPolicy load_folder(const std::string& folder, policy::Weights weights) {
  LoadedPolicy loaded;
  loaded.checkpoint = folder;
  loaded.info = policy::read_checkpoint_info(folder);
  TrainRunConfig config;
  ConfigFile::load(folder + "/config.yaml").read(config);
  loaded.model = config.model.name();
  loaded.settings = print_config(config.model, "");
  loaded.weights = file_content_hash(folder + "/model.safetensors");
  loaded.policy = models::make_policy(config.model, loaded.info.shape, 0);
  policy::load_policy(folder, *loaded.policy, weights);
  loaded.policy->eval();
  return loaded;
}

// That best.json names; empty if there is none.
std::string best_checkpoint(const std::string& run, const std::vector<std::string>& checkpoints) {
  const std::string file = run + "/" + train::kBestFile;
  if (!std::filesystem::is_regular_file(file)) return {};
  const auto json = nlohmann::json::parse(read_file(file), nullptr, /*allow_exceptions=*/false);
  const bool has_name = json.is_object() && json.contains("checkpoint") && json["checkpoint"].is_string();
  const std::string name = has_name ? json["checkpoint"].get<std::string>() : "";
  for (const std::string& path : checkpoints) {
    if (!name.empty() && std::filesystem::path(path).filename() == name) return path;
  }
  throw Error(file + ": found " + (name.empty() ? "no checkpoint" : "checkpoint '" + name + "'") +
              ", expected the name of one in " + run + "/checkpoints (remove the file to take the latest)");
}

}  // namespace

LoadedPolicy load_checkpoint(const std::string& path, policy::Weights weights) {
  namespace fs = std::filesystem;
  if (!fs::exists(path)) throw Error(path + ": no such checkpoint or run folder");
  if (fs::is_directory(path + "/checkpoints")) {
    const auto checkpoints = RunDir::open(path).checkpoints();
    if (checkpoints.empty())
      throw Error(path + ": found a run without a checkpoint, expected at least one (train it further)");
    const std::string best = best_checkpoint(path, checkpoints);
    if (!best.empty()) return load_folder(best, weights);
    try {
      return load_folder(checkpoints.back(), weights);
    } catch (const Error& error) {
      if (checkpoints.size() < 2) throw;
      throw Error(std::string(error.what()) + "; the checkpoint before it is " + checkpoints[checkpoints.size() - 2]);
    }
  }
  return load_folder(path, weights);
}

}  // namespace genbid::runs

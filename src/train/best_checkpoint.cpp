#include "train/best_checkpoint.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files/atomic_file.h"

namespace genbid::train {

using Json = nlohmann::ordered_json;

void SelectConfig::fields(ConfigVisitor& v) {
  v.field("every", every, {0, 1'000'000'000});
  v.field("patience", patience, {0, 1'000'000'000});
  v.check(every > 0 || patience == 0, "patience", "0 where nothing is judged (every: 0)");
}

BestCheckpoint::BestCheckpoint(const RunDir& run, const SelectConfig& config, int64_t num_cells,
                               const policy::CheckpointInfo& info)
    : run_(run), config_(config), num_cells_(num_cells), periods_(info.judged_periods), days_(info.judged_days) {
  const std::string file = run.file(kBestFile);
  if (!std::filesystem::exists(file)) return;
  const Json json = Json::parse(read_file(file), nullptr, /*allow_exceptions=*/false);
  try {
    for (const Json& one : json.at("tried")) {
      const Judgement judgement = {one.at("step"), one.at("expected_score")};
      if (judgement.step <= info.step) judgements_.push_back(judgement);
    }
  } catch (const nlohmann::json::exception& error) {
    throw Error(file + ": damaged (" + error.what() + "); remove it to judge the run from here on");
  }
}

bool BestCheckpoint::has(int64_t step) const {
  return std::any_of(judgements_.begin(), judgements_.end(), [&](const Judgement& one) { return one.step == step; });
}

void BestCheckpoint::add(const Judgement& judgement) {
  // Once more where the file could not be written.
  if (!has(judgement.step)) judgements_.push_back(judgement);
  Json tried = Json::array();
  for (const Judgement& one : judgements_)
    tried.push_back({{"step", one.step}, {"expected_score", one.expected_score}});
  const Judgement top = *best();
  const std::string path = run_.checkpoint_path(top.step);
  const Json json = {{"market_evaluations", num_cells_ * std::ssize(judgements_)},
                     {"periods", periods_},
                     {"days", days_},
                     {"step", top.step},
                     {"checkpoint", std::filesystem::path(path).filename().string()},
                     {"expected_score", top.expected_score},
                     {"tried", tried}};
  write_file(run_.file(kBestFile), json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

std::optional<Judgement> BestCheckpoint::best() const {
  const auto found =
      std::max_element(judgements_.begin(), judgements_.end(),
                       [](const Judgement& a, const Judgement& b) { return a.expected_score < b.expected_score; });
  return found == judgements_.end() ? std::nullopt : std::optional(*found);
}

bool BestCheckpoint::patience_is_gone() const {
  if (config_.patience == 0 || judgements_.empty()) return false;
  const int64_t top = best()->step;
  const auto later =
      std::count_if(judgements_.begin(), judgements_.end(), [&](const Judgement& one) { return one.step > top; });
  return later >= config_.patience;
}

std::string best_checkpoint_of(const RunDir& run) {
  const std::string file = run.file(kBestFile);
  if (!std::filesystem::is_regular_file(file)) return {};
  const auto json = Json::parse(read_file(file), nullptr, /*allow_exceptions=*/false);
  const bool has_name = json.is_object() && json.contains("checkpoint") && json["checkpoint"].is_string();
  const std::string name = has_name ? json["checkpoint"].get<std::string>() : "";
  for (const std::string& path : run.checkpoints()) {
    if (!name.empty() && std::filesystem::path(path).filename() == name) return path;
  }
  throw Error(file + ": found " + (name.empty() ? "no checkpoint" : "checkpoint '" + name + "'") +
              ", expected the name of one in " + run.file("checkpoints") + " (remove the file to take the latest)");
}

}  // namespace genbid::train

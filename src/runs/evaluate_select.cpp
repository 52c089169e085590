#include "runs/evaluate_select.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/config/period_text.h"
#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/files/run_dir.h"
#include "base/log.h"
#include "eval/job_store.h"
#include "runs/evaluate_candidates.h"
#include "runs/evaluate_plan.h"
#include "runs/program.h"

namespace genbid::runs {
namespace {

using Json = nlohmann::ordered_json;

// The options as candidates, checkpoints of the run one by one.
std::vector<CandidateConfig> expanded(const CandidateConfig& candidate) {
  std::vector<CandidateConfig> all;
  const auto add = [&](const SelectOption& option, const std::string& policy, const std::string& checkpoint) {
    CandidateConfig one;
    static_cast<CandidateOptions&>(one) = option;
    one.policy = policy;
    one.act = candidate.act;
    one.name = "option " + std::to_string(all.size() + 1) + (checkpoint.empty() ? "" : " " + checkpoint);
    all.push_back(std::move(one));
  };
  for (const SelectOption& option : candidate.select.over) {
    if (option.checkpoint.empty()) {
      add(option, candidate.policy, "");
      continue;
    }
    const std::vector<std::string> checkpoints = RunDir::open(candidate.policy).checkpoints();
    for (const std::string& path : checkpoints) {
      const std::string name = std::filesystem::path(path).filename().string();
      if (option.checkpoint == "checkpoints" || option.checkpoint == name) add(option, path, name);
    }
    if (all.empty() || (option.checkpoint != "checkpoints" && !all.back().name.ends_with(option.checkpoint))) {
      throw Error(candidate.policy + ": select.over: found no checkpoint '" + option.checkpoint + "' in the run");
    }
  }
  return all;
}

}  // namespace

std::optional<Selection> select_candidate(const CandidateConfig& candidate, const EvaluateConfig& config,
                                          Threads& threads) {
  const std::vector<CandidateConfig> options = expanded(candidate);
  const std::vector<int64_t>& periods = candidate.select.periods.values;
  // Tuning periods may be those that a policy was tuned on, by its training too.
  EvaluateConfig tuning = config;
  tuning.allow_seen_periods = true;
  const Candidates candidates = make_candidates(options, tuning, periods, threads);
  std::optional<MarketPlan> planned = market_plan(config, periods, candidates, threads);
  if (!planned) return std::nullopt;
  MarketPlan& made = *planned;
  const std::string folder =
      config.output.dir + "/selection/" + folder_name(candidate.name.empty() ? candidate.policy : candidate.name);
  const eval::JobStore store(folder, hindsight_folder(config), program_name());
  made.plan.store = &store;
  const auto done = eval::play_jobs(made.plan, candidates.list, threads);
  if (!done) return std::nullopt;

  Json tried = Json::array();
  int64_t cells = 0;
  size_t best = 0;
  std::vector<double> scores;
  for (const CandidateConfig& option : options) {
    double sum = 0.0;
    int64_t count = 0;
    Json record;
    for (size_t i = 0; i < done->evaluations.size(); ++i) {  // once for each policy seed
      if (candidates.list[i].name != option.name) continue;
      for (const eval::CellResult& cell : done->evaluations[i].cells) sum += cell.expected_score;
      count += std::ssize(done->evaluations[i].cells);
      record = Json::parse(candidates.list[i].record);
    }
    cells += count;
    scores.push_back(count > 0 ? sum / static_cast<double>(count) : 0.0);
    if (scores.back() > scores[best]) best = scores.size() - 1;
    record["expected_score"] = scores.back();
    tried.push_back(std::move(record));
  }
  const Json record = {{"market_evaluations", cells},
                       {"periods", periods},
                       {"scenario", made.plan.scenario},
                       {"taken", best},
                       {"tried", tried}};
  Selection selection{options[best], record.dump(-1, ' ', false, Json::error_handler_t::replace)};
  selection.chosen.name = candidate.name;
  selection.chosen.select = {};
  log_info("select: " + candidate.policy + ": " + options[best].name + " of " + std::to_string(options.size()) +
           ", expected score " + shortest(scores[best]) + " on period " + period_ranges(periods));
  if (candidate.is_policy() && std::filesystem::is_directory(candidate.policy + "/checkpoints")) {
    try {
      write_file(candidate.policy + "/selection.json",
                 record.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
    } catch (const Error& error) {
      log_warning(std::string(error.what()) + "; the result says what was selected, the run does not");
    }
  }
  return selection;
}

}  // namespace genbid::runs

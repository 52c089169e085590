#include "runs/evaluate_run.h"

#include <ATen/Parallel.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <utility>

#include "base/shard.h"
#include "base/error.h"
#include "base/files/content_hash.h"
#include "base/files/made_folders.h"
#include "base/log.h"
#include "base/shown.h"
#include "base/stop_signal.h"
#include "base/terminal.h"
#include "base/threads.h"
#include "data/input_files.h"
#include "data/log_ticks.h"
#include "data/replaceable.h"
#include "data/table_reader.h"
#include "eval/obedience.h"
#include "eval/job_store.h"
#include "eval/replay_evaluation.h"
#include "eval/summary.h"
#include "runs/evaluate_candidates.h"
#include "runs/evaluate_plan.h"
#include "runs/evaluate_platform.h"
#include "runs/small_budgets.h"
#include "runs/evaluate_select.h"
#include "runs/program.h"
#include "train/device.h"

namespace genbid::runs {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kEarlierResult = "result.earlier.json";

// A checkpoint, and all that it bids with but for what it is asked.
std::string asked_name(const CandidateConfig& candidate) {
  std::string name = candidate.policy;
  for (const std::string& setting : candidate.model.set) name += " " + setting;
  if (candidate.weights != CandidateConfig().weights) name += " " + candidate.weights;
  for (const CandidateConfig& one : candidate.act.constraint) {
    name += " within " + one.policy;
    if (one.is_rule()) name += " " + print_config(one.rule, "");
  }
  return name;
}

// For each checkpoint that was asked for several of one thing and no other.
std::string target_reports(const std::vector<CandidateConfig>& candidates,
                           const std::vector<eval::Evaluation>& evaluations) {
  struct Asked {
    std::vector<const eval::Evaluation*> runs;
    std::vector<double> targets;
  };
  std::map<std::pair<std::string, Outcome>, Asked> asked;
  for (size_t i = 0; i < evaluations.size(); ++i) {
    const Wishes wishes = candidates[i].wishes();
    if (wishes.size() != 1) continue;
    const auto& [outcome, value] = *wishes.begin();
    Asked& one = asked[{asked_name(candidates[i]), outcome}];
    one.runs.push_back(&evaluations[i]);
    one.targets.push_back(value);
  }
  std::string text;
  for (const auto& [what, one] : asked) text += eval::obedience_text(what.first, what.second, one.runs, one.targets);
  return text.empty() ? text : "\n" + text;
}

// What decides what a replay is like to a bidder in it, as YAML: the log by what it holds.
std::string replay_settings(replay::ReplayConfig config) {
  ContentHash log;
  for (const std::string& path : data::input_files(config.log)) {
    const std::string content = data::is_remote(path) ? data::object_stamp(path) : file_content_hash(path);
    log.add_values(std::span<const char>(content));
  }
  config.log = {"content " + log.digits()};
  config.periods = {};
  config.advertisers = {};
  return print_config(config, "");
}

struct Judged {
  std::vector<eval::Evaluation> evaluations;
  eval::EvaluationContext context;
  std::vector<eval::PlatformEvaluation> platform = {};  // in their place
  int64_t missing = 0;                                  // jobs of other shards
};

// Candidates of one name, which differ in the seed of their noise, are one in tables.
template <typename Judgement>
std::vector<Judgement> by_name(std::vector<Judgement> evaluations) {
  std::vector<Judgement> joined;
  for (Judgement& one : evaluations) {
    if (joined.empty() || joined.back().name != one.name) {
      joined.push_back(std::move(one));
    } else {
      joined.back().cells.insert(joined.back().cells.end(), one.cells.begin(), one.cells.end());
    }
  }
  return joined;
}

std::optional<Judged> judge_in_market(const EvaluateConfig& config, const Candidates& candidates, Threads& threads) {
  std::optional<MarketPlan> planned = market_plan(config, config.market.periods.values, candidates, threads);
  if (!planned) return std::nullopt;
  MarketPlan& made = *planned;
  const eval::JobStore store(config.output.dir + "/cells", hindsight_folder(config), program_name());
  made.plan.store = &store;
  made.plan.shard = parse_shard(config.output.shard).value_or(Shard());
  std::optional<eval::JobsDone> done = eval::play_jobs(made.plan, candidates.list, threads);
  if (!done) return std::nullopt;
  eval::EvaluationContext context;
  context.rules = config.market.rules_label();
  context.population = config.market.population;
  context.periods = made.plan.periods;
  context.seats = {made.plan.seats.begin(), made.plan.seats.end()};
  context.seed = made.plan.market_seeds.front();
  if (made.plan.market_seeds.size() > 1) context.market_seeds = made.plan.market_seeds;
  context.scenario = made.plan.scenario;
  context.settings = made.settings;
  return Judged{by_name(std::move(done->evaluations)), context, {}, done->missing};
}

std::optional<Judged> judge_on_platform(const EvaluateConfig& config, const Candidates& candidates,
                                        const Candidates& opponent, Threads& threads) {
  std::optional<PlatformJudged> judged = judge_platform(config, candidates, opponent, threads);
  if (!judged) return std::nullopt;
  return Judged{{}, std::move(judged->context), by_name(std::move(judged->evaluations))};
}

std::optional<Judged> judge_in_replay(const EvaluateConfig& config, const std::vector<eval::Candidate>& candidates,
                                      Threads& threads) {
  eval::EvaluationContext context;
  context.protocol = "replay";
  context.rules = config.replay.rules;
  context.log = data::replay_log_name(config.replay.log);
  context.seed = config.replay.seed;
  context.budget = config.replay.common_budget();
  context.cpa_limit = config.replay.common_cpa();
  context.settings = replay_settings(config.replay);
  context.scenario = content_hash("protocol: replay\n" + context.settings);
  const eval::JobStore store(config.output.dir + "/cells", hindsight_folder(config), program_name());
  const eval::ReplayPlan plan = {config.replay, &store, context.scenario,
                                 parse_shard(config.output.shard).value_or(Shard())};
  std::optional<eval::JobsDone> done = eval::replay_jobs(plan, candidates, threads);
  if (!done) return std::nullopt;
  std::set<int64_t> periods;
  std::set<int64_t> seats;
  for (const eval::Evaluation& one : done->evaluations) {
    for (const eval::CellResult& cell : one.cells) {
      periods.insert(cell.period);
      seats.insert(cell.seat);
    }
  }
  context.periods.assign(periods.begin(), periods.end());
  context.seats.assign(seats.begin(), seats.end());
  return Judged{std::move(done->evaluations), context, {}, done->missing};
}

// A result of an earlier evaluation in this folder whose candidate is not judged now would be read beside the new ones
// (`*/result.json`) as if it were one of them. It gets another name. A folder with a table of its own is another
// evaluation's.
void set_stale_results_aside(const std::string& folder, const std::vector<std::string>& current) {
  namespace fs = std::filesystem;
  std::vector<std::string> found = {folder + "/result.json"};
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (!fs::exists(entry.path() / "table.json", ignored)) found.push_back(entry.path().string() + "/result.json");
  }
  for (const std::string& path : found) {
    const bool is_current = std::any_of(current.begin(), current.end(), [&](const std::string& one) {
      return fs::equivalent(one, path, ignored) && !ignored;
    });
    if (is_current || !fs::is_regular_file(path, ignored) || !eval::is_result_json(read_file(path))) continue;
    const std::string aside = fs::path(path).parent_path().string() + "/" + kEarlierResult;
    fs::rename(path, aside);
    log_info(path + " is of an earlier evaluation of another candidate: now " + aside);
  }
}

// A table replaces only its like.
void check_replaceable_tables(const std::string& folder) {
  data::check_replaceable_output(folder + "/table.md", "an evaluation's table",
                                 [](const std::string& path) { return read_file(path).starts_with("protocol "); });
  data::check_replaceable_output(folder + "/table.json", "an evaluation's table", [](const std::string& path) {
    const auto json = nlohmann::json::parse(read_file(path), nullptr, /*allow_exceptions=*/false);
    return json.is_object() && json.contains("rows");
  });
}

// Each candidate with its selection made, and a result's words about that; nothing if a stop was asked for.
struct Selected {
  std::vector<CandidateConfig> list;
  std::vector<std::string> records;  // empty where nothing was selected
};
std::optional<Selected> make_selections(const EvaluateConfig& config, Threads& threads) {
  Selected selected;
  for (const CandidateConfig& candidate : config.policy) {
    if (!candidate.select.on()) {
      selected.list.push_back(candidate);
      selected.records.emplace_back();
      continue;
    }
    const std::optional<Selection> selection = select_candidate(candidate, config, threads);
    if (!selection) return std::nullopt;
    selected.list.push_back(selection->chosen);
    selected.records.push_back(selection->record);
  }
  return selected;
}

void tell_of_small_budgets(const EvaluateSummary& summary) {
  double least = std::numeric_limits<double>::infinity();
  for (const eval::Evaluation& one : summary.evaluations) {
    for (const eval::CellResult& cell : one.cells) least = std::min(least, cell.budget);
  }
  for (const eval::PlatformEvaluation& one : summary.platform) {
    for (const eval::PlatformCell& cell : one.cells) least = std::min(least, cell.result.budget);
  }
  const std::string text = small_budget_text(least);
  if (!text.empty()) log_warning(text);
}

}  // namespace

std::string EvaluateSummary::text() const {
  if (missing_jobs > 0) {
    return "jobs of other shards are missing: " + std::to_string(missing_jobs) +
           "; results are written by whoever finds all of them in the folder\n";
  }
  const auto width = terminal::width(STDOUT_FILENO);
  if (!platform.empty()) return eval::table_text(platform_table(platform, context, reference), width);
  return eval::table_text(table(), width) + target_reports;
}

std::string EvaluateSummary::result(size_t i) const {
  return platform.empty() ? eval::result_json(evaluations[i], context) : eval::result_json(platform[i], context);
}

std::string EvaluateSummary::json(const std::vector<std::string>& files) const {
  static const std::set<std::string> kOfCandidate = {"name",
                                                     "kind",
                                                     "asked",
                                                     "mean",
                                                     "candidate",
                                                     "selection",
                                                     "by_period",
                                                     "metrics",
                                                     "metrics_by_group",
                                                     "metrics_by_period"};
  Json summary = {{"context", Json::object()}, {"candidates", Json::array()}};
  for (size_t i = 0; i < num_results(); ++i) {
    Json candidate = Json::object();
    const Json whole = Json::parse(result(i));
    for (const auto& [key, value] : whole.items()) {
      if (key == "cells") continue;
      (kOfCandidate.contains(key) ? candidate : summary["context"])[key] = value;
    }
    candidate["file"] = files[i];
    summary["candidates"].push_back(std::move(candidate));
  }
  if (missing_jobs == 0) {
    summary["table"] =
        platform.empty() ? eval::table_json(table()) : eval::table_json(platform_table(platform, context, reference));
  }
  summary["missing_jobs"] = missing_jobs;
  return summary.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

eval::SummaryTable EvaluateSummary::table() const {
  std::vector<eval::Contender> contenders;
  for (const eval::Evaluation& one : evaluations)
    contenders.push_back({one.name, one.kind, {{std::nullopt, one.cells}}});
  return {context, eval::summarise(contenders, reference.empty() ? eval::usual_reference(contenders) : reference)};
}

std::vector<std::string> EvaluateSummary::write() {
  if (missing_jobs > 0) return {};
  const stop_signal::Unhurried together;  // all are of one evaluation
  for (size_t i = 0; i < paths_.size(); ++i) {
    if (i == files_.size()) files_.push_back(std::make_unique<AtomicFile>(paths_[i]));
    std::ofstream out(files_[i]->temporary(), std::ios::binary);
    out << result(i);
    out.close();
    if (!out) throw Error(paths_[i] + ": cannot write: " + std::strerror(errno));
    files_[i]->commit();
  }
  set_stale_results_aside(folder_, paths_);
  const auto write_table = [&](const auto& all) {
    write_file(folder_ + "/table.md", eval::table_markdown(all));
    write_file(folder_ + "/table.json",
               eval::table_json(all).dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
  };
  if (platform.empty()) {
    write_table(table());
  } else {
    write_table(platform_table(platform, context, reference));
  }
  return paths_;
}

std::optional<EvaluateSummary> evaluate(const EvaluateConfig& config) {
  train::open_device(config.device);  // before LibTorch computes anything
  at::set_num_threads(1);             // policies act in blocks, a block on one thread
  Threads threads(static_cast<int>(config.threads));
  const std::optional<Selected> selected = make_selections(config, threads);
  if (!selected) return std::nullopt;
  const Candidates candidates = make_candidates(selected->list, config, config.periods(), threads);
  const Candidates opponent = config.on_platform() ? platform_opponent(config, threads) : Candidates();

  MadeFolders folders;  // outlives the files in them
  EvaluateSummary summary;
  summary.folder_ = config.output.dir;
  summary.reference = config.reference;
  const auto named = [&](const eval::Candidate& one) { return one.name == config.reference; };
  if (!config.reference.empty() && std::none_of(candidates.list.begin(), candidates.list.end(), named)) {
    throw ConfigError("reference: found '" + shown(config.reference) + "', expected the name of a candidate");
  }
  check_replaceable_tables(config.output.dir);
  // Opened before the work: a place that cannot be written should be found out now.
  std::string last;
  for (const eval::Candidate& candidate : candidates.list) {
    if (candidate.name == last) continue;
    last = candidate.name;
    const bool alone = config.policy.size() == 1;
    const std::string folder = alone ? config.output.dir : config.output.dir + "/" + candidate.folder;
    summary.paths_.push_back(folder + "/result.json");
    data::check_replaceable_output(summary.paths_.back(), "an evaluation's result",
                                   [](const std::string& path) { return eval::is_result_json(read_file(path)); });
    // Shards write beside each other, on other machines too: theirs are opened when all jobs are there.
    if (!config.output.shard.empty()) continue;
    folders.will_be(folder);
    summary.files_.push_back(std::make_unique<AtomicFile>(summary.paths_.back()));
  }

  std::optional<Judged> judged;
  if (config.on_platform()) {
    judged = judge_on_platform(config, candidates, opponent, threads);
  } else if (config.in_market()) {
    judged = judge_in_market(config, candidates, threads);
  } else {
    judged = judge_in_replay(config, candidates.list, threads);
  }
  if (!judged) return std::nullopt;
  summary.evaluations = std::move(judged->evaluations);
  summary.platform = std::move(judged->platform);
  summary.context = std::move(judged->context);
  summary.missing_jobs = judged->missing;
  summary.context.program = program_name();
  for (size_t i = 0; i < summary.evaluations.size(); ++i) {
    if (!selected->records[i].empty()) summary.evaluations[i].selection = selected->records[i];
  }
  tell_of_small_budgets(summary);
  summary.target_reports = summary.missing_jobs > 0 ? "" : target_reports(selected->list, summary.evaluations);
  return summary;
}

}  // namespace genbid::runs

#include "runs/evaluate_run.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "base/shown.h"
#include "base/threads.h"
#include "bidders/bidder_table.h"
#include "data/log_ticks.h"
#include "data/replaceable.h"
#include "eval/policy_bidder.h"
#include "eval/replay_evaluation.h"
#include "play/official_assets.h"
#include "runs/load_policy.h"
#include "runs/program.h"

namespace genbid::runs {
namespace {

// A policy's score on days it has learned or been tuned on says nothing about other days.
void refuse_seen_periods(const LoadedPolicy& loaded, const EvaluateConfig& config) {
  const auto refuse = [&](const std::vector<int64_t>& seen, const std::string& how) {
    for (const int64_t period : config.periods()) {
      if (std::find(seen.begin(), seen.end(), period) == seen.end()) continue;
      throw Error(loaded.checkpoint + ": " + config.protocol + ".periods: found period " + std::to_string(period) +
                  ", which this policy was " + how + " on; expected other periods, or allow_seen_periods: true");
    }
  };
  refuse(loaded.info.train_periods, "trained");
  refuse(loaded.info.held_out_periods, "tuned");
}

std::string file_name(const std::string& name) {
  std::string result = name;
  std::replace_if(
      result.begin(), result.end(), [](char c) { return c == '/' || c == ' '; }, '_');
  return result;
}

// Everything that a list of candidates needs to stay alive.
struct Candidates {
  std::unique_ptr<play::HindsightBook> book = std::make_unique<play::HindsightBook>();
  std::vector<std::unique_ptr<Bidder>> bidders;
  std::vector<eval::Candidate> list;
};

// Hands a wish of the config to the bidder. Returns what it adds to the candidate's name.
std::string ask(const std::string& what, const std::optional<double>& wish, const std::optional<double>& reads,
                std::optional<double>& option, const LoadedPolicy& loaded, const CandidateConfig& candidate) {
  if (!wish) return {};
  if (!reads) {
    throw Error(candidate.policy + ": " + what + ": found " + shortest(*wish) + ", but " + loaded.model +
                " does not read it; expected none");
  }
  option = wish;
  return candidate.name.empty() ? " " + what + " " + shortest(*wish) : "";
}

Candidates make_candidates(const EvaluateConfig& config, Threads& threads) {
  Candidates candidates;
  const play::OfficialAssets assets;
  const int num_ticks = config.in_market() ? config.market.shape().ticks : data::replay_log_ticks(config.replay.log);
  const std::vector<int> categories = config.categories();
  std::set<std::string> names;
  for (const CandidateConfig& one : config.policy) {
    std::string name = one.name;
    policy::Wishes asked;
    if (one.knows_the_day()) {
      if (!config.in_market()) {
        throw ConfigError("policy: found " + one.policy + " with protocol replay, expected it in a market");
      }
      if (one.policy == "hindsight") {
        candidates.bidders.push_back(nullptr);
        if (name.empty()) name = "hindsight " + one.choice;
      } else {
        candidates.bidders.push_back(one.policy == "teacher" ? play::make_teacher(*candidates.book)
                                                             : play::make_hindsight_alpha(*candidates.book));
        if (name.empty()) name = one.policy;
      }
    } else if (one.is_rule()) {
      candidates.bidders.push_back(
          bidders::make_bidder(one.rule, {config.bidder_rules(), assets, num_ticks, categories}));
      if (name.empty()) name = bidders::bidder_label(one.rule);
    } else {
      if (!std::filesystem::exists(one.policy)) {
        throw Error("policy: found '" + one.policy + "', expected a run folder, a checkpoint, or a rule bidder (" +
                    listed(bidders::bidder_names()) + ")");
      }
      const LoadedPolicy loaded =
          load_checkpoint(one.policy, one.weights == "raw" ? policy::Weights::kRaw : policy::Weights::kEma);
      if (num_ticks != loaded.info.ticks) {
        throw Error(loaded.checkpoint +
                    (config.in_market() ? ": market.traffic.ticks: found " : ": replay.log: found ticks a day: ") +
                    std::to_string(num_ticks) + ", expected " + std::to_string(loaded.info.ticks) +
                    ", the days that this policy was trained on");
      }
      if (!config.allow_seen_periods) refuse_seen_periods(loaded, config);
      if (name.empty()) name = loaded.model;
      eval::PolicyBidderOptions options;
      options.feature_set = parse_feature_set(loaded.info.observation.feature_set);
      options.realised_reward = loaded.info.observation.reward == "realised";
      options.num_ticks = loaded.info.ticks;
      options.checkpoint = loaded.checkpoint;
      options.seed = config.seed();
      const policy::Wishes reads = loaded.policy->default_wishes();
      name += ask("target_return", one.target_return, reads.target_return, options.target_return, loaded, one);
      name += ask("target_cpa", one.target_cpa, reads.target_cpa, options.target_cpa, loaded, one);
      asked = {options.target_return ? options.target_return : reads.target_return,
               options.target_cpa ? options.target_cpa : reads.target_cpa};
      candidates.bidders.push_back(std::make_unique<eval::PolicyBidder>(loaded.policy, options, threads));
    }
    if (!names.insert(file_name(name)).second) {
      throw ConfigError("policy: found two candidates named '" + name + "', expected a `name` of its own for each");
    }
    const char* kind = one.knows_the_day() ? "hindsight" : one.is_rule() ? "rule" : "policy";
    candidates.list.push_back(
        {name, kind, candidates.bidders.back().get(), asked, eval::parse_hindsight_choice(one.choice)});
  }
  return candidates;
}

// For each checkpoint that was asked for several of one thing and no other.
std::string target_reports(const EvaluateConfig& config, const std::vector<eval::Evaluation>& evaluations) {
  struct Asked {
    std::vector<const eval::Evaluation*> runs;
    std::vector<double> targets;
  };
  std::map<std::pair<std::string, eval::Target>, Asked> asked;
  for (size_t i = 0; i < evaluations.size(); ++i) {
    const CandidateConfig& candidate = config.policy[i];
    const bool asks_return = candidate.target_return.has_value();
    const bool asks_cpa = candidate.target_cpa.has_value();
    if (asks_return == asks_cpa) continue;
    Asked& one = asked[{candidate.policy, asks_return ? eval::Target::kReturn : eval::Target::kCpa}];
    one.runs.push_back(&evaluations[i]);
    one.targets.push_back(asks_return ? *candidate.target_return : *candidate.target_cpa);
  }
  std::string text;
  for (const auto& [what, one] : asked) text += eval::target_report(what.first, what.second, one.runs, one.targets);
  return text.empty() ? text : "\n" + text;
}

using Judged = std::pair<std::vector<eval::Evaluation>, eval::EvaluationContext>;

Judged judge_in_market(const EvaluateConfig& config, const Candidates& candidates, Threads& threads) {
  eval::EvaluationPlan plan;
  plan.book = candidates.book.get();
  plan.with_plans = std::any_of(config.policy.begin(), config.policy.end(),
                                [](const CandidateConfig& one) { return one.policy == "teacher"; });
  plan.market = config.market;
  plan.market.cache_megabytes = config.cache_megabytes;
  plan.population = play::load_population(config.market.population, config.market.shape().seats);
  plan.periods = config.market.periods.values;
  for (int seat = 0; seat < config.market.shape().seats; ++seat) plan.seats.push_back(seat);
  return {eval::evaluate_in_market(plan, candidates.list, threads),
          {config.market.rules_label(),
           config.market.population,
           plan.periods,
           {plan.seats.begin(), plan.seats.end()},
           config.market.seed}};
}

Judged judge_in_replay(const EvaluateConfig& config, const std::vector<eval::Candidate>& candidates, Threads& threads) {
  const auto evaluations = eval::evaluate_in_replay(config.replay, candidates, threads);
  eval::EvaluationContext context;
  context.protocol = "replay";
  context.rules = config.replay.rules;
  context.log = data::replay_log_name(config.replay.log);
  context.seed = config.replay.seed;
  context.budget = config.replay.common_budget();
  context.cpa_limit = config.replay.common_cpa();
  if (!evaluations.empty()) {
    std::set<int64_t> periods;
    std::set<int64_t> seats;
    for (const eval::CellResult& cell : evaluations.front().cells) {
      periods.insert(cell.period);
      seats.insert(cell.seat);
    }
    context.periods.assign(periods.begin(), periods.end());
    context.seats.assign(seats.begin(), seats.end());
  }
  return {evaluations, context};
}

}  // namespace

std::string EvaluateSummary::text() const { return eval::result_table(evaluations, context) + target_reports; }

std::string EvaluateSummary::json(const std::vector<std::string>& files) const {
  using Json = nlohmann::ordered_json;
  static const std::set<std::string> kOfCandidate = {"name", "kind", "asked", "mean"};
  Json summary = {{"context", Json::object()}, {"candidates", Json::array()}};
  for (size_t i = 0; i < evaluations.size(); ++i) {
    Json candidate = Json::object();
    for (const auto& [key, value] : Json::parse(eval::result_json(evaluations[i], context)).items()) {
      if (key == "cells") continue;
      (kOfCandidate.contains(key) ? candidate : summary["context"])[key] = value;
    }
    candidate["file"] = files[i];
    summary["candidates"].push_back(std::move(candidate));
  }
  return summary.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::vector<std::string> EvaluateSummary::write() {
  for (size_t i = 0; i < files_.size(); ++i) {
    std::ofstream out(files_[i]->temporary(), std::ios::binary);
    out << eval::result_json(evaluations[i], context);
    out.close();
    if (!out) throw Error(paths_[i] + ": cannot write: " + std::strerror(errno));
    files_[i]->commit();
  }
  return paths_;
}

std::optional<EvaluateSummary> evaluate(const EvaluateConfig& config) {
  at::set_num_threads(1);  // policies act in blocks, a block on one thread
  Threads threads(static_cast<int>(config.threads));
  const Candidates candidates = make_candidates(config, threads);

  // Opened before the work: a place that cannot be written should be found out now.
  EvaluateSummary summary;
  for (const eval::Candidate& candidate : candidates.list) {
    const bool alone = candidates.list.size() == 1;
    const std::string folder = alone ? config.output.dir : config.output.dir + "/" + file_name(candidate.name);
    summary.paths_.push_back(folder + "/result.json");
    data::check_replaceable_output(summary.paths_.back(), "an evaluation's result",
                                   [](const std::string& path) { return eval::is_result_json(read_file(path)); });
    summary.files_.push_back(std::make_unique<AtomicFile>(summary.paths_.back()));
  }

  std::tie(summary.evaluations, summary.context) = config.in_market()
                                                       ? judge_in_market(config, candidates, threads)
                                                       : judge_in_replay(config, candidates.list, threads);
  if (summary.evaluations.empty()) return std::nullopt;
  summary.context.program = program_name();
  summary.target_reports = target_reports(config, summary.evaluations);
  return summary;
}

}  // namespace genbid::runs

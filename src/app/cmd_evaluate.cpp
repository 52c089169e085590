#include <ATen/Parallel.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <set>

#include "app/command.h"
#include "app/load_policy.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/log.h"
#include "base/stop_signal.h"
#include "eval/evaluation.h"
#include "eval/policy_bidder.h"
#include "eval/report.h"
#include "play/simulate.h"

namespace genbid {
namespace {

// Who is judged: a checkpoint, a run folder, or a rule bidder with its options.
struct CandidateConfig {
  std::string policy;
  std::string name;                                                 // in tables; empty: made from the policy
  double target_return = std::numeric_limits<double>::quiet_NaN();  // par units; nan: the policy's own
  std::string weights = "ema";
  BidderConfig rule;

  bool is_rule() const {
    const auto& rules = bidder_names();
    return std::find(rules.begin(), rules.end(), policy) != rules.end();
  }

  bool asks() const { return !std::isnan(target_return); }

  void fields(ConfigVisitor& v) {
    v.required("policy", policy);
    v.field("name", name);
    v.check(!name.starts_with('.'), "name", "a name for a folder, without a dot in front");
    if (is_rule()) {
      rule.bidder = policy;
      rule.option_fields(v);
    } else {
      v.field("target_return", target_return);
      v.field("weights", weights, {"ema", "raw"});
    }
  }
};

// `kind: evaluate`.
struct EvaluateConfig {
  std::vector<CandidateConfig> policy;
  MarketRunConfig market;
  bool allow_seen_periods = false;
  int64_t threads = 0;

  struct Output {
    std::string dir;
    void fields(ConfigVisitor& v) { v.required("dir", dir); }
  } output;

  void fields(ConfigVisitor& v) {
    v.list("policy", policy, "policy");
    v.check(!policy.empty(), "policy", "a checkpoint, a run folder or a rule bidder");
    v.section("market", market);
    v.field("allow_seen_periods", allow_seen_periods);
    v.section("output", output);
    v.field("threads", threads, {0, 1024});
  }
};

EvaluateConfig read_config(const ConfigFile& file) {
  EvaluateConfig config;
  file.read(config);
  return config;
}

std::string resolve(const ConfigFile& file) { return print_config(read_config(file), "evaluate"); }

// A policy's score on days it has learned or been tuned on says nothing about other days.
void refuse_seen_periods(const LoadedPolicy& loaded, const std::vector<int64_t>& periods) {
  const auto refuse = [&](const std::vector<int64_t>& seen, const std::string& how) {
    for (const int64_t period : periods) {
      if (std::find(seen.begin(), seen.end(), period) == seen.end()) continue;
      throw Error(loaded.checkpoint + ": market.periods: found period " + std::to_string(period) +
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
  std::vector<std::unique_ptr<Bidder>> bidders;
  std::vector<Candidate> list;
};

Candidates make_candidates(const EvaluateConfig& config, Threads& threads) {
  Candidates candidates;
  std::set<std::string> names;
  for (const CandidateConfig& one : config.policy) {
    std::string name = one.name;
    if (one.is_rule()) {
      candidates.bidders.push_back(make_bidder(one.rule));
      if (name.empty()) name = bidder_label(one.rule);
    } else {
      if (!std::filesystem::exists(one.policy)) {
        std::string rules;
        for (const std::string& rule : bidder_names()) rules += (rules.empty() ? " (" : ", ") + rule;
        throw Error("policy: found '" + one.policy + "', expected a run folder, a checkpoint, or a rule bidder" +
                    rules + ")");
      }
      const LoadedPolicy loaded = load_checkpoint(one.policy, one.weights == "raw" ? Weights::kRaw : Weights::kEma);
      if (!config.allow_seen_periods) refuse_seen_periods(loaded, config.market.periods.values);
      PolicyBidderOptions options;
      options.feature_set = parse_feature_set(loaded.info.observation.feature_set);
      options.realised_reward = loaded.info.observation.reward == "realised";
      const std::optional<double> target = loaded.policy->default_target_return();
      if (one.asks() && !target) {
        throw Error(one.policy + ": target_return: found " + shortest(one.target_return) + ", but " + loaded.model +
                    " does not read a target return; expected none");
      }
      options.target_return = one.asks() ? one.target_return : target.value_or(0.0);
      candidates.bidders.push_back(std::make_unique<PolicyBidder>(loaded.policy, options, threads));
      if (name.empty()) name = loaded.model + (one.asks() ? " target " + shortest(one.target_return) : "");
    }
    if (!names.insert(file_name(name)).second) {
      throw ConfigError("policy: found two candidates named '" + name + "', expected a `name` of its own for each");
    }
    candidates.list.push_back({name, one.is_rule() ? "rule" : "policy", candidates.bidders.back().get()});
  }
  return candidates;
}

// For each checkpoint that was asked for several target returns.
std::string target_reports(const EvaluateConfig& config, const std::vector<Evaluation>& evaluations) {
  std::map<std::string, std::pair<std::vector<const Evaluation*>, std::vector<double>>> asked;
  for (size_t i = 0; i < evaluations.size(); ++i) {
    const CandidateConfig& candidate = config.policy[i];
    if (!candidate.asks()) continue;
    auto& [runs, targets] = asked[candidate.policy];
    runs.push_back(&evaluations[i]);
    targets.push_back(candidate.target_return);
  }
  std::string text;
  for (const auto& [policy, runs] : asked) text += target_report(policy, runs.first, runs.second);
  return text.empty() ? text : "\n" + text;
}

int run_evaluate(const ConfigFile& file) {
  const EvaluateConfig config = read_config(file);
  at::set_num_threads(1);  // policies act in blocks, a block on one thread
  Threads threads(static_cast<int>(config.threads));
  const Candidates candidates = make_candidates(config, threads);

  // Opened before the work: a place that cannot be written should be found out now.
  std::vector<std::string> paths;
  std::vector<std::unique_ptr<AtomicFile>> files;
  for (const Candidate& candidate : candidates.list) {
    const bool alone = candidates.list.size() == 1;
    const std::string folder = alone ? config.output.dir : config.output.dir + "/" + file_name(candidate.name);
    paths.push_back(folder + "/result.json");
    files.push_back(std::make_unique<AtomicFile>(paths.back()));
  }

  EvaluationPlan plan;
  plan.market = config.market;
  plan.population = load_population(config.market.population);
  plan.periods = config.market.periods.values;
  for (int seat = 0; seat < kNumSeats; ++seat) plan.seats.push_back(seat);
  const auto evaluations = evaluate_in_market(plan, candidates.list, threads);
  if (evaluations.empty()) {
    log_info("stopped; nothing was written");
    return stop_signal::exit_status();
  }

  const EvaluationContext context = {config.market.rules, config.market.population, plan.periods, plan.seats,
                                     config.market.seed};
  std::fputs(result_table(evaluations, context).c_str(), stdout);
  std::fputs(target_reports(config, evaluations).c_str(), stdout);
  std::printf("\n");
  for (size_t i = 0; i < evaluations.size(); ++i) {
    std::ofstream out(files[i]->temporary(), std::ios::binary);
    out << result_json(evaluations[i], context);
    out.close();
    if (!out) throw Error(paths[i] + ": cannot write: " + std::strerror(errno));
    files[i]->commit();
    std::printf("%s\n", paths[i].c_str());
  }
  return 0;
}

}  // namespace

Command evaluate_command() {
  return {"evaluate", "judge policies and rule bidders in the market, one seat at a time",
          "  genbid evaluate configs/evaluate.yaml policy=runs/NAME market.periods=22..27 output.dir=runs/NAME/eval\n"
          "  genbid evaluate configs/evaluate.yaml policy='[runs/NAME, pid, {policy: fixed_alpha, alpha: 90}]'\n"
          "\n"
          "policy              a run folder (its latest checkpoint), a checkpoint, a rule bidder (pid, fixed_alpha),\n"
          "                    or a list of them; options stand beside: alpha or cpa_ratio of fixed_alpha;\n"
          "                    target_return and weights (ema, raw) of a policy; name for the table\n"
          "market.*            as for simulate; market.periods must be new to every policy\n"
          "allow_seen_periods  true: judge on periods that a policy was trained or tuned on\n"
          "output.dir          gets result.json, or NAME/result.json for each of several candidates\n"
          "threads             0 (default): one a processor; the files do not depend on it",
          run_evaluate, resolve};
}

}  // namespace genbid

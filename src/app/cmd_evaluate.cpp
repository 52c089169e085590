#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <limits>
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
  std::string name;                                                   // in tables; empty: made from the policy
  double target_return = std::numeric_limits<double>::quiet_NaN();    // par units; nan: the policy's own
  std::string weights = "ema";
  BidderConfig rule;

  bool is_rule() const {
    const auto& rules = bidder_names();
    return std::find(rules.begin(), rules.end(), policy) != rules.end();
  }

  void fields(ConfigVisitor& v) {
    v.required("policy", policy);
    v.field("name", name);
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
                  ", which this policy was " + how +
                  " on; expected other periods, or allow_seen_periods: true");
    }
  };
  refuse(loaded.info.train_periods, "trained");
  refuse(loaded.info.held_out_periods, "tuned");
}

std::string file_name(const std::string& name) {
  std::string result = name;
  std::replace_if(result.begin(), result.end(), [](char c) { return c == '/' || c == ' '; }, '_');
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
      const LoadedPolicy loaded = load_checkpoint(one.policy, one.weights == "raw" ? Weights::kRaw : Weights::kEma);
      if (!config.allow_seen_periods) refuse_seen_periods(loaded, config.market.periods.values);
      PolicyBidderOptions options;
      options.feature_set = parse_feature_set(loaded.info.observation.feature_set);
      options.realised_reward = loaded.info.observation.reward == "realised";
      const bool asked = one.target_return == one.target_return;
      options.target_return = asked ? one.target_return : loaded.policy->default_target_return();
      candidates.bidders.push_back(std::make_unique<PolicyBidder>(loaded.policy, options, threads));
      if (name.empty()) name = loaded.model + (asked ? " target " + shortest(one.target_return) : "");
    }
    if (!names.insert(name).second) {
      throw ConfigError("policy: found two candidates named '" + name + "', expected a `name` of its own for each");
    }
    candidates.list.push_back({name, one.is_rule() ? "rule" : "policy", candidates.bidders.back().get()});
  }
  return candidates;
}

int run_evaluate(const ConfigFile& file) {
  const EvaluateConfig config = read_config(file);
  at::set_num_threads(1);  // policies act in blocks, a block on one thread
  Threads threads(static_cast<int>(config.threads));
  const Candidates candidates = make_candidates(config, threads);

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
  std::printf("\n");
  for (const Evaluation& evaluation : evaluations) {
    const std::string folder =
        evaluations.size() == 1 ? config.output.dir : config.output.dir + "/" + file_name(evaluation.name);
    write_file(folder + "/result.json", result_json(evaluation, context));
    std::printf("%s/result.json\n", folder.c_str());
  }
  return 0;
}

}  // namespace

Command evaluate_command() {
  return {"evaluate", "judge policies and rule bidders in the market, one seat at a time",
          "`policy` is a checkpoint, a run folder, a rule bidder (pid, fixed_alpha), or a list of them; options of a\n"
          "candidate stand beside it: policy='{policy: fixed_alpha, alpha: 90}'. Writes DIR/result.json, or\n"
          "DIR/NAME/result.json for each of several candidates. Refuses periods that a policy was trained or tuned\n"
          "on unless allow_seen_periods=true.\n"
          "Example: genbid evaluate configs/evaluate.yaml policy=pid market.periods=22..27 output.dir=runs/eval",
          run_evaluate, resolve};
}

}  // namespace genbid

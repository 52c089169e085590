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
#include <utility>

#include "app/command.h"
#include "app/load_policy.h"
#include "app/program.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "base/log.h"
#include "base/stop_signal.h"
#include "data/replaceable.h"
#include "eval/evaluation.h"
#include "eval/policy_bidder.h"
#include "eval/replay_evaluation.h"
#include "eval/report.h"
#include "play/official_assets.h"
#include "play/replay_log.h"
#include "play/simulate.h"

namespace genbid {
namespace {

// Who is judged: a checkpoint, a run folder, a rule bidder with its options, or what could have been known afterwards.
struct CandidateConfig {
  std::string policy;
  std::string name;  // in tables; empty: made from the policy
  // What is asked for (policy/batch.h) in place of the policy's own wish.
  std::optional<double> target_return;  // par units
  std::optional<double> target_cpa;     // share of the CPA limit
  std::string weights = "ema";
  std::string choice = "per_tick";  // hindsight
  BidderConfig rule;

  bool is_rule() const {
    const auto& rules = bidder_names();
    return std::find(rules.begin(), rules.end(), policy) != rules.end();
  }

  bool knows_the_day() const { return policy == "teacher" || policy == "hindsight_alpha" || policy == "hindsight"; }

  void fields(ConfigVisitor& v) {
    v.required_path("policy", policy);
    v.field("name", name);
    v.check(!name.starts_with('.'), "name", "a name for a folder, without a dot in front");
    constexpr size_t kLongestName = 100;
    const bool printable =
        std::none_of(name.begin(), name.end(), [](char c) { return (c >= 0 && c < ' ') || c == 127; });
    v.check(printable && name.size() <= kLongestName, "name", "a name of up to 100 bytes in one line");
    if (is_rule()) {
      rule.bidder = policy;
      rule.option_fields(v);
    } else if (policy == "hindsight") {
      v.field("choice", choice, hindsight_choices());
    } else if (!knows_the_day()) {
      constexpr RealRange kWishes = {0.0, std::numeric_limits<float>::max()};  // policies read floats
      v.field("target_return", target_return, kWishes);
      v.field("target_cpa", target_cpa, kWishes);
      v.field("weights", weights, {"ema", "raw"});
    }
  }
};

// `kind: evaluate`.
struct EvaluateConfig {
  std::vector<CandidateConfig> policy;
  std::string protocol = "market";
  MarketRunConfig market;  // protocol market
  ReplayConfig replay;     // protocol replay
  bool allow_seen_periods = false;
  int64_t cache_megabytes = 1024;  // for traffic that is played more than once; beyond it, it is made again
  int64_t threads = 0;

  struct Output {
    std::string dir;
    void fields(ConfigVisitor& v) { v.required_path("dir", dir); }
  } output;

  bool in_market() const { return protocol == "market"; }
  Rules bidder_rules() const {
    if (in_market()) return market.bidder_rules();
    return replay.official() ? Rules::kOfficial : Rules::kFast;
  }
  const std::vector<int64_t>& periods() const { return (in_market() ? market.periods : replay.periods).values; }
  // Of the seats to be played; a log names its own.
  std::vector<int> categories() const {
    std::vector<int> all;
    for (int seat = 0; in_market() && seat < market.shape().seats; ++seat) {
      all.push_back(official_campaign(seat).category);
    }
    return all;
  }
  int64_t seed() const { return in_market() ? market.seed : replay.seed; }

  void fields(ConfigVisitor& v) {
    v.list("policy", policy, "policy");
    v.check(!policy.empty(), "policy", "a checkpoint, a run folder or a rule bidder");
    v.field("protocol", protocol, {"market", "replay"});
    if (in_market()) {
      v.section("market", market);
      if (!market.official()) v.field("cache_megabytes", cache_megabytes, {0, 1 << 20});
    } else {
      v.section("replay", replay);
    }
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
  std::unique_ptr<HindsightBook> book = std::make_unique<HindsightBook>();
  std::vector<std::unique_ptr<Bidder>> bidders;
  std::vector<Candidate> list;
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
  const OfficialAssets assets;
  const int num_ticks = config.in_market() ? config.market.shape().ticks : replay_log_ticks(config.replay.log);
  std::set<std::string> names;
  for (const CandidateConfig& one : config.policy) {
    std::string name = one.name;
    Wishes asked;
    if (one.knows_the_day()) {
      if (!config.in_market()) {
        throw ConfigError("policy: found " + one.policy + " with protocol replay, expected it in a market");
      }
      if (one.policy == "hindsight") {
        candidates.bidders.push_back(nullptr);
        if (name.empty()) name = "hindsight " + one.choice;
      } else {
        candidates.bidders.push_back(one.policy == "teacher" ? make_teacher(*candidates.book)
                                                             : make_hindsight_alpha(*candidates.book));
        if (name.empty()) name = one.policy;
      }
    } else if (one.is_rule()) {
      candidates.bidders.push_back(
          make_bidder(one.rule, config.bidder_rules(), assets, num_ticks, config.categories()));
      if (name.empty()) name = bidder_label(one.rule);
    } else {
      if (!std::filesystem::exists(one.policy)) {
        std::string rules;
        for (const std::string& rule : bidder_names()) rules += (rules.empty() ? " (" : ", ") + rule;
        throw Error("policy: found '" + one.policy + "', expected a run folder, a checkpoint, or a rule bidder" +
                    rules + ")");
      }
      const LoadedPolicy loaded = load_checkpoint(one.policy, one.weights == "raw" ? Weights::kRaw : Weights::kEma);
      if (num_ticks != loaded.info.ticks) {
        throw Error(loaded.checkpoint +
                    (config.in_market() ? ": market.traffic.ticks: found " : ": replay.log: found ticks a day: ") +
                    std::to_string(num_ticks) + ", expected " + std::to_string(loaded.info.ticks) +
                    ", the days that this policy was trained on");
      }
      if (!config.allow_seen_periods) refuse_seen_periods(loaded, config);
      if (name.empty()) name = loaded.model;
      PolicyBidderOptions options;
      options.feature_set = parse_feature_set(loaded.info.observation.feature_set);
      options.realised_reward = loaded.info.observation.reward == "realised";
      options.num_ticks = loaded.info.ticks;
      options.checkpoint = loaded.checkpoint;
      options.seed = config.seed();
      const Wishes reads = loaded.policy->default_wishes();
      name += ask("target_return", one.target_return, reads.target_return, options.target_return, loaded, one);
      name += ask("target_cpa", one.target_cpa, reads.target_cpa, options.target_cpa, loaded, one);
      asked = {options.target_return ? options.target_return : reads.target_return,
               options.target_cpa ? options.target_cpa : reads.target_cpa};
      candidates.bidders.push_back(std::make_unique<PolicyBidder>(loaded.policy, options, threads));
    }
    if (!names.insert(file_name(name)).second) {
      throw ConfigError("policy: found two candidates named '" + name + "', expected a `name` of its own for each");
    }
    const char* kind = one.knows_the_day() ? "hindsight" : one.is_rule() ? "rule" : "policy";
    candidates.list.push_back({name, kind, candidates.bidders.back().get(), asked, parse_hindsight_choice(one.choice)});
  }
  return candidates;
}

// For each checkpoint that was asked for several of one thing and no other.
std::string target_reports(const EvaluateConfig& config, const std::vector<Evaluation>& evaluations) {
  struct Asked {
    std::vector<const Evaluation*> runs;
    std::vector<double> targets;
  };
  std::map<std::pair<std::string, Target>, Asked> asked;
  for (size_t i = 0; i < evaluations.size(); ++i) {
    const CandidateConfig& candidate = config.policy[i];
    const bool asks_return = candidate.target_return.has_value();
    const bool asks_cpa = candidate.target_cpa.has_value();
    if (asks_return == asks_cpa) continue;
    Asked& one = asked[{candidate.policy, asks_return ? Target::kReturn : Target::kCpa}];
    one.runs.push_back(&evaluations[i]);
    one.targets.push_back(asks_return ? *candidate.target_return : *candidate.target_cpa);
  }
  std::string text;
  for (const auto& [what, one] : asked) text += target_report(what.first, what.second, one.runs, one.targets);
  return text.empty() ? text : "\n" + text;
}

using Judged = std::pair<std::vector<Evaluation>, EvaluationContext>;

Judged judge_in_market(const EvaluateConfig& config, const Candidates& candidates, Threads& threads) {
  EvaluationPlan plan;
  plan.book = candidates.book.get();
  plan.with_plans = std::any_of(config.policy.begin(), config.policy.end(),
                                [](const CandidateConfig& one) { return one.policy == "teacher"; });
  plan.market = config.market;
  plan.market.cache_megabytes = config.cache_megabytes;
  plan.population = load_population(config.market.population, config.market.shape().seats);
  plan.periods = config.market.periods.values;
  for (int seat = 0; seat < config.market.shape().seats; ++seat) plan.seats.push_back(seat);
  return {evaluate_in_market(plan, candidates.list, threads),
          {config.market.rules_label(),
           config.market.population,
           plan.periods,
           {plan.seats.begin(), plan.seats.end()},
           config.market.seed}};
}

Judged judge_in_replay(const EvaluateConfig& config, const std::vector<Candidate>& candidates, Threads& threads) {
  const auto evaluations = evaluate_in_replay(config.replay, candidates, threads);
  EvaluationContext context;
  context.protocol = "replay";
  context.rules = config.replay.rules;
  context.log = replay_log_name(config.replay.log);
  context.seed = config.replay.seed;
  context.budget = config.replay.common_budget();
  context.cpa_limit = config.replay.common_cpa();
  if (!evaluations.empty()) {
    std::set<int64_t> periods;
    std::set<int64_t> seats;
    for (const CellResult& cell : evaluations.front().cells) {
      periods.insert(cell.period);
      seats.insert(cell.seat);
    }
    context.periods.assign(periods.begin(), periods.end());
    context.seats.assign(seats.begin(), seats.end());
  }
  return {evaluations, context};
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
    check_replaceable_output(paths.back(), "an evaluation's result",
                             [](const std::string& path) { return is_result_json(read_file(path)); });
    files.push_back(std::make_unique<AtomicFile>(paths.back()));
  }

  auto [evaluations, context] = config.in_market() ? judge_in_market(config, candidates, threads)
                                                   : judge_in_replay(config, candidates.list, threads);
  context.program = program_name();
  if (evaluations.empty()) {
    log_info("stopped; nothing was written");
    return stop_signal::exit_status();
  }

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
  return {
      "evaluate", "judge policies and rule bidders in the market, one seat at a time, or against a log",
      "  genbid evaluate configs/evaluate.yaml policy=runs/NAME market.periods=22..27 output.dir=runs/NAME/eval\n"
      "  genbid evaluate configs/evaluate.yaml policy='[runs/NAME, pid, {policy: fixed_alpha, alpha: 90}]'\n"
      "  genbid evaluate configs/replay.yaml policy=runs/NAME replay.log=market.h5 replay.periods=22\n"
      "\n"
      "policy              a run folder (its latest checkpoint), a checkpoint, a rule bidder (pid, fixed_alpha,\n"
      "                    abid, online_lp, official_agent, pacing), or a list of them; options stand beside:\n"
      "                    alpha or cpa_ratio of fixed_alpha; table of online_lp (own_category: the official\n"
      "                    population's tables, or the path of a CSV file); agent of official_agent (bc, iql, cql,\n"
      "                    td3_bc, mopo, combo); price_level, later_value, prior_days, cpa_brake of pacing;\n"
      "                    target_return, target_cpa and weights (ema, raw) of a policy; name for the table;\n"
      "                    and, knowing how the day went without the candidate: teacher (plays the best alpha of the\n"
      "                    rest of the day), hindsight_alpha (the best constant one), hindsight (not played but\n"
      "                    computed; choice: per_tick, constant, constant_kept, slots)\n"
      "market.*            as for simulate; market.periods must be new to every policy\n"
      "protocol            market (default), or replay: prices of a log, nobody reacts; then replay.* in place of\n"
      "                    market.*\n"
      "replay.log          a market log, or raw logs (data/README.md)\n"
      "replay.rules        corrected (default): all advertisers, each with its own budget and CPA limit; official:\n"
      "                    AuctionNet's offline evaluation of the first advertiser, budget 100, CPA limit 2\n"
      "replay.periods, replay.advertisers, replay.budget, replay.cpa, replay.seed\n"
      "allow_seen_periods  true: judge on periods that a policy was trained or tuned on\n"
      "output.dir          gets result.json, or NAME/result.json for each of several candidates\n"
      "threads             0 (default): one a processor; the files do not depend on it",
      run_evaluate, resolve};
}

}  // namespace genbid

#include "runs/evaluate_platform.h"

#include <memory>

#include "base/files/content_hash.h"
#include "base/progress.h"
#include "eval/job_store.h"
#include "market/rule_sets.h"
#include "runs/evaluate_plan.h"
#include "runs/program.h"

namespace genbid::runs {
namespace {

// What the market is like to a seat of it, as YAML: also how many of the others are the candidate, and who the rest is.
std::string platform_settings(const EvaluateConfig& config, const Candidates& opponent, const std::string& market) {
  std::string text = "platform:\n  mix: " + config.platform.mix + "\n";
  // A record is JSON in one line, which YAML reads.
  for (const eval::Candidate& one : opponent.list) text += "  opponent: " + one.record + "\n";
  return text + market;
}

eval::PlatformPlan platform_plan(const EvaluateConfig& config, const Candidates& opponent,
                                 const eval::EvaluationPlan& market) {
  eval::PlatformPlan plan;
  plan.market = market.market;
  plan.population = market.population;
  plan.periods = market.periods;
  plan.mix = eval::parse_platform_mix(config.platform.mix);
  plan.with_optimum = config.platform.optimum;
  if (!opponent.list.empty()) {
    plan.opponent = opponent.list.front().bidder;
    plan.opponent_name = opponent.list.front().name;
  }
  return plan;
}

}  // namespace

Candidates platform_opponent(const EvaluateConfig& config, Threads& threads) {
  if (config.platform.opponent.empty()) return {};
  EvaluateConfig of_one = config;
  of_one.policy_seeds.values.resize(1);
  return make_candidates(config.platform.opponent, of_one, config.periods(), threads);
}

std::optional<PlatformJudged> judge_platform(const EvaluateConfig& config, const Candidates& candidates,
                                             const Candidates& opponent, Threads& threads) {
  const std::optional<MarketPlan> made = market_plan(config, config.periods(), candidates, threads);
  if (!made) return std::nullopt;
  eval::PlatformPlan plan = platform_plan(config, opponent, made->plan);
  eval::EvaluationContext context;
  context.settings = platform_settings(config, opponent, made->settings);
  context.scenario = content_hash("protocol: platform\n" + context.settings);
  const eval::JobStore store(config.output.dir + "/cells", hindsight_folder(config), program_name());
  plan.store = &store;
  plan.scenario = context.scenario;
  for (const eval::Candidate& one : opponent.list) {
    plan.scenario += "\nopponent " + one.identity + ", seed " + std::to_string(one.policy_seed);
  }
  PlatformJudged judged;
  for (const eval::Candidate& one : candidates.list) judged.evaluations.push_back({one.name, one.kind});
  const auto ticks =
      static_cast<int64_t>(made->plan.market_seeds.size() * candidates.list.size() * plan.periods.size());
  Progress progress("evaluate", ticks * config.market.shape().ticks, "ticks");
  int64_t done = 0;
  for (const int64_t seed : made->plan.market_seeds) {
    plan.market.seed = seed;
    const auto market = market::make_market(plan.market, threads);
    for (size_t i = 0; i < candidates.list.size(); ++i) {
      auto played = eval::evaluate_platform(plan, candidates.list[i], *market, [&] { progress.update(++done); });
      if (!played) return std::nullopt;
      eval::PlatformEvaluation& all = judged.evaluations[i];
      played->cells.insert(played->cells.begin(), all.cells.begin(), all.cells.end());
      all = std::move(*played);
    }
  }
  progress.finish();
  context.protocol = config.protocol;
  context.rules = config.market.rules_label();
  context.population = config.market.population;
  context.periods = plan.periods;
  context.seats = {made->plan.seats.begin(), made->plan.seats.end()};
  context.seed = config.market.seed;
  context.mix = config.platform.mix;
  context.opponent = plan.opponent_name;
  judged.context = std::move(context);
  return judged;
}

eval::PlatformTable platform_table(const std::vector<eval::PlatformEvaluation>& evaluations,
                                   const eval::EvaluationContext& context, const std::string& reference) {
  std::vector<eval::PlatformContender> contenders;
  for (const eval::PlatformEvaluation& one : evaluations) {
    contenders.push_back({one.name, one.kind, {{std::nullopt, eval::platform_parts(one.cells)}}});
  }
  return {context,
          eval::summarise_platform(contenders, reference.empty() ? eval::usual_reference(contenders) : reference)};
}

}  // namespace genbid::runs

#include "runs/evaluate_plan.h"

#include "base/files/content_hash.h"
#include "play/population.h"
#include "play/run_identity.h"

namespace genbid::runs {

MarketPlan market_plan(const EvaluateConfig& config, const std::vector<int64_t>& periods,
                       const Candidates& candidates) {
  MarketPlan made;
  eval::EvaluationPlan& plan = made.plan;
  plan.book = candidates.book.get();
  plan.market = config.market;
  plan.market.cache_megabytes = config.cache_megabytes;
  plan.population = play::load_population(config.market.population, config.market.shape().seats);
  plan.periods = periods;
  plan.seats = config.judged_seats();
  plan.market_seeds = config.seeds_of_market();
  made.settings = play::scenario_settings(config.market, plan.population);
  plan.scenario = content_hash("protocol: market\n" + made.settings);
  return made;
}

std::string hindsight_folder(const EvaluateConfig& config) {
  return config.output.hindsight.empty() ? config.output.dir + "/hindsight" : config.output.hindsight;
}

}  // namespace genbid::runs

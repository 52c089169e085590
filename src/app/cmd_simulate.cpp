#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <optional>
#include <string>

#include "app/command.h"
#include "app/either_market.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/stop_signal.h"
#include "base/terminal.h"
#include "base/text_table.h"
#include "bidders/bidder_table.h"
#include "market/rule_sets.h"
#include "play/population.h"
#include "play/resumable_outputs.h"
#include "play/sharded_simulate.h"
#include "play/simulate.h"
#include "runs/campaigns_run.h"
#include "runs/program.h"
#include "runs/small_budgets.h"

namespace genbid::app {
namespace {

using Config = EitherMarket<play::SimulateConfig, runs::CampaignsConfig, /*kAlwaysPrinted=*/true>;

Config read(const ConfigFile& file) {
  Config config = read_config<Config>(file);
  config.market.program = runs::program_name();
  return config;
}

// "protocol market, rules corrected, population pid48, 500000 impressions, seed 1"
std::string title(const play::SimulateConfig& config) {
  const play::MarketRunConfig& market = config.market;
  return "rules " + market.rules_label() + ", population " + market.population +
         (config.explore.bidders.empty() ? "" : " with drawn bidders") + ", " + std::to_string(market.impressions) +
         " impressions" + (market.rule_set().seeded ? ", seed " + std::to_string(market.seed) : "");
}

int run_campaigns(const runs::CampaignsConfig& config, Form form) {
  Progress progress("Making days", config.num_steps(), "days");
  const runs::CampaignsSummary summary =
      runs::simulate_campaigns(config, [&progress](int64_t done) { progress.update(done); });
  progress.finish();
  std::fputs((form == Form::kJson ? summary.json() : summary.text(terminal::width(STDOUT_FILENO))).c_str(), stdout);
  return 0;
}

std::string shard_text(const play::SimulateSummary& summary) {
  const std::string name = "shard " + summary.shard->text() + ": ";
  if (!summary.missing_shards.empty()) {
    constexpr size_t kMostNames = 10;
    std::string others;
    for (size_t i = 0; i < std::min(kMostNames, summary.missing_shards.size()); ++i) {
      others += (i == 0 ? "" : ", ") + summary.missing_shards[i];
    }
    if (summary.missing_shards.size() > kMostNames) {
      others += " and " + std::to_string(summary.missing_shards.size() - kMostNames) + " more";
    }
    return name + "played; the last of the others puts all together (to be played: " + others + ")\n";
  }
  if (!summary.merged) return name + "another process puts all together\n";
  return name + (summary.files.empty() ? "all were put together before\n" : "all are there, put together:\n");
}

int run_market(const play::SimulateConfig& config, Form form) {
  const auto all_periods = std::ssize(config.market.periods.values);
  const Shard shard = parse_shard(config.output.shard).value_or(Shard());
  const int64_t num_periods = shard.end(all_periods) - shard.begin(all_periods);
  const std::string folder = play::playing_folder(config.output);
  const int64_t before = config.output.resumable ? play::unfinished_periods(folder) : 0;
  if (before > 0) {
    log_info("Going on behind " + std::to_string(before) + " periods of an interrupted run in " + folder);
    const std::string began = play::unfinished_program(folder);
    if (!began.empty() && began != config.program) log_info("It was begun by " + began + "; this is " + config.program);
  }
  double least_budget = std::numeric_limits<double>::infinity();
  const play::Population population = play::load_population(config.market.population, config.market.shape().seats);
  for (const play::PopulationSeat& seat : population.seats) {
    least_budget = std::min(least_budget, play::scaled_campaign(seat, config.market, /*judged=*/false).budget);
  }
  const std::string small = runs::small_budget_text(least_budget);
  if (!small.empty()) log_warning(small);
  std::optional<stop_signal::Cooperative> until_written;
  if (config.output.resumable) until_written.emplace();
  Progress progress("Playing", num_periods, "periods", before);
  int64_t done = before;
  const auto after_period = [&](int64_t periods) { progress.update(done = periods); };
  const std::string of_ticks = " of " + std::to_string(config.market.shape().ticks);
  const auto after_tick = [&](int tick) { progress.update(done, "tick " + std::to_string(tick + 1) + of_ticks); };
  const auto summary = play::simulate(config, after_period, after_tick);
  if (!summary) {
    log_warning(
        config.output.resumable ? "Stopped by a signal after " + std::to_string(play::unfinished_periods(folder)) +
                                      " of " + std::to_string(num_periods) + " periods. The same command goes on."
        : shard.count > 1
            ? "Stopped by a signal. What shards have played stays; the same command plays or puts together the rest."
            : "Stopped by a signal. Nothing was written.");
    return stop_signal::exit_status();
  }
  const bool played_before = summary->num_played_before == num_periods;
  if (!played_before) progress.finish();
  if (form == Form::kJson) {
    std::fputs(summary->json(config).c_str(), stdout);
    return 0;
  }
  std::fputs(wrapped("protocol market, ", title(config), terminal::width(STDOUT_FILENO)).c_str(), stdout);
  if (played_before && num_periods > 0) {
    std::printf("all %lld periods were played before\n", static_cast<long long>(num_periods));
  } else if (num_periods > 0) {
    std::fputs(summary->text().c_str(), stdout);
  }
  if (summary->shard) std::fputs(shard_text(*summary).c_str(), stdout);
  for (const std::string& path : summary->files) std::printf("%s\n", path.c_str());
  return 0;
}

int run(const ConfigFile& file, Form form) {
  const Config config = read(file);
  return config.of_campaigns() ? run_campaigns(config.campaigns, form) : run_market(config.market, form);
}

std::string resolve(const ConfigFile& file) { return print_config(read(file), "simulate"); }

}  // namespace

Command simulate_command() {
  static const std::string help =
      "Plays whole delivery periods of an auction market and writes what happened: DIR/ticks.csv, a row per\n"
      "period, tick and seat, DIR/periods.csv, a row per period and seat, and what else is asked for. Equal files\n"
      "for any number of threads; all of them or none.\n"
      "\n"
      "  genbid simulate configs/simulate.yaml market.population=rules48 market.periods=0..9 output.dir=runs/day\n"
      "  genbid simulate configs/generate.yaml market.periods=1000..1999 output.dir=runs/generated\n"
      "\n"
      "market.rules         one of\n" +
      market::rules_help(23) +
      "market.corrections   of the official rules: a list of defects of AuctionNet's to correct, of draws, reserve,\n"
      "                     zero_bids, drops, pid (docs/corrected_market.md)\n"
      "market.population    official (AuctionNet's bidders), pid48, rules48, or the path of a population file\n"
      "market.periods       a list or FIRST..LAST; the official rules play them in this order, and their PID "
      "remembers\n"
      "market.impressions   nominal impressions of a period (500000)\n"
      "market.budget_scale  times every budget (1); market.cpa_scale: times every CPA limit\n"
      "market.traffic       structure: own gives days of other sizes: seats (1..64), ticks (1..96), slots (1..3)\n"
      "market.seed          of the market's chance (1); the official rules have their own\n"
      "explore.bidders      drawn for every seat and period, in place of the population's: [{bidder: pid, weight: 2},\n"
      "                     {bidder: fixed_alpha, cpa_ratio: [0.6, 1.6]}]\n"
      "                     Bidders of populations and data sets, with their options:\n" +
      bidders::bidder_help(23) +
      "explore.budget_scale [LOW, HIGH], drawn for every seat and period; explore.cpa_scale likewise\n"
      "explore.alpha_noise  spread of log-normal noise on a seat's bids of a tick (0), and its\n"
      "                     explore.alpha_noise_correlation with the tick before\n"
      "explore.seed         of what is drawn (1)\n"
      "output.dir           a folder, made if it is not there\n"
      "output.ticks         false: no ticks.csv\n"
      "output.raw_log       true: DIR/raw_log/period-P.csv, AuctionNet's raw log (3.9 GB for 500000 impressions)\n"
      "output.trajectories  true: DIR/trajectories.h5, a store to train on, and DIR/trajectories.csv, the same in\n"
      "                     AuctionNet's form (not with output.trajectories_csv=false)\n"
      "output.features      of trajectories.h5: constraint (default) or auctionnet16\n"
      "output.labels        true: trajectories.h5 also tells what was asked in each tick and what would have been "
      "best,\n"
      "                     given what the day had brought, and the day's best constant alpha and highest score\n"
      "output.market_log    true: DIR/market_log.h5, every impression with its highest bids\n"
      "output.market_log_precision  float32 (default) or float64\n"
      "output.shard         i/n: a part of the periods, in a folder that n processes share; the last puts all "
      "together\n"
      "output.tables        parquet: ticks.parquet and trajectories.parquet in place of CSV files (default: csv)\n"
      "output.resumable     true: trajectories.h5 and periods.csv alone; stopped or killed, the same command goes on\n"
      "threads              0 (default): one a processor\n"
      "\n"
      "With protocol: campaigns, days of campaigns that pay by the click (docs/perbid.md), their optima, and how\n"
      "yesterday's best bid does: DIR/samples.csv, a row per sample, which is a day of one campaign.\n"
      "\n"
      "  genbid simulate configs/campaigns.yaml output.dir=runs/campaigns\n"
      "\n"
      "campaigns.seed       of the population (1); slots of a day (96)\n"
      "campaigns.volume     [LOW, HIGH]: impressions of a day; campaigns.quality: mean value of a click\n"
      "campaigns.budget_share, ppc_share  of campaigns that are bound by their budget alone (0.596), by their limit "
      "on\n"
      "                     what a click may cost (0.202); the rest by both\n"
      "campaigns.price_swing.size  how far prices swing over the day, at hours of each campaign's own: e^size (0)\n"
      "campaigns.rush.share  of a day's impressions that come within a tenth of it, at a time of its own (0)\n"
      "campaigns.drift      how far days of a campaign differ (0.1); cold_start_share: campaigns without days before\n"
      "samples.train, validation, test  how many (3000, 663, 483); samples.day: which day of each (7)\n"
      "output.days          true: DIR/campaign_days.h5, every impression of the samples' days (12 bytes each), and of\n"
      "                     output.days_before days before each (1) where there are such\n";
  return {"simulate", "play periods of the auction market", help, run, resolve};
}

}  // namespace genbid::app

#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "app/command.h"
#include "app/either_market.h"
#include "base/log.h"
#include "base/stop_signal.h"
#include "base/terminal.h"
#include "bidders/bidder_table.h"
#include "runs/campaign_evaluation.h"
#include "runs/evaluate_run.h"
#include "runs/report_run.h"

namespace genbid::app {
namespace {

using Config = EitherMarket<runs::EvaluateConfig, runs::CampaignEvaluateConfig>;

std::string resolve(const ConfigFile& file) { return print_config(read_config<Config>(file), "evaluate"); }

int run_campaigns(const runs::CampaignEvaluateConfig& config, Form form) {
  const runs::CampaignEvaluateSummary summary = runs::evaluate_campaigns(config);
  if (form == Form::kText) std::fputs(summary.text(terminal::width(STDOUT_FILENO)).c_str(), stdout);
  const std::vector<std::string> files = summary.write();
  if (form == Form::kJson) std::fputs(summary.table_json().c_str(), stdout);
  for (const std::string& path : files) {
    if (form == Form::kText) std::printf("%s\n", path.c_str());
  }
  runs::report_at_end(config.output.dir);
  return 0;
}

int run(const ConfigFile& file, Form form) {
  const Config whole = read_config<Config>(file);
  if (whole.of_campaigns()) return run_campaigns(whole.campaigns, form);
  const runs::EvaluateConfig& config = whole.market;
  auto summary = runs::evaluate(config);
  if (!summary) {
    log_warning("Stopped by a signal. The same command goes on.");
    return stop_signal::exit_status();
  }
  if (form == Form::kText) std::printf("%s\n", summary->text().c_str());  // before writing, which may fail
  const std::vector<std::string> files = summary->write();
  if (form == Form::kJson) std::fputs(summary->json(files).c_str(), stdout);
  for (const std::string& path : files) {
    if (form == Form::kText) std::printf("%s\n", path.c_str());
  }
  if (!files.empty()) runs::report_at_end(config.output.dir);
  return 0;
}

}  // namespace

Command evaluate_command() {
  static const std::string help =
      "  genbid evaluate configs/evaluate.yaml policy=runs/NAME market.periods=22..27 output.dir=runs/NAME/eval\n"
      "  genbid evaluate configs/evaluate.yaml policy='[runs/NAME, pid, {policy: fixed_alpha, alpha: 90}]'\n"
      "  genbid evaluate configs/platform.yaml policy='[runs/NAME, pid]' platform.mix=promotion\n"
      "  genbid evaluate configs/replay.yaml policy=runs/NAME replay.log=market.h5 replay.periods=22\n"
      "\n"
      "policy              a run folder (its latest checkpoint), a checkpoint, a rule bidder, or a list of them;\n"
      "                    options stand beside: target_return, target_cpa and weights (ema, raw) of a policy, and\n"
      "                    model.set, settings of its model; name for the table; and those of rule bidders:\n" +
      bidders::bidder_help(22) +
      "                    and, knowing how the day went without the candidate: teacher (plays the best alpha of the\n"
      "                    rest of the day), hindsight_alpha (the best constant one), hindsight (not played but\n"
      "                    computed; choice: per_tick, constant, constant_kept, slots)\n"
      "market.*            as for simulate; market.periods must be new to every policy\n"
      "protocol            market (default): one seat at a time; platform: every seat is the candidate's, or as\n"
      "                    platform.* says; replay: prices of a log, nobody reacts, with replay.* in place of "
      "market.*\n"
      "platform.mix        homogeneous (default); heterogeneous: every second seat is platform.opponent's (a policy "
      "or\n"
      "                    a rule bidder, as in policy); promotion: every seventh seat has twice its budget\n"
      "platform.optimum    true (default): every seat's optimum is found, which takes as long as playing\n"
      "replay.log          a market log, or raw logs (data/README.md)\n"
      "replay.rules        corrected (default): all advertisers, each with its own budget and CPA limit; official:\n"
      "                    AuctionNet's offline evaluation of the first advertiser, budget 100, CPA limit 2\n"
      "replay.periods, replay.advertisers, replay.budget, replay.cpa, replay.seed\n"
      "allow_seen_periods  true: judge on periods that a policy was trained or tuned on\n"
      "output.dir          gets result.json, or NAME/result.json for each of several candidates, and\n"
      "                    report.html (genbid report)\n"
      "threads             0 (default): one a processor; the files do not depend on it\n"
      "device              cpu (default), cuda or cuda:N: where policies act\n"
      "\n"
      "With protocol: campaigns, rules and agents of campaigns that pay by the click (docs/perbid.md):\n"
      "\n"
      "  genbid evaluate configs/campaigns/evaluate.yaml policy='[yesterday, runs/campaigns/perbid]' "
      "reference=yesterday\n"
      "\n"
      "policy              rules: yesterday (its best bid, kept), limit (bid for every click), m_pid (tries: settings\n"
      "                    that are tried on the training set); a run of agents, or runs: trainings of one candidate;\n"
      "                    agent: matched by the days_back days before (default), optimal in hindsight, default, own;\n"
      "                    best_training: of trainings of one agent the best of each day, in hindsight too;\n"
      "                    adapt.episodes (0): so many for campaigns below adapt.below (0.85) on the day before, "
      "whose\n"
      "                    copies of their agent learn on (adapt.steps, learning_rate, noise, seed)\n"
      "store, campaigns.*, samples.*  as for train; set: train, validation or test (default)\n"
      "reference           the candidate that others are compared with; empty: the first\n"
      "output.dir          gets outcomes.csv, table.md, table.json and report.html (genbid report)";
  return {"evaluate", "judge policies and rule bidders in a market, one seat at a time or all seats, or against a log",
          help, run, resolve};
}

}  // namespace genbid::app

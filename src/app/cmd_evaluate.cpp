#include <cstdio>

#include "app/command.h"
#include "base/log.h"
#include "base/stop_signal.h"
#include "bidders/bidder_table.h"
#include "runs/evaluate_run.h"
#include "runs/report_run.h"

namespace genbid::app {
namespace {

runs::EvaluateConfig read(const ConfigFile& file) {
  runs::EvaluateConfig config;
  file.read(config);
  return config;
}

std::string resolve(const ConfigFile& file) { return print_config(read(file), "evaluate"); }

int run(const ConfigFile& file) {
  const runs::EvaluateConfig config = read(file);
  auto summary = runs::evaluate(config);
  if (!summary) {
    log_info("stopped; nothing was written");
    return stop_signal::exit_status();
  }
  std::printf("%s\n", summary->text().c_str());
  for (const std::string& path : summary->write()) std::printf("%s\n", path.c_str());
  if (summary->missing_jobs == 0) runs::report_at_end(config.output.dir);  // else there are no results yet
  return 0;
}

}  // namespace

Command evaluate_command() {
  static const std::string help =
      "  genbid evaluate configs/evaluate.yaml policy=runs/NAME market.periods=22..27 output.dir=runs/NAME/eval\n"
      "  genbid evaluate configs/evaluate.yaml policy='[runs/NAME, pid, {policy: fixed_alpha, alpha: 90}]'\n"
      "  genbid evaluate configs/replay.yaml policy=runs/NAME replay.log=market.h5 replay.periods=22\n"
      "\n"
      "policy              a run folder (its latest checkpoint), a checkpoint, a rule bidder, or a list of them;\n"
      "                    options stand beside: target_return, target_cpa and weights (ema, raw) of a policy; name\n"
      "                    for the table; and those of rule bidders:\n" +
      bidders::bidder_help(22) +
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
      "output.dir          gets result.json, or NAME/result.json for each of several candidates, and\n"
      "                    report.html (genbid report)\n"
      "threads             0 (default): one a processor; the files do not depend on it";
  return {"evaluate", "judge policies and rule bidders in the market, one seat at a time, or against a log", help, run,
          resolve};
}

}  // namespace genbid::app

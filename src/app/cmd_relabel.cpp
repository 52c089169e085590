#include <cstdio>

#include "app/command.h"
#include "runs/relabel_run.h"

namespace genbid::app {
namespace {

runs::RelabelConfig read(const ConfigFile& file) {
  runs::RelabelConfig config;
  file.read(config);
  return config;
}

std::string resolve(const ConfigFile& file) { return print_config(read(file), "relabel"); }

int run(const ConfigFile& file, Form form) {
  const runs::RelabelSummary summary = runs::relabel(read(file));
  std::fputs((form == Form::kJson ? summary.json() : summary.text()).c_str(), stdout);
  return 0;
}

}  // namespace

Command relabel_command() {
  return {"relabel", "play days of a tape again, under other budgets and limits, into a trajectory store",
          "Plays days of response tapes (genbid simulate with output.tape=true) and writes them as a trajectory store\n"
          "with labels, which every model learns from as from any other (data/README.md, docs/using.md).\n"
          "\n"
          "  genbid relabel configs/relabel.yaml\n"
          "  genbid relabel configs/relabel.yaml player=policy policy=runs/market output=runs/market_days.h5\n"
          "\n"
          "tape, periods         the tape, and which of its periods\n"
          "output                the trajectory store; it is there whole or not at all, and replaces its like\n"
          "features              state features to store: constraint (default) or auctionnet16\n"
          "campaigns             budgets and CPA limits of who sat there: own (default), or of any seat of the period\n"
          "days_each             under how many of these a day of a seat is played (1)\n"
          "budget_scale, cpa_scale  [LOW, HIGH]: and times a factor drawn from there\n"
          "player                constants (default), teacher (who follows the labels), or policy\n"
          "alpha                 [LOW, HIGH]: constants, times the CPA limit\n"
          "policy, weights       who plays: a run or a checkpoint; its weights: ema (default) or raw\n"
          "seed                  of what is drawn (1)\n"
          "threads               0 (default): one a processor; the same bytes for any number\n",
          run, resolve};
}

}  // namespace genbid::app

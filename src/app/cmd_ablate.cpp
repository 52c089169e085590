#include <cstdio>

#include "app/command.h"
#include "runs/ablate_run.h"
#include "runs/report_run.h"

namespace genbid::app {
namespace {

runs::AblateConfig read(const ConfigFile& file) {
  runs::AblateConfig config;
  file.read(config);
  return config;
}

std::string resolve(const ConfigFile& file) { return print_config(read(file), "ablate"); }

int run(const ConfigFile& file, Form form) {
  const runs::AblateConfig config = read(file);
  const runs::AblateSummary summary = runs::ablate(config);
  std::fputs((form == Form::kJson ? summary.json() : summary.text()).c_str(), stdout);
  if (!summary.stopped && summary.num_done > 0) runs::report_at_end(config.folder());
  return summary.exit_status();
}

}  // namespace

Command ablate_command() {
  return {
      "ablate", "train and judge variants of a config over seeds, and compare them",
      "  genbid ablate configs/experiments/quickstart.yaml\n"
      "  genbid ablate configs/experiments/quickstart.yaml shard=0/3     (and 1/3, 2/3 elsewhere)\n"
      "\n"
      "name, dir    the experiment's folder is DIR/NAME (runs/experiments/NAME): table.md, table.json, plot.svg,\n"
      "             report.html, cells/\n"
      "train        config of the trainings; its settings are the base of the comparison\n"
      "evaluate     config of the evaluations; its `policy` counts for nothing\n"
      "seeds        train.seed of each variant's trainings\n"
      "set          what all cells change: [train.steps=500, market.periods=22..27]\n"
      "variants     a list of {name, set, grid, train, policy}: what each changes (set), lists of which every\n"
      "             combination is a variant (grid: ['model.width=[64, 128]']), another training config (train),\n"
      "             or who is judged without training (policy: {policy: fixed_alpha, alpha: 90})\n"
      "markets      a list of {name, set}: every cell is judged in each, in a block of the table\n"
      "reference    the variant that the others are compared with; the base where nothing is said\n"
      "jobs         cells at a time (0: as many processes as processors); fail_fast: begin none after one has failed\n"
      "shard        i/n: a share of the cells; whoever finds all of them done writes the table\n"
      "\n"
      "Every cell is an ordinary run in cells/VARIANT/seed-N, made by `genbid train` and `genbid evaluate`\n"
      "with the configs in its folder. The same command goes on where it was stopped; what is done is not run again.\n"
      "Exit status: 0 done, 3 some cells failed, 128 + signal when stopped.",
      run, resolve};
}

}  // namespace genbid::app

#include <csignal>
#include <cstdio>

#include "app/command.h"
#include "app/either_market.h"
#include "base/log.h"
#include "base/stop_signal.h"
#include "runs/campaign_training.h"
#include "runs/report_run.h"
#include "runs/training.h"

namespace genbid::app {
namespace {

using Config = EitherMarket<runs::TrainRunConfig, runs::CampaignTrainConfig>;

std::string resolve(const ConfigFile& file) { return print_config(read_config<Config>(file), "train"); }

// 0 for train.stop_at. A rank that stops because another was asked to ends as if it had been asked as well.
int stopped_status(const train::TrainSummary& training) {
  return training.stopped_elsewhere ? 128 + SIGTERM : stop_signal::exit_status();
}

int run(const ConfigFile& file, Form form) {
  const Config config = read_config<Config>(file);
  const runs::TrainingSummary summary =
      config.of_campaigns() ? runs::train_campaigns(config.campaigns) : runs::train(config.market);
  if (summary.rank > 0) return summary.training.stopped ? stopped_status(summary.training) : 0;
  std::fputs((form == Form::kJson ? summary.json() : summary.text()).c_str(), stdout);
  if (!summary.training.stopped) {
    runs::report_at_end(summary.run);
    return 0;
  }
  log_info("stopped at step " + std::to_string(summary.training.step) + " of " + std::to_string(summary.steps) +
           "; the same command goes on from the checkpoint");
  return stopped_status(summary.training);
}

}  // namespace

Command train_command() {
  return {
      "train", "train a policy on a trajectory store or in the market",
      "  genbid train configs/decision_transformer.yaml run=runs/mine train.steps=5000\n"
      "\n"
      "run           folder of the run: config.yaml, log.txt, metrics.jsonl and TensorBoard's\n"
      "              event files, checkpoints/, report.html\n"
      "data.*        the store (genbid ingest), periods to train on and to hold out;\n"
      "              labels: what is taught: logged (default), or best in hindsight: best_rest,\n"
      "              rest_constant, best_constant (of stores that simulate wrote with labels);\n"
      "              max_action: actions above it are lowered to it (0, the default: none)\n"
      "tapes.*       files of response tapes (simulate output.tape, ingest output_tape), on which it learns\n"
      "              with train.objective: market, teacher, mixed or policy_gradient\n"
      "rounds.*      every N steps the policy plays periods of a market live, in so many drawn\n"
      "              seats or in all, and learns from the tapes of that\n"
      "model.*       a model and its options; models/NAME/README.md\n"
      "train.*       objective, steps, batch size, rates, seed, device (cpu, cuda), threads;\n"
      "              initial: a run or checkpoint of the same model to start from (default: none);\n"
      "              prometheus: a text file NAME.prom with the newest numbers (default: none)\n"
      "policy_gradient.*  group_size samples of each day, reuse, clip, kl_weight, divide_by\n"
      "train.ranks   processes that train as one, started here, by torchrun --no-python, srun, mpirun or\n"
      "              Kubernetes (docs/using.md#many-processes); rank_timeout: seconds that they wait\n"
      "              for each other\n"
      "select.*      every N steps the policy is judged in a market, whose best checkpoint is\n"
      "              kept; patience: judgements without a better one after which it ends;\n"
      "              protocol: platform judges by the mean of all seats, all of them its own\n"
      "\n"
      "The same command goes on with a run that was stopped. Ctrl-C and SIGTERM save a\n"
      "checkpoint first and exit with 128 + the signal's number; a second one ends the\n"
      "process at once. `genbid config FILE` shows every option with its value.\n"
      "\n"
      "With protocol: campaigns, agents of campaigns that pay by the click (docs/perbid.md), on the CPU:\n"
      "\n"
      "  genbid train configs/campaigns/profile.yaml run=runs/campaigns/profile\n"
      "  genbid train configs/campaigns/perbid.yaml profile_run=runs/campaigns/profile run=runs/campaigns/perbid\n"
      "\n"
      "store         days of one's own (genbid ingest), in place of campaigns.* and samples.*, which are as for\n"
      "              simulate; days_each: days of each campaign that are trained on (1)\n"
      "model         agents (default); drlb; or profile: the network that says what a campaign's market is like\n"
      "profile_run   whose profiles agents read (default: none); conditions: true: they read how tight limits are\n"
      "episodes.*    agents: how many; clusters: who has which: one, or at first by type, ppc, random, campaign;\n"
      "              reassign: campaigns move on to the agent that serves them best; per_round episodes every\n"
      "              steps_a_round steps; relabel: limits are drawn anew; type_weight: 1 draws types equally\n"
      "agents.start  the bid that a day begins with: middle (default), the same for all; yesterday, a campaign's own\n"
      "              that was best on the day before\n"
      "drlb.*        in place of agents.* and episodes.* with model: drlb, which moves alpha alone by Q-learning: "
      "start,\n"
      "              per_round, steps_a_round, epsilon, least_epsilon, epsilon_rounds, copy_every\n"
      "agents.*, profile.*, lesson.*  sizes of networks, and how they are taught\n"
      "threads       that play days; results do not depend on it",
      run, resolve};
}

}  // namespace genbid::app

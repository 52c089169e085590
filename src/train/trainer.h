#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/files/run_dir.h"
#include "policy/policy.h"
#include "train/best_checkpoint.h"
#include "train/checkpoint.h"
#include "train/dataset.h"
#include "train/held_out.h"
#include "train/objective.h"
#include "train/ranks.h"
#include "train/rounds.h"
#include "train/train_config.h"

namespace genbid::train {

struct TrainSummary {
  int64_t step = 0;
  bool stopped = false;                 // by a signal or train.stop_at, before the last step
  std::optional<double> loss;           // of the last log window; none if there was none
  std::vector<HeldOutPeriod> held_out;  // averaged weights
  int64_t held_out_step = 0;            // when held_out was measured
  std::string checkpoint;
  std::map<int64_t, double> tape_scores;  // of held-out tapes, by period; averaged weights, of the same step
  std::optional<Judgement> best;          // in the market, of all steps so far
  bool patience_gone = false;             // it ended before its last step, as nothing better came
  bool stopped_elsewhere = false;         // by a signal that came to another rank
};

// Minimises an objective in a policy's parameters, group by group. It knows no model and no data, and waits for the
// device only to log, evaluate or save. A loss that is not finite, in training or on held-out days, is an Error that
// names the step and what the cause is: weights that are not finite (which, and since when) or the loss alone. Nothing
// of that step is applied or saved, and weights that are not finite are never saved.
//
// Several ranks train as one: each step is of all their parts, all of them end at the same step, whoever was asked to
// stop, and the first alone writes. Whenever there is something to save they make sure that they have the same weights.
class Trainer {
 public:
  // All references must outlive the trainer. `info` and `config_yaml` go into every checkpoint. `held_out` may be
  // null. `run` is null at all ranks but the first.
  Trainer(const TrainConfig& config, policy::Policy& policy, Objective& objective, const Dataset* held_out,
          const RunDir* run, policy::CheckpointInfo info, std::string config_yaml, Ranks& ranks = one_rank());
  ~Trainer();
  // Judges averaged weights as the config says. The judge must outlive the trainer.
  void judge_with(Judge& judge, const SelectConfig& config);

  // Trains in these rounds, which make what the objective's steps learn from. They must outlive the trainer.
  void in_rounds(Rounds& rounds);

  // Measures, whenever held-out days are, the mean expected score by period on tapes that it does not learn from. It
  // gives nothing if a stop was asked for. All ranks ask for it, and get the same.
  void watch(std::function<std::map<int64_t, double>()> tape_scores);

  // Tells, in a line, what cannot be written, and when it could be. A checkpoint that is due then is tried again at the
  // next line of the log; one without which training cannot go on or end, for train.save_patience; then it is an Error.
  void on_trouble(std::function<void(const std::string& line)> tell);

  // Goes on where the checkpoint stands: the same weights as a run that was never interrupted, bit for bit on a
  // CPU with the same number of threads.
  void resume(const std::string& checkpoint);
  TrainSummary run();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace genbid::train

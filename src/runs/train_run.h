#pragma once

#include <string>
#include <vector>

#include "base/config/config.h"
#include "models/registry.h"
#include "play/simulate.h"
#include "train/best_checkpoint.h"
#include "train/sampler.h"
#include "train/trainer.h"

namespace genbid::runs {

// A store, written by genbid ingest or simulate, and which of its days.
struct StoreConfig {
  std::string path;
  // Of each of its windows, against those of other stores: a store's share of the windows that are drawn is weight
  // times number of windows, or of days where these are learned from whole, over the sum of that. So stores of equal
  // weights are drawn from as if they were one.
  double weight = 1.0;
  PeriodList train_periods;     // empty: data.train_periods
  PeriodList held_out_periods;  // empty: those of data.held_out_periods that it holds

  void fields(ConfigVisitor& v);
};

// Which logged data a policy learns from.
struct DataConfig {
  std::vector<StoreConfig> store;   // one, also as a mere path, or several
  PeriodList train_periods;         // of each store that names none
  PeriodList held_out_periods;      // for tuning and for the held-out loss; may be empty
  double max_action = 0.0;          // higher actions are lowered to it when the store is read; 0: none are
  std::string labels = "logged";    // what is taught (train/dataset.h): logged, best_rest, rest_constant, best_constant
  std::string reward = "expected";  // what returns count: sums of p-values, or realised conversions
  std::string weights = "uniform";  // of trajectories (train/trajectory_weights.h): uniform, length, return,
                                    // share_of_optimum, advantage
  double weight_temperature = 1.0;  // of the last three, in standard deviations of the outcome: lower is more selective
  double weight_limit = 20.0;       // likewise: the most that a trajectory weighs, before the mean is made 1
  std::string ticks = "bid";        // which count (train/dataset.h): "bid", or up to the first that is marked "done"
  std::string starts = "even";      // of windows (train/sampler.h): "even" over ticks, or "inside" days

  void fields(ConfigVisitor& v);
};

// A market whose periods need not be named.
struct TuningMarketConfig : play::MarketRunConfig {
  void fields(ConfigVisitor& v);
};

// Section `select`: the policy is judged in a market as it is trained, and its best checkpoint kept.
struct SelectRunConfig : train::SelectConfig {
  TuningMarketConfig market;  // whose periods are for tuning alone; they must be named where `every` is above 0

  void fields(ConfigVisitor& v);
};

// `kind: train`.
struct TrainRunConfig {
  std::string run;  // folder of the run
  DataConfig data;
  models::ModelConfig model;
  train::TrainConfig train;
  SelectRunConfig select;

  void fields(ConfigVisitor& v);
};

}  // namespace genbid::runs

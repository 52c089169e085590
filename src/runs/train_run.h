#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "bidding/outcomes.h"
#include "models/registry.h"
#include "play/simulate.h"
#include "train/best_checkpoint.h"
#include "train/policy_gradient.h"
#include "train/sampler.h"
#include "train/trainer.h"

namespace genbid::runs {

// A store, written by genbid ingest or simulate, and which of its days.
struct StoreConfig {
  std::string path;
  // How much each of its windows counts. A store's share of the drawn windows is weight times number of windows (number
  // of days where days are learned from whole), divided by the sum of that product over all stores. So stores of equal
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
  int64_t memory_megabytes = 0;     // the most that stores may take, of each process; 0: its share of what is left
  std::string scratch;              // a folder for what is beyond that (runs/training_data.h)

  void fields(ConfigVisitor& v);
};

// A file of response tapes, written by genbid simulate, and which of its days.
struct TapeFileConfig {
  std::string path;
  PeriodList train_periods;     // empty: tapes.train_periods
  PeriodList held_out_periods;  // empty: those of tapes.held_out_periods that it holds

  void fields(ConfigVisitor& v);
};

// Section `tapes.asked`: what a policy is asked for on each day that it is taught, drawn evenly from a range; 0: it is
// not (train/tape_days.h).
struct AskedConfig {
  RealInterval value, budget_use, cpa;

  std::map<Outcome, RealInterval> ranges() const;  // of what is asked
  void fields(ConfigVisitor& v);
};

// Leaves parts out, to see what they are worth.
struct TapesAblation {
  bool uncertainty = false;  // days count by the score of their expected conversions, as if it were these that come

  void fields(ConfigVisitor& v) { v.field("uncertainty", uncertainty); }
};

// Section `tapes`: the days in which a policy learns in the market (any train.objective but logged), and how they are
// played (softmarket/soft_day.h).
struct TapesConfig {
  std::vector<TapeFileConfig> store;    // one, also as a mere path, or several
  PeriodList train_periods;             // of each file that names none
  PeriodList held_out_periods;          // whose score is measured as training goes on; may be empty
  PeriodList seats;                     // whose days these are; empty: all
  int64_t cells = 256;                  // days of seats a step; by a policy gradient each played several times
  std::string features = "constraint";  // state features of the policy (bidding/state_features.h)
  std::string campaigns = "any";        // budgets and CPA limits of who sat there, "own", or of "any" seat
  RealInterval budget_scale{1.0, 1.0};  // and these times a factor from such a range
  RealInterval cpa_scale{1.0, 1.0};
  std::string conversions = "drawn";  // that the policy sees: drawn ones, or "expected"
  double softness = 0.02;             // of the end of a budget; a policy gradient learns from sharp ones
  double cpa_penalty = 0.0;           // for passing the CPA limit, beside the score (train/tape_days.h)
  double cost_penalty = 0.0;          // for the money that is paid, likewise
  double weight = 1.0;                // of the market's loss, beside 1 of the logged one
  AskedConfig asked;                  // of each day; by a teacher alone
  TapesAblation ablate;

  void fields(ConfigVisitor& v);
};

// A market whose periods need not be named.
struct TuningMarketConfig : play::MarketRunConfig {
  void fields(ConfigVisitor& v);
};

// Section `rounds`: the policy plays as it is trained, and learns from what it met there (runs/round_days.h).
struct RoundsConfig {
  int64_t every = 0;    // steps a round; 0: there are none
  int64_t periods = 8;  // periods that are played as a round begins
  int64_t seats = 1;   // that the policy takes in each period, drawn anew; all of the market's: it plays against copies
  int64_t keep = 3;    // from how many of the newest rounds a step learns
  double share = 1.0;  // how much of a step's days comes from rounds; the rest comes from tapes.store
  TuningMarketConfig market;  // its periods are played in turn, each round going on in the list, over and over

  bool on() const { return every > 0; }
  void fields(ConfigVisitor& v);
};

// Section `select`: the policy is judged in a market as it is trained, and its best checkpoint kept.
struct SelectRunConfig : train::SelectConfig {
  std::string protocol = "market";  // one seat after the other, or "platform": all seats are the policy's
  TuningMarketConfig market;        // whose periods are for tuning alone; they must be named where `every` is above 0

  void fields(ConfigVisitor& v);
};

// `kind: train`.
struct TrainRunConfig {
  std::string run;  // folder of the run
  DataConfig data;
  TapesConfig tapes;
  models::ModelConfig model;
  train::TrainConfig train;
  train::PolicyGradientConfig policy_gradient;  // of that objective alone
  RoundsConfig rounds;
  SelectRunConfig select;

  bool has_policy_gradient() const { return train.objective == "policy_gradient"; }
  // A policy gradient learns from logs as well where there are some.
  bool learns_from_logs() const {
    return train.objective == "logged" || train.objective == "mixed" || (has_policy_gradient() && !data.store.empty());
  }
  bool learns_in_market() const { return train.objective != "logged"; }
  bool plays_rounds() const {
    return train.objective == "market" || train.objective == "teacher" || train.objective == "mixed";
  }
  void fields(ConfigVisitor& v);
};

}  // namespace genbid::runs

#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/files/run_dir.h"
#include "policy/policy.h"
#include "policy/saved_policy.h"
#include "runs/round_market.h"
#include "runs/tape_data.h"
#include "runs/train_run.h"
#include "train/objective.h"
#include "train/ranks.h"
#include "train/rounds.h"
#include "train/tape_days.h"

namespace genbid::runs {

// The days of a training in rounds (section `rounds`). As a round begins the policy, with its averaged weights as it
// would be judged, plays some periods live; what every bid of its seats would have got there is a tape
// (play/tape_maker.h), and the round's steps learn from the tapes of the newest rounds, in the seats that the policy
// took. The first round is the population's own, so that the policy has seen a market before it enters one.
//
// A round's tapes are a file of the run, rounds/round-00000003.h5: written whole, then renamed, read where the training
// goes on, and removed once no training that goes on from the last checkpoint, or the one before, would read it. Of
// several ranks the first plays and writes, and the others read its files: they must see the run's folder.
class RoundDays : public train::Objective, public train::Rounds {
 public:
  // `cells`: days a step, in `parts`. References must outlive it. Nothing is played before begin().
  RoundDays(const TrainRunConfig& config, const RunDir& run, std::shared_ptr<policy::Policy> policy,
            const policy::CheckpointInfo& info, int64_t cells, int64_t parts, c10::Device device, train::Ranks& ranks);

  // What is asked of the policy on every day of the tapes (train/tape_days.h).
  void ask_for(Wishes wishes);
  policy::TrainingColumns training_columns() const { return days_->training_columns(); }
  // To be called where a training starts anew, before the policy is fitted: forgets what an earlier one left, and
  // begins the first round. What that one was like is told when the trainer begins it.
  void begin_anew();

  int64_t first_step(int64_t step) const override { return round_of(step) * config_.rounds.every; }
  int64_t end(int64_t step) const override { return (round_of(step) + 1) * config_.rounds.every; }
  // Error where a file of a round before is not there.
  std::optional<MetricValues> begin(int64_t step) override;

  void take_share(const train::Share& share) override;
  bool is_mine(size_t part) const override { return days_->is_mine(part); }
  int64_t draw(int64_t first, int64_t most) override { return days_->draw(first, most); }
  void gather(const at::Tensor& place_1) override { days_->gather(place_1); }
  size_t num_parts() const override { return num_parts_; }
  at::Tensor weight(size_t part) const override { return days_->weight(part); }
  bool is_of_all_groups() const override { return config_.train.objective != "teacher"; }
  std::vector<policy::LossPart> losses(const policy::Step& step, policy::Policy& policy, size_t group,
                                       size_t part) override {
    return days_->losses(step, policy, group, part);
  }
  c10::Device device() const override { return device_; }
  std::optional<Kind> kind_of_step(int64_t step) const override {
    return Kind{round_of(step), days_->kind_of_step(step)->work};
  }

 private:
  int64_t round_of(int64_t step) const { return step / config_.rounds.every; }
  std::string path_of(int64_t round) const;
  // The first of those that this one's steps learn from.
  int64_t oldest(int64_t round) const { return std::max<int64_t>(0, round - config_.rounds.keep + 1); }
  std::optional<MetricValues> play(int64_t round);
  void read(int64_t round);
  void remove_others(int64_t round) const;

  TrainRunConfig config_;
  const RunDir& run_;
  std::shared_ptr<policy::Policy> policy_;
  int64_t cells_;
  size_t num_parts_;
  c10::Device device_;
  train::Ranks& ranks_;
  train::Share share_;
  RoundMarket market_;
  Wishes wishes_;
  int64_t round_ = -1;   // whose days are read
  MetricValues untold_;  // numbers of that round that the trainer has not asked for yet
  std::optional<TapeData> data_;
  std::unique_ptr<train::TapeDays> days_;
};

// The days of tapes that a step of this objective plays, which are `chosen` of the data. The data must outlive it.
std::unique_ptr<train::TapeDays> make_tape_days(const TrainRunConfig& config, const TapeData& data,
                                                std::vector<int64_t> chosen, int64_t cells, int64_t parts,
                                                int64_t seed);

}  // namespace genbid::runs

#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/child_process.h"
#include "policy/saved_policy.h"
#include "runs/train_run.h"
#include "train/ranks.h"

namespace genbid::runs {

// The ranks of a training as it begins: those of the environment (train/rank_place.h), or train.ranks processes of this
// program on this machine, of which this one is the first, or this process alone. Ranks that others started say nothing
// but warnings and errors; of those started here the first says what ended them, if that is why it ends itself. Error
// where the environment's number is not that of the config.
class RankStart {
 public:
  RankStart(const TrainRunConfig& config, c10::Device device);
  // Ends the processes that it has started, if they have not ended.
  ~RankStart();
  RankStart(const RankStart&) = delete;
  RankStart& operator=(const RankStart&) = delete;

  train::Ranks& ranks() { return *ranks_; }
  // Waits for the processes that it has started, which have come to their end as this one has.
  void end();

 private:
  void wait_for_others(std::chrono::seconds patience);
  void tell_why();

  std::unique_ptr<train::MeetingPoint> point_;
  std::vector<ChildProcess> others_;
  std::vector<std::string> outputs_;  // where they say what goes wrong, by process
  bool ended_ = false;
  std::unique_ptr<train::Ranks> ranks_;
  std::chrono::seconds timeout_{};
};

// Error unless all ranks have the first one's settings, data, program and kind of processor, naming what differs.
void check_same_training(train::Ranks& ranks, const TrainRunConfig& config, const policy::CheckpointInfo& info);

// The first rank's checkpoint, which other ranks get over the network into a folder of their own until this object
// goes: theirs may not see the first one's.
class SharedCheckpoint {
 public:
  SharedCheckpoint(train::Ranks& ranks, const std::string& of_first);
  ~SharedCheckpoint();
  SharedCheckpoint(const SharedCheckpoint&) = delete;
  SharedCheckpoint& operator=(const SharedCheckpoint&) = delete;

  const std::string& path() const { return path_; }  // empty where there is none
  void release();                                    // once it has been read

 private:
  std::string path_;
  std::string folder_;  // that is removed; empty: none
};

}  // namespace genbid::runs

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/convert.h"
#include "base/files/scratch.h"

// The trajectory store (.h5): what a policy is trained on. Layout and meaning of every part: data/README.md.

namespace genbid::data {

struct Trajectory;  // trajectory_builder.h

// What a seat asked for, and the best that it could have asked for in hindsight, rivals as they bid. Alphas are money
// for a unit of p-value, 0 or more; scores are expected ones, in conversions (oracle/optima.h).
struct TrajectoryLabels {
  double best_constant = 0.0;  // alpha, all day
  double optimum = 0.0;        // score of the best alpha per tick
  std::vector<float> asked;    // alpha, by tick: before over-spending
  // Alphas, by tick, given what the day brought so far: for this tick before a rest played at its best, and for this
  // tick and all of the rest.
  std::vector<float> best_rest, rest_constant;
};

// Trajectories as columns. Rows are ticks; those of trajectory i are [first_row[i], first_row[i + 1]), or up to the
// end for the last, ticks 0, 1, 2, ... in order, those after the budget was spent included.
struct TrajectoryColumns {
  TrajectoryColumns() = default;
  // What there is for each tick lies in a scratch folder; null: in memory.
  explicit TrajectoryColumns(const std::shared_ptr<Scratch>& scratch);

  // These have one entry for each trajectory.
  std::vector<int64_t> period;
  std::vector<int64_t> advertiser;
  std::vector<int32_t> category;
  std::vector<double> budget;       // money
  std::vector<double> cpa;          // limit, money per conversion
  std::vector<double> cost;         // money spent
  std::vector<double> conversions;  // realised
  std::vector<int64_t> first_row;
  std::vector<double> best_constant, optimum;  // TrajectoryLabels; empty in a store without labels
  // These have one entry for each tick.
  LargeVector<int32_t> tick;
  LargeVector<float> state;  // features of a row lie together
  LargeVector<float> action;
  LargeVector<float> reward;                           // conversions
  LargeVector<float> reward_continuous;                // p-values of exposed impressions, summed
  LargeVector<uint8_t> done;                           // 1 on the last tick and on every tick from exhaustion on
  LargeVector<float> asked, best_rest, rest_constant;  // TrajectoryLabels; empty in a store without labels

  void append(const Trajectory& trajectory);
  // Adds the labels of the trajectory that was appended last; all trajectories have labels, or none has.
  void append(const TrajectoryLabels& labels);

  int64_t num_trajectories() const { return std::ssize(period); }
  int64_t num_rows() const { return std::ssize(tick); }
  int64_t end_row(int64_t trajectory) const {  // behind its last
    return trajectory + 1 < num_trajectories() ? at(first_row, trajectory + 1) : num_rows();
  }
  bool has_labels() const { return !best_constant.empty(); }
};

struct TrajectoryStoreInfo {
  int64_t ticks = 0;                  // of a whole period
  int64_t seats = 0;                  // advertisers of a period
  std::string feature_set;            // bidding/state_features.h
  std::vector<std::string> features;  // names, in the state's order
  std::string sources;                // JSON list of {"name", "size", "xxh3_128"}; may be empty
  std::string config;                 // YAML of the ingestion, without paths and thread counts; may be empty
  bool wide_advertisers = false;      // numbers of advertisers beyond 32 bits: they are stored as 64
  bool labels = false;                // with the columns of labels
};

// It writes under a temporary name, so that the store is there whole after finish() and not at all before. A writer
// that goes away without finish() leaves nothing.
class TrajectoryStoreWriter {
 public:
  static constexpr int64_t kVersion = 1;

  // Opens the temporary file, so that a place that cannot be written is found out before the work.
  explicit TrajectoryStoreWriter(const std::string& path);
  ~TrajectoryStoreWriter();

  // It is called once, before append().
  void begin(const TrajectoryStoreInfo& info, int64_t num_trajectories, int64_t num_rows);
  // The next trajectories, with labels if the info says so. `part.first_row` counts rows of the part. Error for numbers
  // that are not finite, which no store holds.
  void append(const TrajectoryColumns& part);
  // close() and commit(), between which the store is whole and not in its place.
  void finish();
  void close();
  void commit();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class TrajectoryStore {
 public:
  // Checks form and version. Every Error names the file.
  explicit TrajectoryStore(const std::string& path);
  ~TrajectoryStore();
  TrajectoryStore(TrajectoryStore&&) noexcept;

  const TrajectoryStoreInfo& info() const;
  int64_t num_trajectories() const;
  int64_t num_rows() const;

  // All columns, checked: rows of a trajectory are its ticks in order, values are finite, whole numbers in range,
  // labels 0 or more.
  TrajectoryColumns read(const std::shared_ptr<Scratch>& scratch = nullptr) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace genbid::data

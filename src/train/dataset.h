#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/convert.h"
#include "policy/day.h"
#include "train/stores.h"

// M trajectories, N rows (ticks), S features, A action coefficients, O outcomes of a day.

namespace genbid::train {

// What counts as won in returns: the sum of p-values of exposed impressions, or conversions.
enum class Reward { kExpected, kRealised };
const std::vector<std::string>& reward_names();  // "expected", "realised"
Reward parse_reward(const std::string& name);

// Which of a day's ticks count. `bid`: those in which the seat bid, up to the one that spent the last of its budget; of
// that one nobody knows what was asked for, and it has no label. `done`: up to the first that is marked done, which may
// have begun without money; all have labels. So AuctionNet's trainers cut days (auctionnet.md 5.7).
enum class CountedTicks { kBid, kDone };
const std::vector<std::string>& counted_ticks_names();  // "bid", "done"
CountedTicks parse_counted_ticks(const std::string& name);

// Ticks start .. start + count - 1 of a trajectory.
struct Window {
  int64_t trajectory = 0;
  int64_t start = 0;
  int64_t count = 0;
};

// Periods of each of the stores that were read as one: a number names other days in each.
struct PeriodsOfStores {
  std::vector<std::vector<int64_t>> lists;
};

// The trajectories of one store in a data set.
struct StoreTrajectories {
  int64_t begin = 0;
  int64_t end = 0;
  double weight = 1.0;  // StorePart
};

// The trajectories of some periods as tensors on the device. Copies and parts share the tensors.
class Dataset {
 public:
  // Takes the store's columns over, without a copy where the device is the CPU. Error for a period that the store (each
  // of several) does not hold, for labels that it does not hold, for trajectories whose returns are no numbers, and
  // where no tick that counts has a label.
  Dataset(LoadedStore store, const std::vector<int64_t>& periods, Reward reward, c10::Device device,
          Labels labels = Labels::kLogged, CountedTicks counted = CountedTicks::kBid);
  Dataset(LoadedStore store, const PeriodsOfStores& periods, Reward reward, c10::Device device,
          Labels labels = Labels::kLogged, CountedTicks counted = CountedTicks::kBid);
  // The same trajectories, but for those of other periods; their weights are 1. Error for a period that the store does
  // not hold.
  Dataset part(const std::vector<int64_t>& periods) const;
  Dataset part(const PeriodsOfStores& periods) const;

  // From here on batches carry these weights of trajectories (batch.weight_B1), one each, above 0; before, they are 1.
  void weigh(const std::vector<double>& weights);

  int64_t num_trajectories() const { return std::ssize(trajectories_); }
  int64_t num_features() const { return std::ssize(features()); }
  int64_t num_rows() const { return num_rows_; }
  c10::Device device() const;
  // How many ticks of each trajectory count. Later ones are masked.
  const std::vector<int64_t>& lengths() const { return lengths_; }
  const std::vector<int64_t>& periods() const { return periods_; }          // one a trajectory
  const std::vector<int64_t>& seats() const { return seats_; }              // one a trajectory
  const std::vector<StoreTrajectories>& stores() const { return stores_; }  // in order, one a store
  int64_t store_of(int64_t trajectory) const;                               // which of these
  const std::string& store_path(int64_t trajectory) const;
  double weight(int64_t trajectory) const;

  // Right-padded to `padded_ticks`. Windows must lie within their trajectory's length.
  policy::Batch batch(const std::vector<Window>& windows, int64_t padded_ticks) const;
  // batch() in two halves: write_places() says on the host where windows lie in the columns, kPlaces x windows numbers;
  // batch_at() gathers by them once they are on the device (P = kPlaces), and then does not wait for the host.
  static constexpr int64_t kPlaces = 7;
  void write_places(const std::vector<Window>& windows, int64_t* places) const;
  policy::Batch batch_at(const at::Tensor& places_PB, int64_t padded_ticks) const;
  static at::Tensor counts(const at::Tensor& places_PB);  // ticks of each window
  at::Tensor weights(const at::Tensor& places_PB) const;  // of its trajectory, [B, 1]

  // The rows that count, for normalisation constants: of about `most_rows`, whole trajectories drawn from all over it.
  policy::TrainingColumns training_columns(int64_t most_rows = kRowsToFit) const;
  static constexpr int64_t kRowsToFit = 65'536;

  int64_t ticks() const;                             // of a whole period
  const std::vector<std::string>& features() const;  // names, in the state's order
  // A store that does not know the optima of its days; empty: all do, and so shares of the optimum are known.
  std::string store_without_optima() const;
  at::Tensor outcome_MO() const;
  // Of a trajectory's ticks that count, f64 on the CPU: effective alphas, and labels, of which the last tick may have
  // none and is left out.
  at::Tensor alphas(int64_t trajectory) const;
  at::Tensor labels(int64_t trajectory) const;
  // Names actions that are faults of a log rather than decisions (data/action_outliers.h); empty: there are none.
  std::string describe_action_outliers() const;

 private:
  struct Tensors;
  Dataset() = default;
  PeriodsOfStores of_each(const std::vector<int64_t>& periods) const;
  void select(const PeriodsOfStores& periods);
  void check_labels() const;
  int64_t first_row(int64_t trajectory) const;

  std::shared_ptr<const Tensors> tensors_;  // of the whole store
  std::vector<int64_t> trajectories_;       // of the store, that belong to it; what follows is by place in this list
  std::vector<int64_t> lengths_;
  std::vector<int64_t> periods_;
  std::vector<int64_t> seats_;
  std::vector<StoreTrajectories> stores_;
  std::vector<double> weights_;  // empty: all are 1
  at::Tensor weight_M1_;         // the weights by place in the store, f32 on the device; undefined: all are 1
  int64_t num_rows_ = 0;
};

}  // namespace genbid::train

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/trajectory_store.h"

// Trajectory stores are read for a training: one, or several one behind the other.

namespace genbid::train {

// What a policy is taught to do at a tick: what the log's bidder asked for, or what would have been best in hindsight
// given what the day had brought so far: the alpha of this tick if every tick that was left had the best of its own, or
// the best constant alpha of what was left; or the best constant alpha of the whole day. Stores that simulate wrote
// with output.labels have them (data/README.md).
enum class Labels { kLogged, kBestRest, kRestConstant, kBestConstant };
const std::vector<std::string>& label_names();  // "logged", "best_rest", "rest_constant", "best_constant"
Labels parse_labels(const std::string& name);

// One of the stores that are read, and which of the trajectories are its.
struct StorePart {
  std::string path;
  double weight = 1.0;  // of each of its windows, against those of other stores
  int64_t end = 0;      // behind its last trajectory; its first one follows the part before
  bool labels = false;
  std::string sources, config;  // TrajectoryStoreInfo
  std::string content;          // content_of
};

// Stores in memory. `path` names them in messages.
struct LoadedStore {
  std::string path;
  data::TrajectoryStoreInfo info;  // that of the first
  data::TrajectoryColumns columns;
  std::vector<StorePart> parts = {};  // empty: it is a single one

  // Where the columns of ticks lie; null: in memory.
  std::shared_ptr<Scratch> scratch() const { return columns.state.get_allocator().scratch(); }
};
// A hash of what a policy learns from: the columns and the names of the features. It does not depend on what the file
// and its sources are called.
std::string content_of(const LoadedStore& store);
LoadedStore load_store(const std::string& path);

// Lowers actions, and what was asked for, to `max_action`. Returns how many actions were above it.
int64_t clip_actions(LoadedStore& store, double max_action);

struct StoreChoice {
  std::string path;
  double weight = 1.0;
};
// Where the stores' numbers may lie.
struct StoreMemory {
  double available = 0.0;  // bytes of the machine's memory (base/memory.h)
  // A folder for the columns of ticks where all together need more than that; of a training on a GPU until they are
  // there. Empty: such stores are refused.
  std::string scratch = {};
  std::optional<double> free = {};  // bytes of that folder's disk; not given: it is asked
  int64_t processes = 1;            // of this machine that read them at the same time: each has an equal share of both
  std::string limited_by = "that are available";  // for people: what `available` is
};
// Reads several as one. `max_action`: as clip_actions does; 0: actions stay. Of a store without labels among others
// with them, actions stand for what was asked for and optima are not known. Error, before a row is read, where the
// stores differ in features or ticks of a day, where `labels` are wanted that one of them lacks, and where there is no
// room for them; it names what differs, or how many bytes are needed and how many there are.
LoadedStore load_stores(const std::vector<StoreChoice>& choices, Labels labels, double max_action,
                        const StoreMemory& memory, int64_t* num_clipped = nullptr);

// The most bytes that stores take until a training has them as tensors: all of them as they are read, one of several
// once more while it is put behind those before it, and what is added up for each tick and day.
struct TrainingBytes {
  double of_ticks = 0.0;  // may lie in a scratch folder
  double of_days = 0.0;
  double all() const { return of_ticks + of_days; }
};
struct StoreShape {
  int64_t trajectories = 0;
  int64_t rows = 0;
  int64_t features = 0;
  bool labels = false;
};
TrainingBytes bytes_to_train(const std::vector<StoreShape>& shapes, Labels labels);

}  // namespace genbid::train

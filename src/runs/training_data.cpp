#include "runs/training_data.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <set>
#include <system_error>
#include <utility>

#include "base/config/period_text.h"
#include "base/convert.h"
#include "base/error.h"
#include "base/files/scratch.h"
#include "base/memory.h"
#include "runs/day_source.h"
#include "train/trajectory_weights.h"

namespace genbid::runs {
namespace {

using Periods = std::vector<int64_t>;

train::PeriodsOfStores training_periods(const DataConfig& config) {
  train::PeriodsOfStores periods;
  for (const StoreConfig& one : config.store) {
    periods.lists.push_back(one.train_periods.values.empty() ? config.train_periods.values : one.train_periods.values);
  }
  return periods;
}

std::set<int64_t> periods_held(const train::LoadedStore& loaded, size_t store) {
  const auto& all = loaded.columns.period;
  const int64_t begin = store == 0 ? 0 : loaded.parts[store - 1].end;
  return {all.begin() + begin, all.begin() + loaded.parts[store].end};
}

// A store that names no held-out periods has those of the common list that it holds; a single one must hold them all.
train::PeriodsOfStores held_out_periods(const DataConfig& config, const train::LoadedStore& loaded) {
  const Periods& common = config.held_out_periods.values;
  std::set<int64_t> missing(common.begin(), common.end());
  train::PeriodsOfStores periods;
  for (size_t i = 0; i < config.store.size(); ++i) {
    Periods own = config.store[i].held_out_periods.values;
    if (own.empty() && config.store.size() == 1) own = common;
    if (own.empty()) {
      const std::set<int64_t> held = periods_held(loaded, i);
      std::copy_if(common.begin(), common.end(), std::back_inserter(own),
                   [&](int64_t period) { return held.contains(period); });
    }
    for (const int64_t period : own) missing.erase(period);
    periods.lists.push_back(std::move(own));
  }
  if (!missing.empty() && config.store.size() > 1) {
    throw Error("data.held_out_periods: found " + period_ranges({missing.begin(), missing.end()}) +
                ", which none of the stores holds; expected periods of one of them");
  }
  return periods;
}

train::StoreMemory memory_for(const DataConfig& config, const Room& room) {
  train::StoreMemory memory{room.memory, room.scratch, room.disk, room.processes};
  const double limit = as_double(config.memory_megabytes) * 1e6 * as_double(room.processes);
  if (limit > 0.0 && limit < memory.available) {
    memory.available = limit;
    memory.limited_by = "of data.memory_megabytes";
  }
  return memory;
}

// A day that one store trains on says nothing when another one holds it out.
void refuse_shared_days(const DataConfig& config, const std::vector<policy::SeenStore>& stores) {
  for (size_t i = 0; i < stores.size(); ++i) {
    for (const policy::SeenStore& other : stores) {
      refuse_seen_days(config.store[i].path, "held_out_periods", "trained", other.days, other.train_periods,
                       stores[i].days, stores[i].held_out_periods, "");
    }
  }
}

}  // namespace

Room room_for(const DataConfig& config) {
  Room room;
  room.memory = available_memory();
  const char* const temporary = std::getenv("TMPDIR");
  const bool named = temporary != nullptr && *temporary != '\0';
  room.scratch = !config.scratch.empty() ? config.scratch : named ? temporary : "/var/tmp";
  std::error_code unknown;
  const std::filesystem::space_info space = std::filesystem::space(room.scratch, unknown);
  if (!unknown) room.disk = static_cast<double>(space.available);
  return room;
}

TrainingData load_training_data(const DataConfig& config, const Room& room, c10::Device device) {
  std::vector<train::StoreChoice> choices;
  for (const StoreConfig& one : config.store) choices.push_back({one.path, one.weight});
  const train::Labels labels = train::parse_labels(config.labels);
  int64_t num_clipped = 0;
  const train::StoreMemory memory = memory_for(config, room);
  train::LoadedStore loaded = train::load_stores(choices, labels, config.max_action, memory, &num_clipped);
  std::string in_files;
  if (loaded.scratch() && device.is_cpu()) {
    in_files = "data.store: has no room in the " + bytes_text(memory.available / as_double(memory.processes)) + " " +
               memory.limited_by + ", and lies in files without a name in " + memory.scratch + " (data.scratch)";
  }

  const train::PeriodsOfStores training = training_periods(config);
  const train::PeriodsOfStores held_out = held_out_periods(config, loaded);
  std::vector<policy::SeenStore> stores;
  for (size_t i = 0; i < loaded.parts.size(); ++i) {
    const train::StorePart& part = loaded.parts[i];
    stores.push_back(
        {day_source_of_store(part.config), training.lists[i], held_out.lists[i], part.sources, part.content});
  }
  refuse_shared_days(config, stores);
  std::string feature_set = loaded.info.feature_set;
  train::Dataset dataset(std::move(loaded), training, train::parse_reward(config.reward), device, labels,
                         train::parse_counted_ticks(config.ticks));
  std::optional<train::Dataset> held;
  const bool holds_out = std::any_of(held_out.lists.begin(), held_out.lists.end(),
                                     [](const Periods& periods) { return !periods.empty(); });
  if (holds_out) held = dataset.part(held_out);
  const train::Weighing weighing = train::parse_weighing(config.weights);
  if (weighing != train::Weighing::kUniform) {
    dataset.weigh(train::trajectory_weights(dataset, weighing, config.weight_temperature, config.weight_limit));
  }
  return {std::move(dataset), std::move(held), std::move(stores), std::move(feature_set), num_clipped, in_files};
}

}  // namespace genbid::runs

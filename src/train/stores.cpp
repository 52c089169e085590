#include "train/stores.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <type_traits>

#include "base/convert.h"
#include "base/error.h"
#include "base/files/content_hash.h"
#include "base/files/scratch.h"
#include "base/memory.h"
#include "base/shown.h"
#include "data/joined_columns.h"
#include "bidding/outcomes.h"

namespace genbid::train {

const std::vector<std::string>& label_names() {
  static const std::vector<std::string> names = {"logged", "best_rest", "rest_constant", "best_constant"};
  return names;
}

Labels parse_labels(const std::string& name) {
  const auto& names = label_names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) throw Error("labels: found '" + name + "', expected one of " + listed(names));
  return static_cast<Labels>(found - names.begin());
}

std::string content_of(const LoadedStore& store) {
  ContentHash hash;
  const auto add = [&](const auto& values) {
    using T = typename std::decay_t<decltype(values)>::value_type;
    const auto count = std::ssize(values);
    hash.add_values(std::span(&count, 1));
    hash.add_values(std::span<const T>(values));
  };
  const data::TrajectoryColumns& c = store.columns;
  hash.add_values(std::span(&store.info.ticks, 1));
  add(store.info.feature_set);
  for (const std::string& name : store.info.features) add(name);
  add(c.period);
  add(std::vector<int64_t>(c.advertiser.begin(), c.advertiser.end()));
  add(c.category);
  for (const std::vector<double>* one : {&c.budget, &c.cpa, &c.cost, &c.conversions}) add(*one);
  add(c.first_row);
  add(c.tick);
  for (const LargeVector<float>* one : {&c.state, &c.action, &c.reward, &c.reward_continuous}) add(*one);
  add(c.done);
  // Stores that have none of these are told by the hash that they had before there were any.
  if (!c.asked.empty()) add(c.asked);
  if (c.has_labels()) {
    for (const std::vector<double>* one : {&c.best_constant, &c.optimum}) add(*one);
    add(c.best_rest);
    add(c.rest_constant);
  }
  return hash.digits();
}

LoadedStore load_store(const std::string& path) {
  const data::TrajectoryStore store(path);
  return {path, store.info(), store.read()};
}

int64_t clip_actions(LoadedStore& store, double max_action) {
  const auto clip = [max_action](LargeVector<float>& values) {
    int64_t count = 0;
    for (float& value : values) {
      if (as_double(value) <= max_action) continue;
      value = as_float(max_action);
      ++count;
    }
    return count;
  };
  clip(store.columns.asked);
  return clip(store.columns.action);
}

namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

StoreShape shape_of(const data::TrajectoryStore& store) {
  return {store.num_trajectories(), store.num_rows(), std::ssize(store.info().features), store.info().labels};
}

// Error unless stores agree in what a policy is made for and in what stands in one row of a batch.
void check_agreement(const std::vector<StoreChoice>& choices, const std::vector<data::TrajectoryStore>& stores) {
  const data::TrajectoryStoreInfo& first = stores.front().info();
  for (size_t i = 1; i < stores.size(); ++i) {
    const data::TrajectoryStoreInfo& info = stores[i].info();
    const auto differ = [&](const std::string& found, const std::string& expected) {
      throw Error(std::string("data.store: ") + choices[i].path + ": found " + found + ", expected " + expected +
                  " as in " + choices.front().path);
    };
    if (info.feature_set != first.feature_set) {
      differ("the features " + info.feature_set, first.feature_set);  // whose names and order are the program's
    }
    if (info.ticks != first.ticks) {
      differ("days of " + std::to_string(info.ticks) + " ticks", std::to_string(first.ticks));
    }
  }
}

void check_labels(const std::string& path, bool has_labels, Labels labels) {
  if (labels == Labels::kLogged || has_labels) return;
  throw Error("data.labels: " + path + ": found a store without labels, expected one with the best alphas in " +
              "hindsight (genbid simulate with output.labels=true writes them)");
}

StoreShape sum_of(const std::vector<StoreShape>& shapes) {
  StoreShape sum;
  for (const StoreShape& shape : shapes) {
    sum.trajectories += shape.trajectories;
    sum.rows += shape.rows;
  }
  return sum;
}

// Null where there is room in memory.
std::shared_ptr<Scratch> scratch_for(const std::vector<StoreShape>& shapes, Labels labels, const StoreMemory& memory) {
  const TrainingBytes needed = bytes_to_train(shapes, labels);
  const auto processes = as_double(memory.processes);
  const double available = memory.available / processes;
  if (needed.all() <= available) return nullptr;
  const StoreShape sum = sum_of(shapes);
  const auto refuse = [&](double bytes, const std::string& of_what, const std::string& found,
                          const std::string& way_out) {
    const std::string shared =
        memory.processes == 1 ? ""
                              : " for each of the " + std::to_string(memory.processes) + " processes on this machine";
    throw Error("data.store: a training takes " + bytes_text(bytes) + " of " + of_what + " for these " +
                std::to_string(sum.trajectories) + " trajectories of " + std::to_string(sum.rows) +
                " ticks, expected at most the " + found + shared + " (" + way_out +
                "fewer stores, or stores of fewer periods)");
  };
  const std::string of_memory = bytes_text(available) + " " + memory.limited_by;
  if (memory.scratch.empty()) refuse(needed.all(), "memory", of_memory, "");
  if (needed.of_days > available) refuse(needed.of_days, "memory", of_memory, "");
  auto scratch = [&] {
    try {
      return std::make_shared<Scratch>(memory.scratch);
    } catch (const Error& error) {
      throw Error("data.scratch: " + std::string(error.what()) + " (" + bytes_text(needed.all()) +
                  " of stores have no room in the " + of_memory + ")");
    }
  }();
  const double free = memory.free.value_or(scratch->free_bytes()) / processes;
  if (needed.of_ticks > free) {
    refuse(needed.of_ticks, "disk in " + memory.scratch, bytes_text(free) + " that are free there",
           "and in memory the " + of_memory + "; data.scratch names another folder; ");
  }
  return scratch;
}

// Where some stores know labels and others do not, only what was asked for is kept, as far as it is known.
void keep_what_is_common(data::TrajectoryColumns& part) {
  if (part.has_labels()) {
    part.best_constant.clear();
    part.best_rest.clear();
    part.rest_constant.clear();
    return;
  }
  part.asked = part.action;
  part.optimum.assign(part.period.size(), kUnknown);
}

}  // namespace

TrainingBytes bytes_to_train(const std::vector<StoreShape>& shapes, Labels labels) {
  TrainingBytes all;
  TrainingBytes largest;
  const bool some_labelled =
      std::any_of(shapes.begin(), shapes.end(), [](const StoreShape& one) { return one.labels; });
  for (const StoreShape& shape : shapes) {
    // TrajectoryColumns: tick, action, two rewards and done, the state, and three labels; of a trajectory seven numbers
    // of 64 bits and a category of 32, and two labels.
    // Where another store has labels, actions stand for what was asked for.
    const double row = 17.0 + 4.0 * as_double(shape.features) + (shape.labels ? 12.0 : some_labelled ? 4.0 : 0.0);
    const double trajectory = 60.0 + (shape.labels ? 16.0 : 0.0);
    // The data set's: what came before each tick, and labels that are one a day; numbers of trajectories.
    const double row_more = 4.0 * as_double(kNumAdditive) + (labels == Labels::kBestConstant ? 4.0 : 0.0);
    const double trajectory_more = 41.0 + 2.0 * 4.0 * as_double(kNumOutcomes + 2) + 8.0 * 5.0;
    const TrainingBytes read{row * as_double(shape.rows), trajectory * as_double(shape.trajectories)};
    all.of_ticks += read.of_ticks + row_more * as_double(shape.rows);
    all.of_days += read.of_days + trajectory_more * as_double(shape.trajectories);
    if (read.all() > largest.all()) largest = read;
  }
  if (shapes.size() == 1) return all;
  return {all.of_ticks + largest.of_ticks, all.of_days + largest.of_days};
}

LoadedStore load_stores(const std::vector<StoreChoice>& choices, Labels labels, double max_action,
                        const StoreMemory& memory, int64_t* num_clipped) {
  std::vector<data::TrajectoryStore> stores;
  std::vector<StoreShape> shapes;
  for (const StoreChoice& choice : choices) {
    stores.emplace_back(choice.path);
    shapes.push_back(shape_of(stores.back()));
    check_labels(choice.path, shapes.back().labels, labels);
  }
  check_agreement(choices, stores);
  const std::shared_ptr<Scratch> scratch = scratch_for(shapes, labels, memory);

  const auto labelled = std::count_if(shapes.begin(), shapes.end(), [](const StoreShape& one) { return one.labels; });
  const bool mixed = labelled > 0 && labelled < std::ssize(shapes);
  LoadedStore all{choices.front().path, stores.front().info(), data::TrajectoryColumns(scratch)};
  if (stores.size() > 1) {
    const StoreShape sum = sum_of(shapes);
    data::reserve(all.columns, sum.trajectories, sum.rows, shapes.front().features, labelled > 0 && !mixed);
    if (mixed) all.columns.asked.reserve(to_size(sum.rows));
  }
  for (size_t i = 0; i < stores.size(); ++i) {
    LoadedStore one{choices[i].path, stores[i].info(), stores[i].read(scratch)};
    const int64_t clipped = max_action > 0.0 ? clip_actions(one, max_action) : 0;
    if (num_clipped != nullptr) *num_clipped += clipped;
    StorePart part{one.path, choices[i].weight, 0, one.info.labels, one.info.sources, one.info.config, content_of(one)};
    if (mixed) keep_what_is_common(one.columns);
    if (stores.size() > 1) {
      data::append(all.columns, std::move(one.columns));
    } else {
      all.columns = std::move(one.columns);
    }
    part.end = all.columns.num_trajectories();
    all.parts.push_back(std::move(part));
  }
  return all;
}

}  // namespace genbid::train

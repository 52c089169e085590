#include <cmath>

#include "bidding/state_features.h"
#include "data/trajectory_store.h"
#include "data/trajectory_store_layout.h"
#include "fuzz.h"
#include "hdf5_parts.h"
#include "store_bytes.h"

// Trajectory stores: attributes, types, shapes and values. A store that is accepted is written and read back equal.

namespace {

using namespace genbid;

// Visits labels alone.
template <typename Visit>
auto of_labels(const Visit& visit) {
  return [&visit](const std::string& name, const auto& values) {
    if (data::is_label(name)) visit(name, values);
  };
}

void make_store(const std::string& path, fuzz::Choices& choices) {
  const bool constraint = choices.byte() % 2 == 1;
  const FeatureSet set = parse_feature_set(constraint ? "constraint" : "auctionnet16");
  const std::vector<std::string> features = feature_names(set);
  static constexpr int64_t kTicks[] = {3, 2, 4, 1};
  const int64_t ticks = choices.one_of(kTicks);
  constexpr int64_t kTrajectories = 2;
  const int64_t rows = kTrajectories * ticks;

  data::Hdf5File file = data::Hdf5File::create(path);
  fuzz::Hdf5Parts parts(file, choices);
  parts.attribute("format", std::string(data::kTrajectoryStoreFormat));
  parts.attribute("version", data::TrajectoryStoreWriter::kVersion);
  parts.attribute("ticks", ticks);
  parts.attribute("seats", int64_t{48});
  parts.attribute("feature_set", feature_set_name(set));
  parts.attribute("features", features);
  parts.attribute("sources", std::string("[]"));
  parts.attribute("config", std::string("kind: ingest\n"));
  if (!choices.rarely()) file.create_group("/trajectories");
  if (!choices.rarely()) file.create_group("/ticks");

  data::TrajectoryColumns columns;
  columns.period = {7, 7};
  columns.advertiser = {0, 1};
  columns.category = {0, 0};
  columns.budget = {2900.0, 4350.0};
  columns.cpa = {100.0, 70.0};
  columns.cost = {10.0, 20.0};
  columns.conversions = {1.0, 2.0};
  columns.first_row = {0, ticks};
  for (int64_t row = 0; row < rows; ++row) {
    columns.tick.push_back(static_cast<int32_t>(row % ticks));
    columns.done.push_back(row % ticks == ticks - 1 ? 1 : 0);
  }
  columns.state.assign(static_cast<size_t>(rows) * features.size(), 0.25F);
  columns.action.assign(static_cast<size_t>(rows), 80.0F);
  columns.reward.assign(static_cast<size_t>(rows), 1.0F);
  columns.reward_continuous.assign(static_cast<size_t>(rows), 0.5F);
  const auto put_of_trajectories = [&](const std::string& name, const auto& values) {
    parts.dataset(name, {kTrajectories}, values);
  };
  const auto put_of_ticks = [&](const std::string& name, const auto& values) {
    std::vector<int64_t> shape = {rows};
    if (data::is_state(name)) shape.push_back(static_cast<int64_t>(features.size()));
    parts.dataset(name, shape, std::vector(values.begin(), values.end()));
  };
  for_each_trajectory_column(columns, put_of_trajectories);
  for_each_tick_column(columns, put_of_ticks);
  // Behind all else, so that inputs mean what they meant before there were labels.
  if (choices.byte() % 2 == 1) {
    columns.best_constant = {80.0, 90.0};
    columns.optimum = {30.0, 0.0};
    columns.asked.assign(static_cast<size_t>(rows), 70.0F);
    columns.best_rest.assign(static_cast<size_t>(rows), 75.0F);
    columns.rest_constant.assign(static_cast<size_t>(rows), 85.0F);
    for_each_trajectory_column(columns, of_labels(put_of_trajectories), true);
    for_each_tick_column(columns, of_labels(put_of_ticks), true);
  }
  file.close();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Choices choices(data, size);
  const std::string path = fuzz::Scratch::path("in.h5");
  try {
    make_store(path, choices);
  } catch (const Error&) {
    return 0;  // a dataset whose group was left out, or of no size
  }
  data::TrajectoryStoreInfo info;
  data::TrajectoryColumns columns;
  if (!fuzz::accepted([&] {
        const data::TrajectoryStore store(path);
        columns = store.read();
        info = store.info();
      })) {
    return 0;
  }
  for (size_t i = 0; i < columns.first_row.size(); ++i) {
    const int64_t end = i + 1 < columns.first_row.size() ? columns.first_row[i + 1] : columns.num_rows();
    for (int64_t row = columns.first_row[i]; row < end; ++row) {
      fuzz::require(columns.tick[static_cast<size_t>(row)] == row - columns.first_row[i], "ticks of a trajectory rise");
    }
  }
  for (const float value : columns.state) fuzz::require(std::isfinite(value), "states are finite");
  for (const float value : columns.asked) fuzz::require(value >= 0.0F, "labels are 0 or more");
  for (const float value : columns.action) fuzz::require(std::isfinite(value), "actions are finite");
  const std::string output = fuzz::Scratch::path("out.h5");
  data::TrajectoryStoreWriter writer(output);
  writer.begin(info, columns.num_trajectories(), columns.num_rows());
  writer.append(columns);
  writer.finish();
  fuzz::require(fuzz::bytes_of(data::TrajectoryStore(output).read()) == fuzz::bytes_of(columns), "columns come back");
  return 0;
}

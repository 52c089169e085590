#include "data/trajectory_store.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <span>
#include <type_traits>

#include "base/config/config.h"
#include "base/convert.h"
#include "base/files/atomic_file.h"
#include "base/error.h"
#include "bidding/advertiser.h"
#include "bidding/state_features.h"
#include "data/hdf5_file.h"
#include "data/hdf5_trial.h"
#include "data/trajectory_builder.h"
#include "data/trajectory_store_layout.h"

namespace genbid::data {

TrajectoryColumns::TrajectoryColumns(const std::shared_ptr<Scratch>& scratch)
    : tick(LargeAllocator<int32_t>(scratch)),
      state(LargeAllocator<float>(scratch)),
      action(state.get_allocator()),
      reward(state.get_allocator()),
      reward_continuous(state.get_allocator()),
      done(LargeAllocator<uint8_t>(scratch)),
      asked(state.get_allocator()),
      best_rest(state.get_allocator()),
      rest_constant(state.get_allocator()) {}

void TrajectoryColumns::append(const Trajectory& t) {
  first_row.push_back(num_rows());
  period.push_back(t.head.period);
  advertiser.push_back(t.head.advertiser);
  category.push_back(t.head.category);
  budget.push_back(t.head.budget);
  cpa.push_back(t.head.cpa);
  cost.push_back(t.head.cost);
  conversions.push_back(t.head.conversions);
  for (int k = 0; k < t.num_ticks; ++k) tick.push_back(k);
  state.insert(state.end(), t.state.begin(), t.state.end());
  action.insert(action.end(), t.action.begin(), t.action.end());
  reward.insert(reward.end(), t.reward.begin(), t.reward.end());
  reward_continuous.insert(reward_continuous.end(), t.reward_continuous.begin(), t.reward_continuous.end());
  done.insert(done.end(), t.done.begin(), t.done.end());
}

void TrajectoryColumns::append(const TrajectoryLabels& labels) {
  best_constant.push_back(labels.best_constant);
  optimum.push_back(labels.optimum);
  asked.insert(asked.end(), labels.asked.begin(), labels.asked.end());
  best_rest.insert(best_rest.end(), labels.best_rest.begin(), labels.best_rest.end());
  rest_constant.insert(rest_constant.end(), labels.rest_constant.begin(), labels.rest_constant.end());
}

struct TrajectoryStoreWriter::State {
  std::string path;
  AtomicFile atomic;
  Hdf5File file;
  int64_t num_features = 0;
  bool labels = false;
  int64_t num_trajectories = 0;
  int64_t num_rows = 0;
  int64_t trajectories_written = 0;
  int64_t rows_written = 0;

  explicit State(const std::string& name)
      : path(name), atomic(path), file(Hdf5File::create(atomic.temporary(), path)) {}
};

TrajectoryStoreWriter::TrajectoryStoreWriter(const std::string& path) : state_(std::make_unique<State>(path)) {}
TrajectoryStoreWriter::~TrajectoryStoreWriter() = default;

void check_finite(const std::string& path, const TrajectoryColumns& part, int64_t first_trajectory, int64_t first_row,
                  int64_t num_features, bool with_labels) {
  const auto check = [&](const std::string& name, const auto& column, int64_t first, int64_t width) {
    using Value = typename std::decay_t<decltype(column)>::value_type;
    if constexpr (std::is_floating_point_v<Value>) {
      const auto bad = std::find_if(column.begin(), column.end(), [](Value value) { return !std::isfinite(value); });
      if (bad == column.end()) return;
      throw Error(path + ": dataset '" + name + "': row " + std::to_string(first + (bad - column.begin()) / width) +
                  " holds " + shortest(as_double(*bad)) + ", expected a finite number");
    }
  };
  for_each_trajectory_column(
      part, [&](const std::string& name, const auto& column) { check(name, column, first_trajectory, 1); },
      with_labels);
  for_each_tick_column(
      part,
      [&](const std::string& name, const auto& column) {
        check(name, column, first_row, is_state(name) ? num_features : 1);
      },
      with_labels);
}

void create_trajectory_store(Hdf5File& file, const TrajectoryStoreInfo& info, int64_t num_trajectories,
                             int64_t num_rows) {
  file.write_attribute("format", std::string(kTrajectoryStoreFormat));
  file.write_attribute("version", TrajectoryStoreWriter::kVersion);
  file.write_attribute("ticks", info.ticks);
  file.write_attribute("seats", info.seats);
  file.write_attribute("feature_set", info.feature_set);
  file.write_attribute("features", info.features);
  file.write_attribute("sources", info.sources);
  file.write_attribute("config", info.config);
  file.create_group("/trajectories");
  file.create_group("/ticks");
  const TrajectoryColumns types;
  const auto create_of_trajectories = [&](const std::string& name, const auto& column) {
    using Value = typename std::decay_t<decltype(column)>::value_type;
    const bool narrow = is_advertiser(name) && !info.wide_advertisers;
    file.create_dataset(name, narrow ? Hdf5Type::kI32 : kHdf5TypeOf<Value>, {num_trajectories});
  };
  const auto create_of_ticks = [&](const std::string& name, const auto& column) {
    using Value = typename std::decay_t<decltype(column)>::value_type;
    std::vector<int64_t> shape = {num_rows};
    if (is_state(name)) shape.push_back(std::ssize(info.features));
    file.create_dataset(name, kHdf5TypeOf<Value>, shape);
  };
  for_each_trajectory_column(types, create_of_trajectories, info.labels);
  for_each_tick_column(types, create_of_ticks, info.labels);
}

void TrajectoryStoreWriter::begin(const TrajectoryStoreInfo& info, int64_t num_trajectories, int64_t num_rows) {
  State& s = *state_;
  s.num_features = std::ssize(info.features);
  s.labels = info.labels;
  s.num_trajectories = num_trajectories;
  s.num_rows = num_rows;
  create_trajectory_store(s.file, info, num_trajectories, num_rows);
}

void TrajectoryStoreWriter::append(const TrajectoryColumns& part) {
  State& s = *state_;
  assert(s.trajectories_written + part.num_trajectories() <= s.num_trajectories);
  assert(s.rows_written + part.num_rows() <= s.num_rows);
  assert(std::ssize(part.state) == part.num_rows() * s.num_features);
  assert(part.num_trajectories() == 0 || part.has_labels() == s.labels);
  check_finite(s.path, part, s.trajectories_written, s.rows_written, s.num_features, s.labels);
  std::vector<int64_t> first_row = part.first_row;
  for (int64_t& row : first_row) row += s.rows_written;

  const auto write_of_trajectories = [&](const std::string& name, const auto& column) {
    using Value = typename std::decay_t<decltype(column)>::value_type;
    std::span<const Value> values(column);
    if constexpr (std::is_same_v<Value, int64_t>) {
      if (name == "/trajectories/first_row") values = first_row;
    }
    s.file.write_rows(name, s.trajectories_written, values);
  };
  const auto write_of_ticks = [&](const std::string& name, const auto& column) {
    using Value = typename std::decay_t<decltype(column)>::value_type;
    s.file.write_rows(name, s.rows_written, std::span<const Value>(column));
  };
  for_each_trajectory_column(part, write_of_trajectories, s.labels);
  for_each_tick_column(part, write_of_ticks, s.labels);
  s.trajectories_written += part.num_trajectories();
  s.rows_written += part.num_rows();
}

void TrajectoryStoreWriter::finish() {
  close();
  commit();
}

void TrajectoryStoreWriter::close() {
  State& s = *state_;
  assert(s.trajectories_written == s.num_trajectories && s.rows_written == s.num_rows);
  s.file.close();
}

void TrajectoryStoreWriter::commit() { state_->atomic.commit(); }

struct TrajectoryStore::State {
  std::string path;
  Hdf5File file;
  TrajectoryStoreInfo info;
  int64_t num_trajectories = 0;
  int64_t num_rows = 0;

  explicit State(const std::string& name) : path(name), file(Hdf5File::open(name)) {}

  [[noreturn]] void fail(const std::string& what) const { throw Error(path + ": " + what); }

  void check() {
    check_format();
    read_info();
    check_datasets();
  }

  void check_format() const {
    const std::string expected = ", expected a trajectory store made by `genbid ingest`";
    if (!file.has_attribute("format")) fail("an HDF5 file without the attribute 'format'" + expected);
    const std::string format = file.read_text_attribute("format");
    if (format != kTrajectoryStoreFormat) fail("format '" + format + "'" + expected);
    if (!file.has_attribute("version")) fail("no attribute 'version'" + expected);
    const int64_t version = file.read_integer_attribute("version");
    if (version != TrajectoryStoreWriter::kVersion) {
      fail("store of version " + std::to_string(version) + ", this program reads " +
           std::to_string(TrajectoryStoreWriter::kVersion));
    }
  }

  void read_info() {
    for (const char* name : {"ticks", "seats", "features", "feature_set"}) {
      if (!file.has_attribute(name)) fail(std::string("no attribute '") + name + "'");
    }
    info.ticks = file.read_integer_attribute("ticks");
    info.seats = file.read_integer_attribute("seats");
    info.features = file.read_texts_attribute("features");
    info.feature_set = file.read_text_attribute("feature_set");
    if (file.has_attribute("sources")) info.sources = file.read_text_attribute("sources");
    if (file.has_attribute("config")) info.config = file.read_text_attribute("config");

    if (info.ticks < 1 || info.ticks > kMaxTicks) {
      fail("attribute 'ticks': found " + std::to_string(info.ticks) + ", expected 1 to " + std::to_string(kMaxTicks));
    }
    const auto& known = feature_set_names();
    if (std::find(known.begin(), known.end(), info.feature_set) == known.end()) {
      fail("feature set '" + info.feature_set + "', expected auctionnet16, auctionnet16_frozen or constraint");
    }
    if (info.features != feature_names(parse_feature_set(info.feature_set))) {
      fail("attribute 'features' does not list the " +
           std::to_string(feature_names(parse_feature_set(info.feature_set)).size()) + " features of the set '" +
           info.feature_set + "'");
    }
  }

  // Reads the row again as it is stored, because only that tells whether it is no number or one that is too large for
  // the column's type.
  template <typename Value>
  [[noreturn]] void refuse_value(const std::string& name, int64_t row, int64_t width) const {
    std::vector<double> stored(to_size(width));
    file.read_rows(name, row, std::span<double>(stored));
    const auto bad = std::find_if(stored.begin(), stored.end(),
                                  [](double value) { return !(std::abs(value) <= std::numeric_limits<Value>::max()); });
    const double value = bad == stored.end() ? std::numeric_limits<double>::quiet_NaN() : *bad;
    fail("dataset '" + name + "': row " + std::to_string(row) + " holds " + shortest(value) + ", expected a " +
         (std::isfinite(value) ? "number that float32 can hold (up to 3.4e38)" : "finite number"));
  }

  // Whether there are labels: all of their datasets or none.
  bool find_labels() const {
    std::string there, missing;
    const auto look = [&](const std::string& name, const auto& /*column*/) {
      if (is_label(name)) (file.has_dataset(name) ? there : missing) = name;
    };
    const TrajectoryColumns names;
    for_each_trajectory_column(names, look, true);
    for_each_tick_column(names, look, true);
    if (!there.empty() && !missing.empty()) {
      fail("no dataset '" + missing + "' beside '" + there + "', expected all datasets of labels or none");
    }
    return !there.empty();
  }

  void check_datasets() {
    const TrajectoryColumns types;
    info.labels = find_labels();
    num_trajectories = num_rows = -1;
    const auto check = [&](const std::string& name, const auto& column, int64_t& count) {
      using Value = typename std::decay_t<decltype(column)>::value_type;
      trial_goes_on();
      if (!file.has_dataset(name)) fail("no dataset '" + name + "'");
      const Hdf5Kind kind = file.kind(name);
      const bool reals = std::is_floating_point_v<Value>;
      if (kind == Hdf5Kind::kOther || (kind == Hdf5Kind::kBoolean && reals)) {
        fail("dataset '" + name + "': found " + file.kind_text(name) + ", expected " +
             (reals ? "numbers" : "whole numbers"));
      }
      file.visit_pieces(name);
      const std::vector<int64_t> shape = file.shape(name);
      if (shape.size() != (is_state(name) ? 2U : 1U)) {
        fail("dataset '" + name + "': found " + std::to_string(shape.size()) + " dimensions, expected " +
             (is_state(name) ? "2" : "1"));
      }
      if (is_state(name) && shape[1] != std::ssize(info.features)) {
        fail("dataset '" + name + "': found " + std::to_string(shape[1]) + " features, expected " +
             std::to_string(info.features.size()) + " as in the attribute 'features'");
      }
      if (count < 0) count = shape[0];
      if (shape[0] != count) {
        fail("dataset '" + name + "': found " + std::to_string(shape[0]) + " entries, expected " +
             std::to_string(count) + " as in the others of its group");
      }
    };
    for_each_trajectory_column(
        types, [&](const std::string& name, const auto& column) { check(name, column, num_trajectories); },
        info.labels);
    for_each_tick_column(
        types, [&](const std::string& name, const auto& column) { check(name, column, num_rows); }, info.labels);
    info.wide_advertisers = !file.is_stored_as("/trajectories/advertiser", Hdf5Type::kI32);
  }
};

TrajectoryStore::TrajectoryStore(const std::string& path) {
  try_hdf5(path, [&] { State(path).check(); });
  state_ = std::make_unique<State>(path);
  state_->check();
}
TrajectoryStore::~TrajectoryStore() = default;
TrajectoryStore::TrajectoryStore(TrajectoryStore&&) noexcept = default;

const TrajectoryStoreInfo& TrajectoryStore::info() const { return state_->info; }
int64_t TrajectoryStore::num_trajectories() const { return state_->num_trajectories; }
int64_t TrajectoryStore::num_rows() const { return state_->num_rows; }

namespace {

// The highest value that a column of whole numbers may hold.
int64_t highest(const std::string& name) {
  if (name == "/ticks/done") return 1;
  if (name == "/trajectories/category" || name == "/ticks/tick") return std::numeric_limits<int32_t>::max();
  return std::numeric_limits<int64_t>::max();
}

}  // namespace

TrajectoryColumns TrajectoryStore::read(const std::shared_ptr<Scratch>& scratch) const {
  const State& s = *state_;
  TrajectoryColumns columns(scratch);
  const auto read = [&](const std::string& name, auto& column) {
    using Value = typename std::decay_t<decltype(column)>::value_type;
    const bool per_trajectory = name.starts_with("/trajectories/");
    const int64_t rows = per_trajectory ? s.num_trajectories : s.num_rows;
    const int64_t width = is_state(name) ? std::ssize(s.info.features) : 1;
    column.resize(to_size(rows * width));
    s.file.read_rows(name, 0, std::span<Value>(column));
    const int64_t high = highest(name);
    const bool label = is_label(name);
    if constexpr (std::is_integral_v<Value>) {
      for (size_t i = 0; i < column.size(); ++i) {
        const auto value = static_cast<int64_t>(column[i]);
        if (value >= 0 && value <= high) continue;
        s.fail("dataset '" + name + "': row " + std::to_string(i) + " holds " + std::to_string(value) +
               ", expected a whole number in 0.." + std::to_string(high));
      }
    }
    if constexpr (std::is_floating_point_v<Value>) {
      for (size_t i = 0; i < column.size(); ++i) {
        if (!std::isfinite(column[i])) s.refuse_value<Value>(name, to_signed(i) / width, width);
        if (!label || column[i] >= 0) continue;
        s.fail("dataset '" + name + "': row " + std::to_string(i) + " holds " + shortest(as_double(column[i])) +
               ", expected 0 or more");
      }
    }
  };
  for_each_trajectory_column(columns, read, s.info.labels);
  for_each_tick_column(columns, read, s.info.labels);

  for (int64_t i = 0; i < s.num_trajectories; ++i) {
    const auto place = to_size(i);
    if (columns.budget[place] <= 0.0 || columns.cpa[place] <= 0.0) {
      s.fail("trajectory " + std::to_string(i) + " has budget " + std::to_string(columns.budget[place]) + " and cpa " +
             std::to_string(columns.cpa[place]) + ", expected numbers above 0");
    }
    const int64_t first = columns.first_row[place];
    const int64_t end = i + 1 < s.num_trajectories ? columns.first_row[place + 1] : s.num_rows;
    if ((i == 0 && first != 0) || end <= first || end > s.num_rows) {
      s.fail("dataset '/trajectories/first_row': trajectory " + std::to_string(i) + " has rows " +
             std::to_string(first) + ".." + std::to_string(end - 1) +
             ", expected row numbers that begin at 0 and increase");
    }
    if (end - first > s.info.ticks) {
      s.fail("trajectory " + std::to_string(i) + " has " + std::to_string(end - first) + " ticks, expected at most " +
             std::to_string(s.info.ticks));
    }
    for (int64_t row = first; row < end; ++row) {
      if (at(columns.tick, row) != row - first) {
        s.fail("dataset '/ticks/tick': row " + std::to_string(row) + " has tick " +
               std::to_string(at(columns.tick, row)) + ", expected " + std::to_string(row - first));
      }
    }
  }
  if (s.num_trajectories == 0 && s.num_rows != 0) s.fail("ticks without trajectories");
  return columns;
}

}  // namespace genbid::data

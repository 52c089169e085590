#include "data/tape_store.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/config/config.h"
#include "base/convert.h"
#include "base/error.h"
#include "base/files/atomic_file.h"
#include "bidding/advertiser.h"
#include "data/hdf5_file.h"
#include "data/hdf5_trial.h"
#include "data/tape_store_layout.h"
#include "data/trajectory_builder.h"

namespace genbid::data {
namespace {

// More than any grid of alphas has (oracle/grid.h).
constexpr int64_t kMostOctaves = 192;
constexpr int64_t kMostKnotsPerOctave = 256;

constexpr const char* kCurveNames[] = {"value", "cost", "slots"};

}  // namespace

void create_tape_store(Hdf5File& file, const TapeInfo& info, int64_t num_days) {
  file.write_attribute("format", std::string(kTapeFormat));
  file.write_attribute("version", TapeStoreWriter::kVersion);
  file.write_attribute("ticks", info.ticks);
  file.write_attribute("seats", info.seats);
  file.write_attribute("octaves", info.octaves);
  file.write_attribute("knots_per_octave", info.knots_per_octave);
  file.write_attribute("config", info.config);
  file.create_group("/days");
  file.create_group("/ticks");
  const TapeColumns types;
  for_each_tape_column(types, [&](const std::string& name, const auto& column) {
    using Value = typename std::decay_t<decltype(column)>::value_type;
    std::vector<int64_t> shape = tape_day_shape(name, info);
    shape.insert(shape.begin(), num_days);
    file.create_dataset(name, kHdf5TypeOf<Value>, shape);
  });
}

struct TapeStoreWriter::State {
  AtomicFile atomic;
  Hdf5File file;
  TapeInfo info;
  int64_t num_days = 0;
  int64_t days_written = 0;

  explicit State(const std::string& path) : atomic(path), file(Hdf5File::create(atomic.temporary(), path)) {}
};

TapeStoreWriter::TapeStoreWriter(const std::string& path) : state_(std::make_unique<State>(path)) {}
TapeStoreWriter::~TapeStoreWriter() = default;

void TapeStoreWriter::begin(const TapeInfo& info, int64_t num_days) {
  State& s = *state_;
  assert(num_days % info.seats == 0);
  s.info = info;
  s.num_days = num_days;
  create_tape_store(s.file, info, num_days);
}

void TapeStoreWriter::append(const TapeColumns& part) {
  State& s = *state_;
  assert(s.days_written + part.num_days() <= s.num_days && part.num_days() % s.info.seats == 0);
  assert(part.ticks == s.info.ticks && part.num_knots() == s.info.num_knots());
  for_each_tape_column(part, [&](const std::string& name, const auto& column) {
    using Value = typename std::decay_t<decltype(column)>::value_type;
    assert(std::ssize(column) == part.num_days() * tape_day_size(name, s.info));
    s.file.write_rows(name, s.days_written, std::span<const Value>(column));
  });
  s.days_written += part.num_days();
}

void TapeStoreWriter::finish() {
  State& s = *state_;
  assert(s.days_written == s.num_days);
  s.file.close();
  s.atomic.commit();
}

struct TapeStore::State {
  std::string path;
  Hdf5File file;
  TapeInfo info;
  int64_t num_days = -1;
  std::vector<int64_t> periods;

  explicit State(const std::string& name) : path(name), file(Hdf5File::open(name)) {}

  [[noreturn]] void fail(const std::string& what) const { throw Error(path + ": " + what); }

  void check() {
    check_format();
    read_info();
    check_datasets();
    read_periods();
  }

  void check_format() const {
    const std::string expected =
        ", expected a tape made by `genbid simulate` (output.tape=true) or `genbid ingest` (output_tape)";
    if (!file.has_attribute("format")) fail("an HDF5 file without the attribute 'format'" + expected);
    const std::string format = file.read_text_attribute("format");
    if (format != kTapeFormat) fail("format '" + format + "'" + expected);
    if (!file.has_attribute("version")) fail("no attribute 'version'" + expected);
    const int64_t version = file.read_integer_attribute("version");
    if (version != TapeStoreWriter::kVersion) {
      fail("tape of version " + std::to_string(version) + ", this program reads " +
           std::to_string(TapeStoreWriter::kVersion));
    }
  }

  int64_t read_count(const std::string& name, int64_t most) const {
    if (!file.has_attribute(name)) fail("no attribute '" + name + "'");
    const int64_t count = file.read_integer_attribute(name);
    if (count < 1 || count > most) {
      fail("attribute '" + name + "': found " + std::to_string(count) + ", expected 1 to " + std::to_string(most));
    }
    return count;
  }

  void read_info() {
    info.ticks = read_count("ticks", kMaxTicks);
    info.seats = read_count("seats", kMaxSeats);
    info.octaves = read_count("octaves", kMostOctaves);
    info.knots_per_octave = read_count("knots_per_octave", kMostKnotsPerOctave);
    if (file.has_attribute("config")) info.config = file.read_text_attribute("config");
  }

  void check_datasets() {
    const TapeColumns types;
    for_each_tape_column(types, [&](const std::string& name, const auto& column) {
      using Value = typename std::decay_t<decltype(column)>::value_type;
      trial_goes_on();
      if (!file.has_dataset(name)) fail("no dataset '" + name + "'");
      const Hdf5Kind kind = file.kind(name);
      const bool reals = std::is_floating_point_v<Value>;
      if (kind == Hdf5Kind::kOther || kind == Hdf5Kind::kBoolean) {
        fail("dataset '" + name + "': found " + file.kind_text(name) + ", expected " +
             (reals ? "numbers" : "whole numbers"));
      }
      file.visit_pieces(name);
      const std::vector<int64_t> shape = file.shape(name);
      std::vector<int64_t> expected = tape_day_shape(name, info);
      if (num_days < 0 && !shape.empty()) num_days = shape[0];
      expected.insert(expected.begin(), num_days);
      if (shape != expected) {
        fail("dataset '" + name + "': found the shape " + shape_text(shape) + ", expected " + shape_text(expected));
      }
    });
    if (num_days % info.seats != 0) {
      fail("found " + std::to_string(num_days) + " days of seats, expected a multiple of the " +
           std::to_string(info.seats) + " seats of a period");
    }
  }

  static std::string shape_text(const std::vector<int64_t>& shape) {
    std::string text;
    for (const int64_t extent : shape) text += (text.empty() ? "" : " x ") + std::to_string(extent);
    return text.empty() ? "of one number" : text;
  }

  void read_periods() {
    std::vector<int64_t> period(to_size(num_days));
    std::vector<int64_t> seat(to_size(num_days));
    file.read_rows("/days/period", 0, std::span(period));
    file.read_rows("/days/seat", 0, std::span(seat));
    for (int64_t day = 0; day < num_days; ++day) {
      const auto refuse = [&](const std::string& name, int64_t found, const std::string& expected) {
        fail("dataset '" + name + "': row " + std::to_string(day) + " holds " + std::to_string(found) + ", expected " +
             expected);
      };
      const int64_t expected_seat = day % info.seats;
      if (at(seat, day) != expected_seat) {
        refuse("/days/seat", at(seat, day), std::to_string(expected_seat) + ": seats of a period in order");
      }
      const int64_t found = at(period, day);
      if (expected_seat == 0) {
        if (found < 0) refuse("/days/period", found, "0 or more");
        periods.push_back(found);
      }
      if (found != periods.back()) {
        refuse("/days/period", found, std::to_string(periods.back()) + " for all seats of that period");
      }
    }
  }

  // Columns of as many days as are to be read.
  TapeColumns make_columns(int64_t count) const {
    TapeColumns columns;
    columns.ticks = info.ticks;
    columns.octaves = info.octaves;
    columns.knots_per_octave = info.knots_per_octave;
    for_each_tape_column(columns, [&](const std::string& name, auto& column) {
      column.resize(to_size(count * tape_day_size(name, info)));
    });
    return columns;
  }

  // Reads `count` days of the store from `from` on to the place `to` of the columns.
  void read_days(int64_t from, int64_t count, int64_t to, TapeColumns& columns) const {
    for_each_tape_column(columns, [&](const std::string& name, auto& column) {
      using Value = typename std::decay_t<decltype(column)>::value_type;
      const int64_t width = tape_day_size(name, info);
      const auto values = std::span<Value>(column).subspan(to_size(to * width), to_size(count * width));
      file.read_rows(name, from, values);
      if constexpr (std::is_floating_point_v<Value>) check_numbers(name, from, width, std::span<const Value>(values));
    });
    const auto knots_of_day = to_size(tape_day_size("/ticks/knots", info));
    for (int64_t day = 0; day < count; ++day) {
      check_curves(from + day, std::span(columns.knots).subspan(to_size(to + day) * knots_of_day, knots_of_day));
    }
  }

  template <typename Value>
  void check_numbers(const std::string& name, int64_t from, int64_t width, std::span<const Value> values) const {
    const bool above_0 = name == "/days/budget" || name == "/days/cpa_limit" || name == "/days/lowest";
    for (size_t i = 0; i < values.size(); ++i) {
      const Value value = values[i];
      if (std::isfinite(value) && (above_0 ? value > 0 : value >= 0)) continue;
      fail("dataset '" + name + "': row " + std::to_string(from + to_signed(i) / width) + " holds " +
           shortest(as_double(value)) + ", expected a finite number " + (above_0 ? "above 0" : "of 0 or more"));
    }
  }

  // Values do not fall from one knot to the next; and with slopes of at most three times the rise on either side a
  // cubic does not fall between them (Fritsch and Carlson, SIAM J. Numer. Anal. 17, 1980).
  void check_curves(int64_t day, std::span<const float> knots) const {
    const auto numbers = to_size(TapeColumns::kNumbers);
    const auto of_tick = to_size(info.num_knots()) * numbers;
    for (size_t i = numbers; i < knots.size(); ++i) {
      if (i % of_tick < numbers) continue;
      const size_t before = i - numbers;
      const auto found = [&](size_t place, const char* what) {
        return "dataset '/ticks/knots': row " + std::to_string(day) + ", tick " + std::to_string(i / of_tick) +
               ": found the " + what + kCurveNames[i % numbers / 2] + " " + shortest(as_double(knots[place])) +
               " at knot " + std::to_string(place % of_tick / numbers) + ", expected ";
      };
      if (i % numbers % 2 == 0) {
        if (knots[i] >= knots[before]) continue;
        fail(found(i, "") + "at least that of the knot before, " + shortest(as_double(knots[before])));
      }
      const double most = 3.0 * (as_double(knots[i - 1]) - as_double(knots[before - 1]));
      for (const size_t place : {before, i}) {
        if (as_double(knots[place]) <= most) continue;
        fail(found(place, "slope of the ") + "at most three times the rise to the next knot on either side, " +
             shortest(most));
      }
    }
  }
};

TapeStore::TapeStore(const std::string& path) {
  try_hdf5(path, [&] { State(path).check(); });
  state_ = std::make_unique<State>(path);
  state_->check();
}
TapeStore::~TapeStore() = default;
TapeStore::TapeStore(TapeStore&&) noexcept = default;

const TapeInfo& TapeStore::info() const { return state_->info; }
int64_t TapeStore::num_days() const { return state_->num_days; }
int64_t TapeStore::num_periods() const { return std::ssize(state_->periods); }
const std::vector<int64_t>& TapeStore::periods() const { return state_->periods; }

TapeColumns TapeStore::read() const {
  TapeColumns columns = state_->make_columns(num_days());
  state_->read_days(0, num_days(), 0, columns);
  return columns;
}

TapeColumns TapeStore::read(std::span<const int64_t> periods) const {
  const State& s = *state_;
  TapeColumns columns = s.make_columns(std::ssize(periods) * s.info.seats);
  for (size_t i = 0; i < periods.size(); ++i) {
    const auto found = std::find(s.periods.begin(), s.periods.end(), periods[i]);
    if (found == s.periods.end()) {
      s.fail("no period " + std::to_string(periods[i]) + ", expected one of its " + std::to_string(s.periods.size()) +
             " from " +
             (s.periods.empty() ? "none" : std::to_string(*std::min_element(s.periods.begin(), s.periods.end()))) +
             " on");
    }
    s.read_days((found - s.periods.begin()) * s.info.seats, s.info.seats, to_signed(i) * s.info.seats, columns);
  }
  return columns;
}

}  // namespace genbid::data

#include "data/tape_store.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <set>
#include <type_traits>

#include "base/config/config.h"
#include "base/convert.h"
#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/text_table.h"
#include "bidding/advertiser.h"
#include "data/hdf5_file.h"
#include "data/hdf5_trial.h"

namespace genbid::data {
namespace {

constexpr const char* kKnots = "/ticks/knots";

// Calls a visitor with each dataset's name and column. The names stand here and nowhere else.
template <typename Columns, typename Visit>
void for_each_column(Columns& columns, const Visit& visit) {
  visit("/days/period", columns.period);
  visit("/days/seat", columns.seat);
  visit("/days/budget", columns.budget);
  visit("/days/cpa_limit", columns.cpa_limit);
  visit("/days/lowest", columns.lowest);
  visit("/ticks/num_pv", columns.num_pv);
  visit("/ticks/mean_pvalue", columns.mean_pvalue);
  visit("/ticks/price", columns.price);
  visit(kKnots, columns.knots);
}

template <typename Column>
using ValueOf = typename std::decay_t<Column>::value_type;

std::vector<int64_t> shape_of(const std::string& name, const TapeInfo& info, int64_t num_days) {
  if (name.starts_with("/days/")) return {num_days};
  if (name == kKnots) return {num_days, info.ticks, info.num_knots(), TapeColumns::kNumbers};
  return {num_days, info.ticks};
}

int64_t numbers_of_day(const std::string& name, const TapeInfo& info) {
  int64_t product = 1;
  for (const int64_t size : shape_of(name, info, 1)) product *= size;
  return product;
}

}  // namespace

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
  s.info = info;
  s.num_days = num_days;
  s.file.write_attribute("format", std::string(kTapeFormat));
  s.file.write_attribute("version", kVersion);
  s.file.write_attribute("ticks", info.ticks);
  s.file.write_attribute("seats", info.seats);
  s.file.write_attribute("octaves", info.octaves);
  s.file.write_attribute("knots_per_octave", info.knots_per_octave);
  s.file.write_attribute("config", info.config);
  s.file.create_group("/days");
  s.file.create_group("/ticks");
  const TapeColumns types;
  for_each_column(types, [&](const std::string& name, const auto& column) {
    s.file.create_dataset(name, kHdf5TypeOf<ValueOf<decltype(column)>>, shape_of(name, info, num_days));
  });
}

void TapeStoreWriter::append(const TapeColumns& part) {
  State& s = *state_;
  assert(part.ticks == s.info.ticks && part.num_knots() == s.info.num_knots());
  assert(s.days_written + part.num_days() <= s.num_days);
  for_each_column(part, [&](const std::string& name, const auto& column) {
    assert(std::ssize(column) == part.num_days() * numbers_of_day(name, s.info));
    s.file.write_rows(name, s.days_written, std::span<const ValueOf<decltype(column)>>(column));
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
  int64_t num_days = 0;
  std::vector<int64_t> period;  // by day

  explicit State(const std::string& name) : path(name), file(Hdf5File::open(name)) {}

  [[noreturn]] void fail(const std::string& what) const { throw Error(path + ": " + what); }

  void check() {
    check_format();
    read_info();
    num_days = -1;
    const TapeColumns types;
    for_each_column(types, [&](const std::string& name, const auto& column) {
      check_dataset(name, std::is_floating_point_v<ValueOf<decltype(column)>>);
    });
    period.resize(to_size(num_days));
    file.read_rows("/days/period", 0, std::span<int64_t>(period));
  }

  void check_format() const {
    const std::string expected = ", expected a tape made by `genbid simulate` with output.tape=true";
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

  int64_t read_size(const char* name, int64_t highest) const {
    if (!file.has_attribute(name)) fail(std::string("no attribute '") + name + "'");
    const int64_t value = file.read_integer_attribute(name);
    if (value < 1 || value > highest) {
      fail(std::string("attribute '") + name + "': found " + std::to_string(value) + ", expected 1 to " +
           std::to_string(highest));
    }
    return value;
  }

  void read_info() {
    info.ticks = read_size("ticks", kMaxTicks);
    info.seats = read_size("seats", kMaxSeats);
    info.octaves = read_size("octaves", 64);
    info.knots_per_octave = read_size("knots_per_octave", 256);
    if (file.has_attribute("config")) info.config = file.read_text_attribute("config");
  }

  void check_dataset(const std::string& name, bool reals) {
    trial_goes_on();
    if (!file.has_dataset(name)) fail("no dataset '" + name + "'");
    const Hdf5Kind kind = file.kind(name);
    if (kind == Hdf5Kind::kOther || (kind == Hdf5Kind::kBoolean && reals)) {
      fail("dataset '" + name + "': found " + file.kind_text(name) + ", expected " +
           (reals ? "numbers" : "whole numbers"));
    }
    file.visit_pieces(name);
    const std::vector<int64_t> found = file.shape(name);
    if (num_days < 0 && found.size() == 1) num_days = found[0];
    const std::vector<int64_t> expected = shape_of(name, info, num_days);
    if (found == expected) return;
    const auto text = [](const std::vector<int64_t>& sizes) {
      std::string all;
      for (const int64_t size : sizes) all += (all.empty() ? "" : " x ") + std::to_string(size);
      return all;
    };
    fail("dataset '" + name + "': found " + text(found) + " numbers, expected " + text(expected));
  }

  // `day`: in the file.
  [[noreturn]] void refuse(const std::string& name, int64_t day, double value, const std::string& expected) const {
    fail("dataset '" + name + "': day " + std::to_string(day) + " holds " + shortest(value) + ", expected " + expected);
  }

  template <typename Value>
  void check_values(const std::string& name, int64_t day, std::span<const Value> values) const {
    const bool above = name == "/days/budget" || name == "/days/cpa_limit" || name == "/days/lowest";
    // Slopes among the knots may be anything that is finite, but curves rise.
    for (const Value value : values) {
      if (!std::isfinite(as_double(value))) refuse(name, day, as_double(value), "a finite number");
      if (above && !(value > 0)) refuse(name, day, as_double(value), "a number above 0");
      if (value < 0) refuse(name, day, as_double(value), "a number from 0 on");
    }
    if (name == "/days/seat" && as_double(values[0]) >= as_double(info.seats)) {
      refuse(name, day, as_double(values[0]), "a seat of " + std::to_string(info.seats));
    }
    if (name != kKnots) return;
    const size_t of_tick = to_size(info.num_knots() * TapeColumns::kNumbers);
    for (size_t i = to_size(TapeColumns::kNumbers); i < values.size(); ++i) {
      const bool first_knot = i % of_tick < to_size(TapeColumns::kNumbers);
      if (first_knot || i % 2 == 1 || values[i] >= values[i - to_size(TapeColumns::kNumbers)]) continue;
      refuse(name, day, as_double(values[i]), "a curve that does not fall from knot to knot");
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
std::vector<int64_t> TapeStore::periods() const {
  const std::set<int64_t> all(state_->period.begin(), state_->period.end());
  return {all.begin(), all.end()};
}

TapeColumns TapeStore::read(const std::vector<int64_t>& periods) const {
  const State& s = *state_;
  const std::set<int64_t> wanted(periods.begin(), periods.end());
  std::vector<int64_t> days;
  for (int64_t day = 0; day < s.num_days; ++day) {
    if (wanted.contains(at(s.period, day))) days.push_back(day);
  }
  TapeColumns columns;
  columns.ticks = s.info.ticks;
  columns.octaves = s.info.octaves;
  columns.knots_per_octave = s.info.knots_per_octave;
  for_each_column(columns, [&](const std::string& name, auto& column) {
    using Value = ValueOf<decltype(column)>;
    const int64_t width = numbers_of_day(name, s.info);
    column.resize(days.size() * to_size(width));
    // Days that lie one behind the other are read in one go.
    for (size_t first = 0; first < days.size();) {
      size_t end = first + 1;
      while (end < days.size() && days[end] == days[end - 1] + 1) ++end;
      const std::span<Value> values = std::span(column).subspan(first * to_size(width), (end - first) * to_size(width));
      s.file.read_rows(name, days[first], values);
      for (size_t i = first; i < end; ++i) {
        s.check_values<Value>(name, days[i], values.subspan((i - first) * to_size(width), to_size(width)));
      }
      first = end;
    }
  });
  return columns;
}

}  // namespace genbid::data

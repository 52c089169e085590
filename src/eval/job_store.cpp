#include "eval/job_store.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <utility>

#include "base/convert.h"
#include "base/error.h"
#include "base/files/content_hash.h"
#include "base/files/raw_file.h"
#include "base/files/safetensors.h"
#include "base/log.h"
#include "base/shown.h"

namespace genbid::eval {
namespace {

// Raised where a file's layout or the meaning of its numbers changes.
constexpr const char* kFormat = "genbid-job-1";
constexpr const char* kHashKey = "xxh3_128";  // of all the rest of a file; not there in those of earlier programs
constexpr const char* kAnew = "; remove this file, and the same evaluation makes it anew";

template <typename T>
constexpr const char* kTypeName = "F64";
template <>
constexpr const char* kTypeName<float> = "F32";
template <>
constexpr const char* kTypeName<int64_t> = "I64";
template <>
constexpr const char* kTypeName<int32_t> = "I32";

std::string file_name(const JobKey& key) {
  std::string name = "period-" + std::to_string(key.period);
  if (key.market_seed != 1) name += ".market-" + std::to_string(key.market_seed);
  if (key.policy_seed != 1) name += ".policy-" + std::to_string(key.policy_seed);
  return name + ".safetensors";
}

using Metadata = std::map<std::string, std::string>;

// A hash of what a file says. `tensors`: by name order.
std::string content_of(const std::vector<TensorBytes>& tensors, const Metadata& metadata) {
  std::string names;
  for (const auto& [key, value] : metadata) {
    if (key != kHashKey) names += key + '\0' + value + '\0';
  }
  for (const TensorBytes& one : tensors) names += one.name + '\0' + one.dtype + '\0' + shape_text(one.shape) + '\0';
  ContentHash hash;
  hash.add_values(std::span<const char>(names));
  for (const TensorBytes& one : tensors) hash.add(one.data);
  return hash.digits();
}

// Columns that are being written; the file points into them.
class Columns {
 public:
  template <typename T>
  void add(const std::string& name, const std::vector<T>& values, std::vector<int64_t> shape = {}) {
    if (shape.empty()) shape = {std::ssize(values)};
    const auto bytes = std::as_bytes(std::span(values));
    kept_.emplace_back(bytes.begin(), bytes.end());
    tensors_.push_back({name, kTypeName<T>, std::move(shape), kept_.back()});
  }
  template <typename T, typename Rows, typename Get>
  void add_of(const std::string& name, const Rows& rows, Get get) {
    std::vector<T> values;
    values.reserve(rows.size());
    for (const auto& row : rows) values.push_back(static_cast<T>(std::invoke(get, row)));
    add(name, values);
  }
  void write(const std::string& path, const JobKey& key, const char* kind, const std::string& program) {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::sort(tensors_.begin(), tensors_.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    Metadata metadata = {{"format", kFormat},
                         {"kind", kind},
                         {"identity", key.identity},
                         {"program", program},
                         {"period", std::to_string(key.period)},
                         {"market_seed", std::to_string(key.market_seed)},
                         {"policy_seed", std::to_string(key.policy_seed)}};
    metadata[kHashKey] = content_of(tensors_, metadata);
    write_safetensors(path, tensors_, metadata);
  }

 private:
  std::vector<std::vector<std::byte>> kept_;
  std::vector<TensorBytes> tensors_;
};

SafetensorsFile opened(const std::string& path) {
  { const RawFile found(path, O_RDONLY | O_NONBLOCK); }  // what may not be read is not damaged
  try {
    return SafetensorsFile(path);
  } catch (const Error& error) {
    throw Error(error.what() + std::string(kAnew));
  }
}

class JobFile {
 public:
  JobFile(const std::string& path, const std::string& kind) : path_(path), file_(opened(path)) {
    if (text("format") != kFormat || text("kind") != kind) {
      throw Error(path + ": found a file that is not " + kind + " of an evaluation, expected one or none" + kAnew);
    }
    check_hash();
  }

  std::string text(const std::string& key) const {
    const auto found = file_.metadata().find(key);
    return found == file_.metadata().end() ? std::string() : found->second;
  }
  int64_t number(const std::string& key) const {
    try {
      return std::stoll(text(key));
    } catch (const std::exception&) {
      fail("found '" + shown(text(key)) + "' as " + key + ", expected a number");
    }
  }
  bool has(const std::string& name) const { return file_.find(name) != nullptr; }
  template <typename T>
  std::vector<T> column(const std::string& name) const {
    const TensorBytes* tensor = file_.find(name);
    if (tensor == nullptr || tensor->dtype != kTypeName<T>) {
      fail(std::string("found no ") + kTypeName<T> + " column '" + name + "', expected it");
    }
    std::vector<T> values(tensor->data.size() / sizeof(T));
    // An empty column has no place in memory.
    if (!values.empty()) std::memcpy(values.data(), tensor->data.data(), values.size() * sizeof(T));
    return values;
  }
  template <typename T>
  std::vector<T> column(const std::string& name, size_t size) const {
    std::vector<T> values = column<T>(name);
    if (values.size() != size) {
      fail("found " + std::to_string(values.size()) + " numbers in '" + name + "', expected " + std::to_string(size));
    }
    return values;
  }
  template <typename T, typename Row>
  void fill(const std::string& name, std::vector<Row>& rows, const std::function<void(Row&, T)>& set) const {
    const std::vector<T> values = column<T>(name, rows.size());
    for (size_t i = 0; i < rows.size(); ++i) set(rows[i], values[i]);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw Error(path_ + ": damaged: " + what + kAnew); }

  void check_hash() const {
    static const std::set<std::string> kOthers = {"format", "kind",        "identity",   "program",
                                                  "period", "market_seed", "policy_seed"};
    const Metadata& metadata = file_.metadata();
    if (metadata.contains(kHashKey)) {
      if (text(kHashKey) != content_of(file_.tensors(), metadata)) fail("found other bytes than were written");
      return;
    }
    for (const auto& [key, value] : metadata) {  // one of an earlier program, or the name of the hash is damaged
      if (!kOthers.contains(key)) fail("found '" + shown(key) + "' in the metadata, expected " + kHashKey);
    }
  }

  std::string path_;
  SafetensorsFile file_;
};

// A column of a cell: how it is called in the file, and where it stands.
template <typename T>
struct CellColumn {
  const char* name;
  T CellResult::*field;
};
constexpr CellColumn<double> kRealColumns[] = {{"budget", &CellResult::budget},
                                               {"cpa_limit", &CellResult::cpa_limit},
                                               {"cost", &CellResult::cost},
                                               {"conversions", &CellResult::conversions},
                                               {"expected_conversions", &CellResult::expected_conversions},
                                               {"conversion_variance", &CellResult::conversion_variance},
                                               {"score", &CellResult::score},
                                               {"expected_score", &CellResult::expected_score},
                                               {"score_of_expectation", &CellResult::score_of_expectation}};
constexpr CellColumn<int64_t> kWholeColumns[] = {{"seat", &CellResult::seat}, {"wins", &CellResult::wins}};

template <typename T>
struct TickColumn {
  const char* name;
  std::vector<T> CellDay::*field;
};
constexpr TickColumn<float> kTickColumns[] = {{"tick.alpha", &CellDay::alpha},
                                              {"tick.cost", &CellDay::cost},
                                              {"tick.value", &CellDay::value},
                                              {"tick.price", &CellDay::price}};
constexpr TickColumn<int32_t> kTickCounts[] = {{"tick.wins", &CellDay::wins}};

template <typename T>
void add_ticks(Columns& columns, const TickColumn<T>& column, const std::vector<CellDay>& days) {
  std::vector<T> all;
  for (const CellDay& day : days) all.insert(all.end(), (day.*column.field).begin(), (day.*column.field).end());
  const auto num_days = std::ssize(days);
  columns.add(column.name, all, {num_days, num_days == 0 ? 0 : std::ssize(all) / num_days});
}

template <typename T>
void read_ticks(const JobFile& file, const TickColumn<T>& column, std::vector<CellDay>& days) {
  const std::vector<T> all = file.column<T>(column.name);
  const size_t ticks = days.empty() ? 0 : all.size() / days.size();
  for (size_t i = 0; i < days.size(); ++i) {
    const auto begin = all.begin() + to_signed(i * ticks);
    (days[i].*column.field).assign(begin, begin + to_signed(ticks));
  }
}

void add_cells(Columns& columns, const PeriodCells& job) {
  for (const auto& column : kRealColumns) columns.add_of<double>(column.name, job.cells, column.field);
  for (const auto& column : kWholeColumns) columns.add_of<int64_t>(column.name, job.cells, column.field);
  columns.add_of<int64_t>("last_active_tick", job.cells, &CellResult::last_active_tick);
  for (const auto& column : kTickColumns) add_ticks(columns, column, job.days);
  for (const auto& column : kTickCounts) add_ticks(columns, column, job.days);
  columns.add("memory", job.memory);
}

PeriodCells read_cells(const JobFile& file) {
  PeriodCells job;
  job.cells.resize(file.column<int64_t>("seat").size());
  for (const auto& column : kRealColumns) {
    file.fill<double, CellResult>(column.name, job.cells, [&](CellResult& c, double v) { c.*column.field = v; });
  }
  for (const auto& column : kWholeColumns) {
    file.fill<int64_t, CellResult>(column.name, job.cells, [&](CellResult& c, int64_t v) { c.*column.field = v; });
  }
  file.fill<int64_t, CellResult>("last_active_tick", job.cells,
                                 [](CellResult& c, int64_t v) { c.last_active_tick = static_cast<int>(v); });
  for (CellResult& cell : job.cells) {
    cell.period = file.number("period");
    cell.market_seed = file.number("market_seed");
    cell.policy_seed = file.number("policy_seed");
  }
  job.days.resize(job.cells.size());
  for (const auto& column : kTickColumns) read_ticks(file, column, job.days);
  for (const auto& column : kTickCounts) read_ticks(file, column, job.days);
  job.memory = file.column<double>("memory");
  job.program = file.text("program");
  return job;
}

struct OptimumColumn {
  const char* name;
  oracle::Optimum oracle::SeatOptima::*which;
};
constexpr OptimumColumn kOptima[] = {{"per_tick", &oracle::SeatOptima::per_tick},
                                     {"constant", &oracle::SeatOptima::constant},
                                     {"constant_kept", &oracle::SeatOptima::constant_kept},
                                     {"slots", &oracle::SeatOptima::slots}};
constexpr std::pair<const char*, double oracle::Optimum::*> kOptimumFields[] = {{"score", &oracle::Optimum::score},
                                                                                {"value", &oracle::Optimum::value},
                                                                                {"cost", &oracle::Optimum::cost},
                                                                                {"alpha", &oracle::Optimum::alpha},
                                                                                {"bound", &oracle::Optimum::bound}};

// The file at `path`, or nothing where there is none or it is of another identity than the key.
std::optional<JobFile> find(const std::string& path, const std::string& kind, const JobKey& key) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  JobFile file(path, kind);
  if (file.text("identity") != key.identity) return std::nullopt;
  return file;
}

constexpr const char* kBestCosts = "per_tick.tick.cost";

void add_best_costs(Columns& columns, const std::vector<oracle::SeatOptima>& seats) {
  std::vector<float> all;
  for (const oracle::SeatOptima& seat : seats) {
    for (const double cost : seat.per_tick_costs) all.push_back(as_float(cost));
  }
  const auto num_seats = std::ssize(seats);
  columns.add(kBestCosts, all, {num_seats, num_seats == 0 ? 0 : std::ssize(all) / num_seats});
}

void read_best_costs(const JobFile& file, std::vector<oracle::SeatOptima>& seats) {
  if (!file.has(kBestCosts)) return;  // only a report asks for them, and does without
  const std::vector<float> all = file.column<float>(kBestCosts);
  const size_t ticks = seats.empty() ? 0 : all.size() / seats.size();
  for (size_t i = 0; i < seats.size(); ++i) {
    const auto begin = all.begin() + to_signed(i * ticks);
    seats[i].per_tick_costs.assign(begin, begin + to_signed(ticks));
  }
}

HindsightDay read_hindsight(const JobFile& file) {
  HindsightDay day;
  day.has_slots = file.column<int64_t>("has_slots", 1)[0] != 0;
  day.seats.resize(file.column<double>("per_tick.score").size());
  for (const OptimumColumn& optimum : kOptima) {
    for (const auto& [name, field] : kOptimumFields) {
      file.fill<double, oracle::SeatOptima>(
          std::string(optimum.name) + "." + name, day.seats,
          [&optimum, &field = field](oracle::SeatOptima& seat, double value) { seat.*optimum.which.*field = value; });
    }
  }
  read_best_costs(file, day.seats);
  day.memory = file.column<double>("memory");
  return day;
}

constexpr const char* kCells = "cells";
constexpr const char* kHindsight = "hindsight";

}  // namespace

std::string JobStore::cells_path(const JobKey& key) const {
  return cells_folder_ + "/" + key.folder + "/" + file_name(key);
}

std::optional<PeriodCells> JobStore::find_cells(const JobKey& key) const {
  const auto file = find(cells_path(key), kCells, key);
  if (!file) return std::nullopt;
  PeriodCells job = read_cells(*file);
  note_program(job.program);
  return job;
}

void JobStore::note_program(const std::string& program) const {
  if (noted_ || program.empty() || program == program_) return;
  noted_ = true;
  log_info("cells that are kept were played by " + shown(program) + "; this is " + program_);
}

void JobStore::keep_cells(const JobKey& key, const PeriodCells& job) const {
  Columns columns;
  add_cells(columns, job);
  columns.write(cells_path(key), key, kCells, program_);
}

std::optional<PlatformPeriodCells> JobStore::find_platform(const JobKey& key) const {
  const auto file = find(cells_path(key), kCells, key);
  if (!file) return std::nullopt;
  const PeriodCells common = read_cells(*file);
  note_program(common.program);
  PlatformPeriodCells job{std::vector<PlatformCell>(common.cells.size()), common.memory};
  for (size_t i = 0; i < job.cells.size(); ++i) job.cells[i].result = common.cells[i];
  file->fill<double, PlatformCell>("optimum", job.cells, [](PlatformCell& c, double v) { c.result.optimum = v; });
  file->fill<double, PlatformCell>("least_cost", job.cells, [](PlatformCell& c, double v) { c.least_cost = v; });
  file->fill<int64_t, PlatformCell>("num_exposed", job.cells, [](PlatformCell& c, int64_t v) { c.num_exposed = v; });
  file->fill<int64_t, PlatformCell>("group", job.cells,
                                    [](PlatformCell& c, int64_t v) { c.group = static_cast<PlatformGroup>(v); });
  return job;
}

void JobStore::keep_platform(const JobKey& key, const PlatformPeriodCells& job) const {
  PeriodCells common{{}, std::vector<CellDay>(job.cells.size()), job.memory};
  for (const PlatformCell& cell : job.cells) common.cells.push_back(cell.result);
  Columns columns;
  add_cells(columns, common);
  columns.add_of<double>("optimum", common.cells, &CellResult::optimum);
  columns.add_of<double>("least_cost", job.cells, &PlatformCell::least_cost);
  columns.add_of<int64_t>("num_exposed", job.cells, &PlatformCell::num_exposed);
  columns.add_of<int64_t>("group", job.cells, &PlatformCell::group);
  columns.write(cells_path(key), key, kCells, program_);
}

std::optional<HindsightDay> JobStore::find_hindsight(const JobKey& key) const {
  const auto file = find(hindsight_folder_ + "/" + key.folder + "/" + file_name(key), kHindsight, key);
  if (!file) return std::nullopt;
  return read_hindsight(*file);
}

void JobStore::keep_hindsight(const JobKey& key, const HindsightDay& day) const {
  Columns columns;
  for (const OptimumColumn& optimum : kOptima) {
    for (const auto& [name, field] : kOptimumFields) {
      columns.add_of<double>(
          std::string(optimum.name) + "." + name, day.seats,
          [&optimum, &field = field](const oracle::SeatOptima& seat) { return seat.*optimum.which.*field; });
    }
  }
  add_best_costs(columns, day.seats);
  columns.add("memory", day.memory);
  columns.add("has_slots", std::vector<int64_t>{day.has_slots ? 1 : 0});
  columns.write(hindsight_folder_ + "/" + key.folder + "/" + file_name(key), key, kHindsight, program_);
}

PeriodCells read_period_cells(const std::string& path) { return read_cells(JobFile(path, kCells)); }

HindsightDay read_hindsight_day(const std::string& path) { return read_hindsight(JobFile(path, kHindsight)); }

}  // namespace genbid::eval

#include "play/outputs.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>

#include "base/convert.h"
#include "base/files/atomic_file.h"
#include "base/files/table_text.h"
#include "base/error.h"
#include "base/shard.h"
#include "data/market_log.h"
#include "data/raw_log_writer.h"
#include "data/replaceable.h"
#include "data/table_output.h"
#include "data/tape_store.h"
#include "data/trajectory_csv.h"
#include "data/trajectory_parquet.h"
#include "data/trajectory_store.h"
#include "play/period_columns.h"
#include "play/resumable_outputs.h"
#include "play/tape_maker.h"
#include "play/trajectory_recorder.h"

namespace genbid::play {
namespace {

namespace fs = std::filesystem;

// A text file that is written piece by piece. Every failure is an Error.
class TextFile {
 public:
  explicit TextFile(std::string path) : path_(std::move(path)), out_(path_, std::ios::binary) { check(); }
  void write(const std::string& text) {
    out_ << text;
    check();
  }
  void close() {
    out_.close();
    check();
  }

 private:
  void check() {
    if (!out_) throw Error(path_ + ": cannot write: " + std::strerror(errno));
  }
  std::string path_;
  std::ofstream out_;
};

// What may lie in a run's folder under the name of an output and be replaced. Tables are recognised by their first
// columns only, because others have been added over time.
struct OutputKind {
  const char* name;
  const char* kind;
  bool (*is_one)(const std::string& path);
};

constexpr OutputKind kTicksCsv = {"ticks.csv", "a run's table of ticks", [](const std::string& path) {
                                    return data::begins_with(path, "episode,tick,agent,remaining_before,");
                                  }};
constexpr OutputKind kTrajectoriesCsv = {"trajectories.csv", "a trajectory file", [](const std::string& path) {
                                           return data::begins_with(
                                               path,
                                               "deliveryPeriodIndex,advertiserNumber,advertiserCategoryIndex,budget,"
                                               "CPAConstraint,realAllCost,");
                                         }};
// A Parquet file is told from others by the names of its first columns.
bool has_names(const std::string& path, const std::vector<std::string>& names) {
  const std::vector<std::string> found = data::table_names(path);
  return found.size() >= names.size() && std::equal(names.begin(), names.end(), found.begin());
}

constexpr OutputKind kTicksParquet = {"ticks.parquet", "a run's table of ticks", [](const std::string& path) {
                                        return has_names(path, {"episode", "tick", "agent", "remaining_before"});
                                      }};
constexpr OutputKind kTrajectoriesParquet = {
    "trajectories.parquet", "a trajectory file", [](const std::string& path) {
      return has_names(path, {"deliveryPeriodIndex", "advertiserNumber", "advertiserCategoryIndex", "budget",
                              "CPAConstraint", "realAllCost"});
    }};
constexpr OutputKind kRawLog = {"raw_log", "a raw log", [](const std::string& path) {
                                  return data::begins_with(
                                      path,
                                      "deliveryPeriodIndex,advertiserNumber,advertiserCategoryIndex,budget,"
                                      "CPAConstraint,timeStepIndex,remainingBudget,pvIndex,");
                                }};
constexpr OutputKind kPeriodsCsv = {"periods.csv", "a run's table of periods", is_periods_table};
constexpr OutputKind kStore = {"trajectories.h5", "a trajectory store", data::is_trajectory_store};
constexpr OutputKind kTape = {"tape.h5", "a tape", data::is_tape};
constexpr OutputKind kMarketLog = {"market_log.h5", "a market log", data::is_market_log};

// The folder in which a run writes: a new one that becomes `dir`, or one inside `dir` whose content moves there.
class Staging {
 public:
  explicit Staging(const std::string& dir)
      : dir_(dir), into_(fs::exists(dir)), folder_(into_ ? dir + "/simulate" : dir) {
    if (into_) remove_leftovers(dir);
  }

  // Returns where an output is to be written. Throws an Error if it may not replace what is there.
  std::string file(const OutputKind& output) {
    check(output.name, false);
    data::check_replaceable_output(places_.back(), output.kind, output.is_one);
    return folder_.temporary() + "/" + output.name;
  }
  // A folder is replaced as a whole, so all that is in it must be of this kind.
  std::string folder(const OutputKind& output) {
    check(output.name, true);
    const std::string place = places_.back();
    if (fs::exists(place)) {
      std::error_code error;
      for (const fs::directory_entry& entry : fs::directory_iterator(place, error)) {
        data::check_replaceable_output(entry.path().string(), output.kind, output.is_one);
      }
      if (error) throw Error(place + ": cannot read: " + error.message());
    }
    fs::create_directory(folder_.temporary() + "/" + output.name);
    return folder_.temporary() + "/" + output.name;
  }
  // Throws an Error if an earlier run left an output that this one will not replace, because it would lie beside tables
  // of other periods.
  void refuse_old(const std::string& name, const std::string& option) const {
    const std::string place = dir_ + "/" + name;
    if (!fs::exists(place)) return;
    throw Error(place +
                ": found the output of an earlier run, expected none beside new tables (another output.dir, or " +
                option + " to replace it)");
  }
  void refuse_unfinished() const {
    const std::string place = dir_ + "/" + kUnfinishedFolder;
    if (!fs::exists(place)) return;
    throw Error(place +
                ": found an interrupted run of output.resumable=true, expected none beside new tables "
                "(give its command again, take another output.dir, or remove the folder)");
  }
  std::vector<std::string> commit() {
    if (into_) {
      folder_.commit_into(dir_);
    } else {
      folder_.commit();
    }
    return places_;
  }

 private:
  void check(const std::string& name, bool is_folder) {
    const std::string place = dir_ + "/" + name;
    const fs::file_status status = fs::status(place);
    if (fs::exists(status) && fs::is_directory(status) != is_folder) {
      throw Error(place + ": found a " + (is_folder ? "file, expected a folder" : "folder, expected a file"));
    }
    places_.push_back(place);
  }

  std::string dir_;
  bool into_;
  AtomicFolder folder_;
  std::vector<std::string> places_;
};

// Ticks of one cell on their way into raw_log/period-P.csv.
class PeriodLog {
 public:
  PeriodLog(const std::string& path, const market::Cell& cell, int num_ticks)
      : writer_(path), period_(cell.period), num_ticks_(num_ticks) {
    for (size_t i = 0; i < cell.advertisers.size(); ++i) {
      const Advertiser& advertiser = cell.advertisers[i];
      seats_.push_back({.advertiser = to_signed(i),
                        .category = advertiser.category,
                        .budget = advertiser.budget,
                        .cpa = advertiser.cpa_limit});
    }
  }

  void add(int tick, std::span<const market::SeatTick> seats, const market::TickImpressions& impressions,
           Threads& threads) {
    for (size_t i = 0; i < seats.size(); ++i) {
      seats_[i].remaining_budget = seats[i].start.remaining_budget;
      seats_[i].is_end = is_end(seats[i].start, num_ticks_);
    }
    data::RawLogTick out;
    out.period = period_;
    out.tick = tick;
    out.num_pv = impressions.num_pv;
    out.seats = seats_;
    out.pvalue = impressions.pvalue;
    out.sigma = impressions.sigma;
    out.bid = impressions.bid;
    out.cost = impressions.price;
    out.slot = impressions.slot;
    out.exposed = impressions.exposed;
    out.conversion = impressions.conversion;
    out.least_winning_cost = impressions.least_winning_cost;
    writer_.write_tick(out, threads);
  }

  void finish() { writer_.finish(); }

 private:
  data::RawLogWriter writer_;
  int64_t period_;
  int num_ticks_;
  std::vector<data::RawLogSeat> seats_;
};

// Gathers the trajectories of the cells that are being played, and then puts them into the store and, if there is one,
// the CSV file.
class TrajectoryOutput {
 public:
  TrajectoryOutput(const std::string& store, TrajectoryRecorder recorder, int64_t num_periods,
                   const std::string& identity)
      : recorder_(std::move(recorder)), store_(store) {
    store_.begin(recorder_.info(identity), recorder_.num_trajectories(num_periods), recorder_.num_rows(num_periods));
  }

  void add_csv(const std::string& path) { csv_.emplace(path); }
  void add_parquet(const std::string& path) { parquet_.emplace(path); }
  TrajectoryRecorder& recorder() { return recorder_; }

  void finish_cells(Threads& threads) {
    const std::vector<data::RawTrajectory> trajectories = recorder_.trajectories(threads);
    store_.append(recorder_.columns(trajectories));
    if (csv_) csv_->append(trajectories);
    if (parquet_) parquet_->append(trajectories);
  }

  // Those of another run's files; its CSV file is put behind as it is.
  void append(const std::string& dir) {
    store_.append(data::TrajectoryStore(dir + "/" + kStore.name).read());
    if (csv_) csv_->append_file(dir + "/" + kTrajectoriesCsv.name);
  }

  void finish() {
    store_.finish();
    if (csv_) csv_->finish();
    if (parquet_) parquet_->finish();
  }

 private:
  TrajectoryRecorder recorder_;
  data::TrajectoryStoreWriter store_;
  std::optional<data::TrajectoryCsvWriter> csv_;
  std::optional<data::TrajectoryParquetWriter> parquet_;
};

PeriodTables::Ticks form_of_ticks(const OutputConfig& config) {
  if (!config.ticks) return PeriodTables::Ticks::kNone;
  return config.is_parquet() ? PeriodTables::Ticks::kValues : PeriodTables::Ticks::kText;
}

std::vector<std::string> tick_names() {
  std::vector<std::string> names;
  for (const Column<TickRow>& column : tick_columns()) names.emplace_back(column.name);
  return names;
}

class MarketLogOutput {
 public:
  MarketLogOutput(const std::string& path, const std::string& precision, const market::MarketShape& shape)
      : writer_(path, precision == "float64" ? data::MarketLogPrecision::kFloat64 : data::MarketLogPrecision::kFloat32),
        shape_(shape) {}

  void start(const market::Cell& cell) {
    std::vector<data::MarketLogSeat> seats;
    for (const Advertiser& advertiser : cell.advertisers) {
      seats.push_back({std::ssize(seats), advertiser.category, advertiser.budget, advertiser.cpa_limit});
    }
    writer_.begin_period(cell.period, seats);
  }
  void add(const market::TickImpressions& impressions) {
    data::top_bids(impressions.bid, shape_.seats, top_bid_, top_seat_);
    writer_.add_tick(impressions.pvalue, impressions.sigma, top_bid_, top_seat_, impressions.least_winning_cost);
  }
  void finish_cell() { writer_.end_period(); }
  void finish(const std::string& identity) {
    data::MarketLogInfo info;
    info.ticks = shape_.ticks;
    info.seats = shape_.seats;
    info.config = identity;
    writer_.finish(info);
  }

 private:
  data::MarketLogWriter writer_;
  market::MarketShape shape_;
  std::vector<float> top_bid_;
  std::vector<uint8_t> top_seat_;
};

}  // namespace

void OutputConfig::fields(ConfigVisitor& v) {
  v.required_path("dir", dir);
  v.field("ticks", ticks);
  v.field("raw_log", raw_log);
  v.field("trajectories", trajectories);
  v.field("features", features,
          {feature_set_name(FeatureSet::kAuctionnet16), feature_set_name(FeatureSet::kConstraint)});
  v.field("trajectories_csv", trajectories_csv);
  v.field("labels", labels);
  v.field("market_log", market_log);
  v.field("market_log_precision", market_log_precision, {"float32", "float64"});
  v.field("tape", tape);
  v.field("tables", tables, {"csv", "parquet"});
  v.field("resumable", resumable);
  v.field("shard", shard);
  v.check(shard.empty() || parse_shard(shard), "shard", kShardForm);
  v.check(shard.empty() || !market_log, "shard",
          "none beside market_log, which is one file of all periods (name each process its periods)");
  v.check(shard.empty() || !is_parquet(), "shard",
          "none beside tables: parquet, whose files cannot be put together (name each process its periods and folder)");
  v.check(!labels || trajectories, "trajectories", "true where output.labels is, which are columns of them");
  v.check(!resumable || trajectories, "trajectories", "true where output.resumable is");
  v.check(!resumable || !(ticks || trajectories_csv || raw_log || market_log), "resumable",
          "false beside ticks, trajectories_csv, raw_log or market_log: trajectories.h5, tape.h5 and periods.csv alone "
          "go on");
}

struct Outputs::State {
  State(const OutputConfig& c, const market::MarketShape& market_shape, int64_t num_periods, std::string text,
        Threads& t)
      : shape(market_shape),
        identity(std::move(text)),
        threads(t),
        staging(c.dir),
        tables(market_shape, form_of_ticks(c)) {
    const bool parquet = c.is_parquet();
    if (c.ticks && !parquet) ticks.emplace(staging.file(kTicksCsv)).write(PeriodTables::ticks_header());
    if (c.ticks && parquet) ticks_parquet.emplace(staging.file(kTicksParquet), tick_names());
    periods.emplace(staging.file(kPeriodsCsv)).write(PeriodTables::periods_header());
    refuse_other_form("ticks", c.ticks, parquet, "output.ticks=true");
    if (!c.raw_log) staging.refuse_old("raw_log", "output.raw_log=true");
    if (!c.trajectories) staging.refuse_old("trajectories.h5", "output.trajectories=true");
    const bool rows = c.trajectories && c.trajectories_csv;
    refuse_other_form("trajectories", rows, parquet,
                      c.trajectories ? "output.trajectories_csv=true" : "output.trajectories=true");
    if (!c.market_log) staging.refuse_old("market_log.h5", "output.market_log=true");
    if (!c.tape) staging.refuse_old("tape.h5", "output.tape=true");
    staging.refuse_unfinished();
    if (c.raw_log) raw_log_folder = staging.folder(kRawLog);
    if (c.trajectories) {
      trajectories.emplace(staging.file(kStore), TrajectoryRecorder(parse_feature_set(c.features), shape, c.labels),
                           num_periods, identity);
      if (rows && !parquet) trajectories->add_csv(staging.file(kTrajectoriesCsv));
      if (rows && parquet) trajectories->add_parquet(staging.file(kTrajectoriesParquet));
    }
    if (c.market_log) market_log.emplace(staging.file(kMarketLog), c.market_log_precision, shape);
    if (c.tape) {
      tape.emplace(staging.file(kTape));
      tape->begin(tape_info(shape, identity), num_periods * shape.seats);
    }
  }

  // Of a table that may be CSV or Parquet, only the form that is written may be there.
  void refuse_other_form(const std::string& name, bool wanted, bool parquet, const std::string& option) const {
    if (!wanted || parquet) staging.refuse_old(name + ".csv", wanted ? "output.tables=csv" : option);
    if (!wanted || !parquet) {
      staging.refuse_old(name + ".parquet", wanted ? "output.tables=parquet" : option + " output.tables=parquet");
    }
  }

  market::MarketShape shape;
  std::string identity;
  Threads& threads;
  Staging staging;  // goes after the files in it are closed
  std::optional<TextFile> ticks, periods;
  std::optional<data::ColumnTableOutput> ticks_parquet;
  PeriodTables tables;
  std::string raw_log_folder;  // empty: none
  std::optional<PeriodLog> raw_log;
  std::optional<TrajectoryOutput> trajectories;
  std::optional<MarketLogOutput> market_log;
  std::optional<data::TapeStoreWriter> tape;
};

Outputs::Outputs(const OutputConfig& config, const market::MarketShape& shape, int64_t num_periods,
                 std::string identity, Threads& threads)
    : state_(std::make_unique<State>(config, shape, num_periods, std::move(identity), threads)) {}
Outputs::~Outputs() = default;

void Outputs::start(std::span<const Population> populations, std::span<const market::Cell> cells) {
  State& s = *state_;
  s.tables.start(populations, cells);
  if (s.trajectories) s.trajectories->recorder().start(cells);
  if (s.raw_log_folder.empty() && !s.market_log) return;
  assert(cells.size() == 1);
  const market::Cell& cell = cells.front();
  if (s.market_log) s.market_log->start(cell);
  if (!s.raw_log_folder.empty()) {
    s.raw_log.emplace(s.raw_log_folder + "/period-" + std::to_string(cell.period) + ".csv", cell, s.shape.ticks);
  }
}

void Outputs::on_tick(int64_t cell, int tick, std::span<const market::SeatTick> seats) {
  State& s = *state_;
  s.tables.on_tick(cell, tick, seats);
  if (s.trajectories) s.trajectories->recorder().add(to_size(cell), seats);
}

void Outputs::on_impressions(int64_t /*cell*/, int tick, std::span<const market::SeatTick> seats,
                             const market::TickImpressions& impressions) {
  State& s = *state_;
  if (s.raw_log) s.raw_log->add(tick, seats, impressions, s.threads);
  if (s.market_log) s.market_log->add(impressions);
}

void Outputs::label(std::vector<data::TrajectoryLabels> labels) {
  state_->trajectories->recorder().label(std::move(labels));
}

void Outputs::tape(data::TapeColumns columns) { state_->tape->append(columns); }

void Outputs::finish_cells() {
  State& s = *state_;
  if (s.ticks) s.ticks->write(s.tables.ticks_rows());
  if (s.ticks_parquet) {
    s.tables.for_each_tick([&](std::span<const ColumnValue> row) { s.ticks_parquet->append(row); });
  }
  s.periods->write(s.tables.periods_rows());
  if (s.trajectories) s.trajectories->finish_cells(s.threads);
  if (s.market_log) s.market_log->finish_cell();
  if (s.raw_log) {
    s.raw_log->finish();
    s.raw_log.reset();
  }
}

std::vector<PeriodSummary> Outputs::summaries() const { return state_->tables.summaries(); }

void Outputs::append_part(const std::string& dir) {
  State& s = *state_;
  const auto append = [&](const OutputKind& table, const std::string& header, TextFile& out) {
    copy_behind_header(dir + "/" + table.name, header, [&out](const std::string& block) { out.write(block); });
  };
  if (s.ticks) append(kTicksCsv, PeriodTables::ticks_header(), *s.ticks);
  append(kPeriodsCsv, PeriodTables::periods_header(), *s.periods);
  if (s.trajectories) s.trajectories->append(dir);
  if (s.tape) {
    const data::TapeStore part(dir + "/" + kTape.name);
    for (const int64_t period : part.periods()) s.tape->append(part.read({&period, 1}));
  }
  if (s.raw_log_folder.empty()) return;
  std::error_code fault;
  const std::string logs = dir + "/" + kRawLog.name;
  for (const auto& entry : fs::directory_iterator(logs, fault)) {
    fs::copy_file(entry.path(), s.raw_log_folder + "/" + entry.path().filename().string(), fault);
    if (fault) throw Error(entry.path().string() + ": cannot be copied: " + fault.message());
  }
  if (fault) throw Error(logs + ": cannot read: " + fault.message());
}

std::vector<std::string> Outputs::commit() {
  State& s = *state_;
  if (s.ticks) s.ticks->close();
  if (s.ticks_parquet) s.ticks_parquet->finish();
  s.periods->close();
  if (s.market_log) s.market_log->finish(s.identity);
  if (s.trajectories) s.trajectories->finish();
  if (s.tape) s.tape->finish();
  return s.staging.commit();
}

std::unique_ptr<RunOutputs> make_outputs(const OutputConfig& config, const market::MarketShape& shape,
                                         int64_t num_periods, std::string identity, Threads& threads) {
  if (!config.resumable) return std::make_unique<Outputs>(config, shape, num_periods, std::move(identity), threads);
  return std::make_unique<ResumableOutputs>(
      config.dir, TrajectoryRecorder(parse_feature_set(config.features), shape, config.labels), shape, config.tape,
      num_periods, identity, threads);
}

}  // namespace genbid::play

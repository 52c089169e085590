#include "play/resumable_outputs.h"

#include <fcntl.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>

#include "base/convert.h"
#include "base/files/atomic_file.h"
#include "base/files/file_lock.h"
#include "base/files/raw_file.h"
#include "base/config/config.h"
#include "base/error.h"
#include "base/config/settings_difference.h"
#include "data/replaceable.h"
#include "data/tape_store.h"
#include "data/tape_store_file.h"
#include "data/trajectory_store.h"
#include "data/trajectory_store_file.h"
#include "play/period_tables.h"
#include "play/run_identity.h"
#include "play/tape_maker.h"

namespace genbid::play {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr const char* kSettings = "/settings.yaml";
constexpr const char* kWritten = "/progress.yaml";
constexpr const char* kStore = "/trajectories.h5";
constexpr const char* kPeriods = "/periods.csv";
constexpr const char* kTape = "/tape.h5";

// How many periods are written and flushed, and how long periods.csv is with them.
struct Written {
  int64_t periods_done = 0;
  int64_t periods_csv_bytes = 0;

  void fields(ConfigVisitor& v) {
    v.required("periods_done", periods_done);
    v.required("periods_csv_bytes", periods_csv_bytes);
  }
};

Written read_written(const std::string& folder) {
  Written written;
  ConfigFile::load(folder + kWritten).read(written);
  return written;
}

int64_t count_lines(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> block(size_t{1} << 20);
  int64_t count = 0;
  while (file.read(block.data(), static_cast<std::streamsize>(block.size())) || file.gcount() > 0) {
    count += std::count(block.begin(), block.begin() + file.gcount(), '\n');
  }
  if (file.bad() || !file.eof()) throw Error(path + ": cannot read: " + std::strerror(errno));
  return count;
}

std::string made(const std::string& dir) {
  std::error_code error;
  fs::create_directories(dir, error);
  if (error) throw Error(dir + ": cannot create the folder: " + error.message());
  return dir;
}

}  // namespace

struct ResumableOutputs::State {
  State(const std::string& where, TrajectoryRecorder into, const market::MarketShape& market_shape, bool a_tape,
        int64_t count, Threads& t)
      : dir(made(where)),
        folder(dir + "/" + kUnfinishedFolder),
        shape(market_shape),
        with_tape(a_tape),
        num_periods(count),
        threads(t),
        place(dir, O_RDONLY | O_DIRECTORY),
        recorder(std::move(into)),
        tables(shape, PeriodTables::Ticks::kNone) {}

  void refuse_others() const;
  [[noreturn]] void refuse(const char* name) const;
  bool is_whole(const std::string& identity) const;
  void require_whole_table() const;
  void require_whole_tape(const std::string& identity) const;
  void begin(const std::string& identity) const;
  void go_on(const std::string& identity);
  void flush();
  // A flush takes milliseconds on one disk and a tenth of a second on another, so it gets a twentieth of the time,
  // whatever it takes.
  bool is_time_to_flush() const { return Clock::now() - flushed_at > 19 * flush_time; }

  std::string dir, folder;
  market::MarketShape shape;
  bool with_tape;
  int64_t num_periods;
  Threads& threads;
  RawFile place;
  TrajectoryRecorder recorder;
  PeriodTables tables;
  Written written;   // what is in the files so far
  Written promised;  // what progress.yaml says
  Clock::time_point flushed_at;
  Clock::duration flush_time{};
  std::optional<data::TrajectoryStoreFile> store;
  std::optional<RawFile> periods;
  std::optional<data::TapeStoreFile> tape;
  int64_t cells_started = 0;
};

void ResumableOutputs::State::refuse_others() const {
  for (const char* name : {"/ticks.csv", "/trajectories.csv", "/raw_log", "/market_log.h5"}) {
    if (fs::exists(dir + name)) refuse(name);
  }
  if (!with_tape && fs::exists(dir + kTape)) refuse(kTape);
}

void ResumableOutputs::State::refuse(const char* name) const {
  throw Error(dir + name +
              ": found the output of an earlier run, expected none where output.resumable is true "
              "(another output.dir)");
}

// Whether this very run has been made here before and came to its end.
bool ResumableOutputs::State::is_whole(const std::string& identity) const {
  if (fs::exists(folder)) return false;
  const std::string path = dir + kStore;
  if (fs::exists(path)) {
    const std::string difference = settings_difference(data::TrajectoryStore(path).info().config, identity);
    if (!difference.empty()) {
      throw Error(path + ": found the output of a run with " + difference + " (another output.dir)");
    }
    require_whole_table();
    if (with_tape) require_whole_tape(identity);
    return true;
  }
  for (const char* name : {kPeriods, kTape}) {
    if (fs::exists(dir + name)) refuse(name);
  }
  return false;
}

// The store alone does not have what periods.csv tells: who played, and what came of it.
void ResumableOutputs::State::require_whole_table() const {
  const std::string path = dir + kPeriods;
  const auto fail = [&](const std::string& found) {
    throw Error(path + ": found " + found + ", expected the finished run's, of " +
                std::to_string(recorder.num_trajectories(num_periods)) +
                " rows (remove trajectories.h5 and it to play the run again, or take another output.dir)");
  };
  if (!fs::exists(path)) fail("nothing");
  require_regular_file(path);
  const int64_t rows = count_lines(path) - 1;  // without the header
  if (rows != recorder.num_trajectories(num_periods)) fail("a table of " + std::to_string(rows) + " rows");
}

void ResumableOutputs::State::require_whole_tape(const std::string& identity) const {
  const std::string path = dir + kTape;
  const std::string way_out =
      " (remove trajectories.h5, periods.csv and it to play the run again, or take another output.dir)";
  if (!fs::exists(path)) throw Error(path + ": found nothing, expected the finished run's tape" + way_out);
  const data::TapeStore stored(path);
  const std::string difference = settings_difference(stored.info().config, identity);
  if (!difference.empty()) throw Error(path + ": found the tape of a run with " + difference + way_out);
}

void ResumableOutputs::State::begin(const std::string& identity) const {
  AtomicFolder fresh(folder);
  const std::string header = PeriodTables::periods_header();
  write_file(fresh.temporary() + kSettings, identity);
  write_file(fresh.temporary() + kPeriods, header);
  data::TrajectoryStoreFile::create(fresh.temporary() + kStore, recorder.info(identity),
                                    recorder.num_trajectories(num_periods), recorder.num_rows(num_periods));
  if (with_tape) {
    data::TapeStoreFile::create(fresh.temporary() + kTape, tape_info(shape, identity), num_periods * shape.seats);
  }
  write_file(fresh.temporary() + kWritten, print_config(Written{0, std::ssize(header)}, ""));
  fresh.commit();
}

void ResumableOutputs::State::go_on(const std::string& identity) {
  const std::string difference = settings_difference(read_file(folder + kSettings), identity);
  if (!difference.empty()) {
    throw Error(folder + ": found an interrupted run with " + difference +
                " (give its command, take another output.dir, or remove the folder)");
  }
  // Beside an unfinished run, outputs are in their places only if that run was killed while it put them there.
  data::check_replaceable_output(dir + kPeriods, "a run's table of periods", is_periods_table);
  data::check_replaceable_output(dir + kStore, "a trajectory store", data::is_trajectory_store);
  if (with_tape) data::check_replaceable_output(dir + kTape, "a tape", data::is_tape);
  written = promised = read_written(folder);
  if (written.periods_done == num_periods) return;  // only commit() is left, which may have begun
  store.emplace(folder + kStore);
  periods.emplace(folder + kPeriods, O_WRONLY);
  if (with_tape) tape.emplace(folder + kTape);
  const int64_t size = periods->size();
  if (size < written.periods_csv_bytes) {
    throw Error(folder + kPeriods + ": found " + std::to_string(size) + " bytes, expected at least " +
                std::to_string(written.periods_csv_bytes) + " (remove the folder to begin anew)");
  }
  // What an earlier program wrote has other columns, or other numbers in them.
  const std::string header = PeriodTables::periods_header();
  std::string first(header.size(), '\0');
  std::ifstream(folder + kPeriods).read(first.data(), std::ssize(first));
  if (first != header) {
    throw Error(folder + kPeriods +
                ": found other columns than this program writes (remove the folder to begin anew, or go on with the "
                "program that began)");
  }
  periods->cut(written.periods_csv_bytes);
}

void ResumableOutputs::State::flush() {
  if (written.periods_done == promised.periods_done) return;
  const Clock::time_point start = Clock::now();
  store->sync();
  periods->sync();
  if (tape) tape->sync();
  write_file(folder + kWritten, print_config(written, ""));
  promised = written;
  flushed_at = Clock::now();
  flush_time = flushed_at - start;
}

ResumableOutputs::ResumableOutputs(const std::string& dir, TrajectoryRecorder recorder,
                                   const market::MarketShape& shape, bool with_tape, int64_t num_periods,
                                   const std::string& identity, Threads& threads)
    : state_(std::make_unique<State>(dir, std::move(recorder), shape, with_tape, num_periods, threads)) {
  State& s = *state_;
  // A process that was killed may leave the folder for a moment to the child that tried a file for it
  // (data/hdf5_trial.h), which dies after its parent.
  if (!lock_file(s.place.fd(), dir, std::chrono::seconds(1))) throw Error(dir + ": another process is writing there");
  remove_leftovers(dir);
  s.refuse_others();
  if (s.is_whole(identity)) {
    s.written.periods_done = num_periods;
    return;
  }
  if (!fs::exists(s.folder)) s.begin(identity);
  s.go_on(identity);
}

// If the run was stopped, this flush saves playing again what is written.
ResumableOutputs::~ResumableOutputs() {
  try {
    if (state_->store) state_->flush();
  } catch (const Error&) {
    // progress.yaml says less than there is, which is as good as a kill.
  }
}

int64_t ResumableOutputs::periods_done() const { return state_->written.periods_done; }

void ResumableOutputs::start(std::span<const Population> populations, std::span<const market::Cell> cells) {
  State& s = *state_;
  s.tables.start(populations, cells);
  s.recorder.start(cells);
  s.cells_started = std::ssize(cells);
}

void ResumableOutputs::on_tick(int64_t cell, int tick, std::span<const market::SeatTick> seats) {
  state_->tables.on_tick(cell, tick, seats);
  state_->recorder.add(to_size(cell), seats);
}

void ResumableOutputs::label(std::vector<data::TrajectoryLabels> labels) { state_->recorder.label(std::move(labels)); }

void ResumableOutputs::tape(data::TapeColumns columns) {
  State& s = *state_;
  s.tape->write(s.written.periods_done * s.shape.seats, columns);
}

void ResumableOutputs::finish_cells() {
  State& s = *state_;
  Written& written = s.written;
  assert(written.periods_done + s.cells_started <= s.num_periods);
  s.store->write(s.recorder.num_trajectories(written.periods_done), s.recorder.num_rows(written.periods_done),
                 s.recorder.columns(s.recorder.trajectories(s.threads)));
  const std::string rows = s.tables.periods_rows();
  s.periods->write_at(rows.data(), rows.size(), written.periods_csv_bytes);
  written.periods_done += s.cells_started;
  written.periods_csv_bytes += std::ssize(rows);
  if (written.periods_done == s.num_periods || s.is_time_to_flush()) s.flush();
}

std::vector<PeriodSummary> ResumableOutputs::summaries() const { return state_->tables.summaries(); }

// A kill between any two steps of this leaves a folder that says that all periods are written, and the next run takes
// the remaining steps.
std::vector<std::string> ResumableOutputs::commit() {
  State& s = *state_;
  assert(s.written.periods_done == s.num_periods);
  s.store.reset();
  s.periods.reset();
  s.tape.reset();
  if (fs::exists(s.folder)) {
    for (const char* name : {kPeriods, kTape, kStore}) {
      const std::string from = s.folder + name;
      if (!fs::exists(from)) continue;
      std::error_code error;
      fs::rename(from, s.dir + name, error);
      if (error) throw Error(s.dir + name + ": cannot write: " + error.message());
    }
    s.place.sync();
    remove_folder(s.folder);
  }
  std::vector<std::string> files = {s.dir + kPeriods, s.dir + kStore};
  if (s.with_tape) files.push_back(s.dir + kTape);
  return files;
}

int64_t unfinished_periods(const std::string& dir) {
  const std::string folder = dir + "/" + kUnfinishedFolder;
  return fs::exists(folder + kWritten) ? read_written(folder).periods_done : 0;
}

std::string unfinished_program(const std::string& dir) {
  const std::string path = dir + "/" + kUnfinishedFolder + kSettings;
  return fs::exists(path) ? program_in(read_file(path)) : std::string();
}

}  // namespace genbid::play

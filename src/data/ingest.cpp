#include "data/ingest.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <set>

#include "base/convert.h"
#include "base/error.h"
#include "base/files/paths.h"
#include "base/threads.h"
#include "data/csv_blocks.h"
#include "data/day_length.h"
#include "data/ingest_raw.h"
#include "data/ingest_store.h"
#include "data/input_files.h"
#include "data/input_stamps.h"
#include "data/replaceable.h"
#include "data/trajectory_builder.h"
#include "data/trajectory_store.h"

namespace genbid::data {
namespace {

// Rows and bad rows of a block, in file order.
void add_rows(const TrajectoryRows& parsed, size_t file, TrajectoryBuilder& builder) {
  auto bad = parsed.bad.begin();
  for (const auto& [head, row] : parsed.rows) {
    for (; bad != parsed.bad.end() && bad->line < row.line; ++bad) builder.add_bad(*bad);
    builder.add(file, head, row);
  }
  for (; bad != parsed.bad.end(); ++bad) builder.add_bad(*bad);
}

// Reads one file. False if stopped.
bool read_file(TrajectoryFile& source, size_t file, TrajectoryFile::BadRows bad_rows, Threads& threads,
               TrajectoryBuilder& builder, const std::function<void(int64_t)>& progress) {
  return read_blocks<LogBlock, TrajectoryRows>(
      [&](LogBlock& block) { return source.file().next(block, threads); }, threads,
      [&](const LogBlock& block, TrajectoryRows& rows) { source.parse(block, rows, bad_rows); },
      [&](const TrajectoryRows& rows) { add_rows(rows, file, builder); },
      [&] {
        builder.finish_whole(threads);
        progress(source.file().bytes_read());
      });
}

void check_paths(const IngestConfig& config) {
  if (config.input.empty()) throw ConfigError("input: found no files, expected at least one log");
  check_not_an_input("output", config.output, config.input);
  check_not_an_input("output_market_log", config.output_market_log, config.input);
  if (config.output.empty() && config.output_market_log.empty()) {
    throw ConfigError("output: found nothing, expected a path (or one in output_market_log)");
  }
  if (!config.output.empty() && !config.output_market_log.empty() &&
      is_same_place(config.output, config.output_market_log)) {
    throw ConfigError("output_market_log: found '" + config.output_market_log + "', which is the output too");
  }
  check_replaceable_store("output", config.output);
  check_replaceable_market_log("output_market_log", config.output_market_log);
}

// Error for what is neither a raw log nor a trajectory file by its header.
void check_trajectory_header(const LogFile& file, const IngestConfig& config) {
  const std::vector<std::string>& header = file.header();
  if (has_states(header, config.settings.data.columns)) return;
  std::string found;
  for (size_t i = 0; i < header.size() && i < 5; ++i) found += (i > 0 ? ", '" : "'") + excerpt(header[i]) + "'";
  if (header.size() > 5) found += ", ...";
  throw Error(
      file.path() + ": found columns " + found +
      ", expected a raw traffic log or a trajectory file (with AuctionNet's column names or those of data.columns)");
}

// Whether the files are raw logs; they must all be of one kind.
bool are_raw_logs(const IngestConfig& config) {
  const std::string* raw = nullptr;
  const std::string* trajectories = nullptr;
  for (const std::string& path : config.input) {
    const LogFile file(path, 1 << 16);
    const bool is_raw = is_raw_log(file.header(), config.settings.data.columns);
    (is_raw ? raw : trajectories) = &path;
  }
  if (raw != nullptr && trajectories != nullptr) {
    throw ConfigError("input: found the raw traffic log '" + *raw + "' and the trajectory file '" + *trajectories +
                      "', expected files of one kind");
  }
  return raw != nullptr;
}

}  // namespace

void check_not_an_input(const std::string& key, const std::string& output, const std::vector<std::string>& inputs) {
  for (const std::string& input : inputs) {
    if (!output.empty() && is_same_place(input, output)) {
      throw ConfigError(key + ": found '" + output + "', which is an input too; expected another file");
    }
  }
}

void IngestSettings::Data::fields(ConfigVisitor& v) {
  v.section("columns", columns);
  v.field("bad_rows", bad_rows, std::vector<std::string>{"stop", "skip"});
  v.field("ticks", ticks, IntRange{0, kMaxRawTicks});
}

void IngestSettings::MarketLogSettings::fields(ConfigVisitor& v) {
  v.field("precision", precision, std::vector<std::string>{"float32", "float64"});
}

void IngestSettings::fields(ConfigVisitor& v) {
  v.field("features", features, std::vector<std::string>{"auctionnet16", "constraint"});
  v.section("data", data);
  v.section("market_log", market_log);
}

void IngestConfig::fields(ConfigVisitor& v) {
  keys(v);
  v.check(!output.empty() || !output_market_log.empty(), "output", "a path (or one in output_market_log)");
}

void IngestConfig::keys(ConfigVisitor& v) {
  v.required_path("input", input);
  v.path("output", output, true);
  v.path("output_market_log", output_market_log, true);
  settings.fields(v);
  v.field("threads", threads, IntRange{0, 1024});
}

namespace {

bool is_wide(int64_t advertiser) { return advertiser > int64_t{std::numeric_limits<int32_t>::max()}; }

// The first rows tell how many ticks a day has. If they mislead, the files are read a second time.
int guess_num_ticks(const std::string& path, const TrajectoryColumnNames& names, Threads& threads) {
  TrajectoryFile file(path, names, 1 << 16);
  DayLengths lengths;
  LogBlock block;
  TrajectoryRows rows;
  if (file.file().next(block, threads)) file.parse(block, rows);
  for (const auto& [head, row] : rows.rows) {
    ++at(lengths.rows, day_length_by(row.tick, row.state[kFeatureTimeLeft]));
  }
  lengths.all_end = false;
  return lengths.ticks();
}

// How many seats a period has. Days of 48 ticks have AuctionNet's 48 seats, or more where the advertisers' numbers are
// higher; other days have as many as these numbers tell. Where the numbers are too high to be seats, it is how many
// advertisers there are.
int64_t count_seats(const std::vector<Trajectory>& trajectories, int num_ticks) {
  std::set<int64_t> advertisers;
  for (const Trajectory& t : trajectories) advertisers.insert(t.head.advertiser);
  const int64_t highest = *advertisers.rbegin();
  if (is_wide(highest)) return std::ssize(advertisers);
  return num_ticks == kTicksPerPeriod ? std::max<int64_t>(highest + 1, kNumSeats) : highest + 1;
}

// Reads all files. False if stopped.
bool read_files(const IngestConfig& config, const IngestControl& control, int num_ticks, int64_t total_bytes,
                Threads& threads, TrajectoryBuilder& builder, IngestSummary& summary, std::vector<CsvSource>& sources) {
  summary.bytes_read = 0;
  sources.clear();
  const bool skip = config.settings.data.bad_rows == "skip";
  const TrajectoryFile::BadRows bad_rows = skip ? TrajectoryFile::BadRows::kAll : TrajectoryFile::BadRows::kFirst;
  for (size_t i = 0; i < config.input.size(); ++i) {
    TrajectoryFile file(config.input[i], config.settings.data.columns, control.block_bytes, num_ticks);
    const auto progress = [&](int64_t bytes) {
      if (control.progress) control.progress(summary.bytes_read + bytes, total_bytes);
    };
    if (!read_file(file, i, bad_rows, threads, builder, progress)) return false;
    summary.bytes_read += file.file().bytes_read();
    sources.push_back(file.file().source());
  }
  return true;
}

std::optional<IngestSummary> ingest_trajectories(const IngestConfig& config, const IngestControl& control) {
  const TrajectoryColumnNames& names = config.settings.data.columns;
  BuilderOptions options;
  options.features = parse_feature_set(config.settings.features);
  options.skip_faults = config.settings.data.bad_rows == "skip";
  const auto told_ticks = to_int(config.settings.data.ticks);
  options.ticks_are_certain = told_ticks > 0;
  options.refuse_other_days = told_ticks == 0;

  // All headers are looked at before the long work begins.
  int64_t total_bytes = 0;
  for (const std::string& path : config.input) {
    total_bytes += TrajectoryFile(path, names, 1 << 16).file().size();
  }
  Threads threads(to_int(config.threads));
  options.num_ticks = told_ticks > 0 ? told_ticks : guess_num_ticks(config.input.front(), names, threads);
  const InputStamps stamps(config.input);
  TrajectoryStoreWriter writer(config.output);

  std::optional<TrajectoryBuilder> built;
  IngestSummary summary;
  std::vector<CsvSource> sources;
  while (true) {
    built.emplace(config.input, options);
    const int limit = options.ticks_are_certain ? options.num_ticks : kMaxTicks;
    if (!read_files(config, control, limit, total_bytes, threads, *built, summary, sources)) return std::nullopt;
    const std::optional<int> other = built->other_num_ticks();
    if (!other) break;
    options.num_ticks = *other;
    options.ticks_are_certain = true;
  }
  TrajectoryBuilder& builder = *built;
  stamps.check();
  std::vector<Trajectory> trajectories = builder.finish(threads);
  if (trajectories.empty()) {
    throw Error(config.input.front() + (config.input.size() > 1 ? " and the other files" : "") +
                ": no trajectories to store" +
                (builder.num_bad_rows() > 0 ? " (" + std::to_string(builder.num_bad_rows()) +
                                                  " bad rows skipped, first " + builder.bad_rows().front() + ")"
                 : builder.num_left_out() > 0 ? " (all are left out, first " + builder.bad_rows().front() + ")"
                                              : ""));
  }

  summary.num_files = std::ssize(config.input);
  summary.num_bad_rows = builder.num_bad_rows();
  summary.bad_rows = builder.bad_rows();
  summary.num_incomplete = builder.num_incomplete();
  summary.num_left_out = builder.num_left_out();
  summarise(trajectories, config.input, options.num_ticks, summary);

  TrajectoryStoreInfo info;
  info.ticks = options.num_ticks;
  info.seats = count_seats(trajectories, options.num_ticks);
  info.wide_advertisers = std::any_of(trajectories.begin(), trajectories.end(),
                                      [](const Trajectory& t) { return is_wide(t.head.advertiser); });
  info.feature_set = feature_set_name(options.features);
  info.features = feature_names(options.features);
  info.sources = sources_json(std::move(sources));
  info.config = print_config(config.settings, "ingest");
  if (!write_store(trajectories, {}, info, summary.num_rows, writer)) return std::nullopt;
  writer.commit();

  summary.output = config.output;
  summary.output_bytes = to_signed(std::filesystem::file_size(config.output));
  summary.feature_set = info.feature_set;
  summary.num_features = std::ssize(info.features);
  return summary;
}

}  // namespace

std::optional<IngestSummary> ingest(const IngestConfig& config, const IngestControl& control) {
  IngestConfig files = config;
  files.input = input_files(config.input);
  check_paths(files);
  if (are_raw_logs(files)) return ingest_raw_logs(files, control);
  if (!files.output_market_log.empty()) {
    const std::string& first = files.input.front();
    check_trajectory_header(LogFile(first, 1 << 16), files);
    throw ConfigError("output_market_log: found '" + files.output_market_log + "', but '" + first +
                      "' is a trajectory file, expected raw traffic logs: trajectories do not tell of impressions");
  }
  return ingest_trajectories(files, control);
}

}  // namespace genbid::data

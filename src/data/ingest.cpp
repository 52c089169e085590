#include "data/ingest.h"

#include <algorithm>
#include <exception>
#include <filesystem>

#include "base/error.h"
#include "base/stop_signal.h"
#include "base/threads.h"
#include "data/ingest_raw.h"
#include "data/ingest_store.h"
#include "data/trajectory_builder.h"
#include "data/trajectory_store.h"

namespace genbid {
namespace {

// A block and what was parsed from it.
struct Slot {
  CsvBlock block;
  TrajectoryRows rows;
};

// Rows and bad rows of a slot, in file order.
void add_rows(const Slot& slot, size_t file, TrajectoryBuilder& builder) {
  auto bad = slot.rows.bad.begin();
  for (const auto& [head, row] : slot.rows.rows) {
    for (; bad != slot.rows.bad.end() && bad->line < row.line; ++bad) builder.add_bad(*bad);
    builder.add(file, head, row);
  }
  for (; bad != slot.rows.bad.end(); ++bad) builder.add_bad(*bad);
}

// Reads one file: while the workers parse a round of blocks, one of them reads the next round. False if stopped.
bool read_file(TrajectoryFile& source, size_t file, Threads& threads, TrajectoryBuilder& builder,
               const std::function<void(int64_t)>& progress) {
  const auto blocks_per_round = 2 * static_cast<size_t>(threads.count());
  std::vector<Slot> now(blocks_per_round);
  std::vector<Slot> later(blocks_per_round);
  size_t num_now = 0;
  size_t num_later = 0;
  std::exception_ptr read_error;
  const auto read_round = [&] {
    num_later = 0;
    try {
      while (num_later < blocks_per_round && source.csv().next(later[num_later].block)) ++num_later;
    } catch (...) {
      read_error = std::current_exception();  // after what was read before it
    }
  };

  read_round();
  while (true) {
    if (stop_signal::requested()) return false;
    std::swap(now, later);
    num_now = num_later;
    if (num_now == 0) break;
    const bool read_more = read_error == nullptr;
    num_later = 0;
    threads.parallel_for(static_cast<int64_t>(num_now) + 1, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        if (i == 0) {
          if (read_more) read_round();
        } else {
          Slot& slot = now[static_cast<size_t>(i) - 1];
          source.parse(slot.block, slot.rows);
        }
      }
    });
    for (size_t i = 0; i < num_now; ++i) add_rows(now[i], file, builder);
    builder.finish_whole(threads);
    progress(source.csv().bytes_read());
  }
  if (read_error != nullptr) std::rethrow_exception(read_error);
  return true;
}

void check_paths(const IngestConfig& config) {
  if (config.input.empty()) throw ConfigError("input: found no files, expected at least one log");
  check_not_an_input("output", config.output, config.input);
  check_not_an_input("output_market_log", config.output_market_log, config.input);
  if (config.output.empty() && config.output_market_log.empty()) {
    throw ConfigError("output: found nothing, expected a path (or one in output_market_log)");
  }
  std::error_code ignored;
  const auto place = [&](const std::string& path) { return std::filesystem::weakly_canonical(path, ignored); };
  if (!config.output.empty() && !config.output_market_log.empty() &&
      place(config.output) == place(config.output_market_log)) {
    throw ConfigError("output_market_log: found '" + config.output_market_log + "', which is the output too");
  }
}

// Error for what is neither a raw log nor a trajectory file by its header.
void check_trajectory_header(const CsvFile& file, const IngestConfig& config) {
  const std::vector<std::string>& header = file.header();
  if (std::find(header.begin(), header.end(), config.settings.data.columns.state) != header.end()) return;
  std::string found;
  for (size_t i = 0; i < header.size() && i < 5; ++i) found += (i > 0 ? ", '" : "'") + excerpt(header[i]) + "'";
  if (header.size() > 5) found += ", ...";
  throw Error(file.path() + ": found columns " + found +
              ", expected a raw traffic log or a trajectory file (CSV, with AuctionNet's column names or those of "
              "data.columns)");
}

// Whether the files are raw logs; they must all be of one kind.
bool are_raw_logs(const IngestConfig& config) {
  const std::string* raw = nullptr;
  const std::string* trajectories = nullptr;
  for (const std::string& path : config.input) {
    const CsvFile file(path, 1 << 16);
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
    std::error_code ignored;
    if (!output.empty() && std::filesystem::equivalent(input, output, ignored)) {
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

std::optional<IngestSummary> ingest_trajectories(const IngestConfig& config, const IngestControl& control) {
  const FeatureSet features = parse_feature_set(config.settings.features);
  const TrajectoryColumnNames& names = config.settings.data.columns;

  // All headers are looked at before the long work begins.
  int64_t total_bytes = 0;
  for (const std::string& path : config.input) {
    total_bytes += TrajectoryFile(path, names, 1 << 16).csv().size();
  }
  TrajectoryStoreWriter writer(config.output);

  Threads threads(static_cast<int>(config.threads));
  TrajectoryBuilder builder(config.input, features, config.settings.data.bad_rows == "skip");
  IngestSummary summary;
  std::vector<CsvSource> sources;
  for (size_t i = 0; i < config.input.size(); ++i) {
    const std::string& path = config.input[i];
    TrajectoryFile file(path, names, control.block_bytes);
    const auto progress = [&](int64_t bytes) {
      if (control.progress) control.progress(summary.bytes_read + bytes, total_bytes);
    };
    if (!read_file(file, i, threads, builder, progress)) return std::nullopt;
    summary.bytes_read += file.csv().bytes_read();
    sources.push_back(file.csv().source());
  }
  std::vector<Trajectory> trajectories = builder.finish(threads);
  if (trajectories.empty()) {
    throw Error(config.input.front() + (config.input.size() > 1 ? " and the other files" : "") +
                ": no trajectories to store" +
                (builder.num_bad_rows() > 0 ? " (" + std::to_string(builder.num_bad_rows()) +
                                                  " bad rows skipped, first " + builder.bad_rows().front() + ")"
                                            : ""));
  }

  summary.num_files = static_cast<int64_t>(config.input.size());
  summary.num_bad_rows = builder.num_bad_rows();
  summary.bad_rows = builder.bad_rows();
  summary.num_left_out = builder.num_left_out();
  summarise(trajectories, config.input, kTicksPerPeriod, summary);
  int32_t last_seat = kNumSeats - 1;
  for (const Trajectory& t : trajectories) last_seat = std::max(last_seat, t.head.advertiser);

  TrajectoryStoreInfo info;
  info.ticks = kTicksPerPeriod;
  info.seats = int64_t{last_seat} + 1;
  info.feature_set = feature_set_name(features);
  info.features = feature_names(features);
  info.sources = sources_json(std::move(sources));
  info.config = print_config(config.settings, "ingest");
  if (!write_store(trajectories, info, summary.num_rows, writer)) return std::nullopt;

  summary.output = config.output;
  summary.output_bytes = static_cast<int64_t>(std::filesystem::file_size(config.output));
  summary.feature_set = info.feature_set;
  summary.num_features = static_cast<int64_t>(info.features.size());
  return summary;
}

}  // namespace

std::optional<IngestSummary> ingest(const IngestConfig& config, const IngestControl& control) {
  check_paths(config);
  if (are_raw_logs(config)) return ingest_raw_logs(config, control);
  if (!config.output_market_log.empty()) {
    check_trajectory_header(CsvFile(config.input.front(), 1 << 16), config);
    throw ConfigError("output_market_log: found '" + config.output_market_log + "', but '" + config.input.front() +
                      "' is a trajectory file, expected raw traffic logs: trajectories do not tell of impressions");
  }
  return ingest_trajectories(config, control);
}

}  // namespace genbid

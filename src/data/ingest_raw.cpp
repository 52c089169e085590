#include "data/ingest_raw.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <set>
#include <span>

#include "base/convert.h"
#include "base/error.h"
#include "base/stop_signal.h"
#include "base/threads.h"
#include "data/ingest_store.h"
#include "data/input_stamps.h"
#include "data/market_log.h"
#include "data/raw_log_reader.h"
#include "data/raw_log_trajectories.h"

namespace genbid::data {
namespace {

// Ticks on their way into a market log.
class MarketLogSink {
 public:
  MarketLogSink(std::string path, MarketLogPrecision precision) : path_(std::move(path)), precision_(precision) {
    restart();
  }

  void restart() {
    writer_.reset();  // the temporary goes first
    writer_.emplace(path_, precision_);
    in_period_ = false;
    first_ = {};
  }

  void add(const RawTick& tick) {
    if (!in_period_ || tick.period != period_) begin_period(tick);
    const std::vector<double>* pvalue = &tick.pvalue;
    const std::vector<double>* sigma = &tick.sigma;
    if (tick.num_missing > 0) {
      pvalue_ = without_missing(tick.pvalue);
      sigma_ = without_missing(tick.sigma);
      pvalue = &pvalue_;
      sigma = &sigma_;
    }
    top_bids(tick.bid, tick.num_seats(), top_bid_, top_seat_);
    price_ = tick.least_winning_cost;
    missing_as_fourth_bid(price_, top_bid_);
    writer_->add_tick(*pvalue, *sigma, top_bid_, top_seat_, price_, tick.source_row);
  }

  // Where the log is until commit().
  std::string close(MarketLogInfo info) {
    if (in_period_) writer_->end_period();
    info.seats = first_.seats;
    return writer_->close(info);
  }
  void commit() { writer_->commit(); }

 private:
  void begin_period(const RawTick& tick) {
    if (in_period_) writer_->end_period();
    if (first_.seats == 0) first_ = {tick.period, tick.num_seats()};
    if (tick.num_seats() != first_.seats) {
      throw Error(tick.first_row + ": period " + std::to_string(tick.period) + " has " +
                  std::to_string(tick.num_seats()) + " advertisers, expected " + std::to_string(first_.seats) +
                  " as in period " + std::to_string(first_.period) + " (all periods of a market log have as many)");
    }
    in_period_ = true;
    period_ = tick.period;
    std::vector<MarketLogSeat> seats;
    for (const RawHead& head : tick.heads) seats.push_back({head.advertiser, head.category, head.budget, head.cpa});
    writer_->begin_period(tick.period, seats);
  }

  static std::vector<double> without_missing(std::vector<double> values) {
    missing_as_zero(values);
    return values;
  }

  std::string path_;
  MarketLogPrecision precision_;
  std::optional<MarketLogWriter> writer_;
  bool in_period_ = false;
  int64_t period_ = 0;
  struct First {
    int64_t period = 0;
    int seats = 0;
  } first_;
  std::vector<double> pvalue_, sigma_, price_;
  std::vector<float> top_bid_;
  std::vector<uint8_t> top_seat_;
};

// How many seats a period has: what the advertisers' numbers tell, or, where they are too high to be seats, how many
// there are.
int64_t count_seats(const std::vector<Trajectory>& trajectories) {
  std::set<int64_t> advertisers;
  for (const Trajectory& t : trajectories) advertisers.insert(t.head.advertiser);
  const int64_t highest = *advertisers.rbegin();
  return highest < kMaxRawSeats ? highest + 1 : std::ssize(advertisers);
}

// Error for what a store cannot hold. `files` names the logs.
void check_storable(const RawTrajectory& t, FeatureSet features, const std::string& files) {
  const size_t width = t.state.size() / t.action.size();
  for (size_t k = 0; k < t.action.size(); ++k) {
    const std::string what = unstorable(features, std::span(t.state).subspan(k * width, width), t.action[k],
                                        t.reward[k], t.reward_continuous[k]);
    if (what.empty()) continue;
    throw Error(files + ": period " + std::to_string(t.head.period) + ", advertiser " +
                std::to_string(t.head.advertiser) + ", tick " + std::to_string(k) + ": " + what);
  }
}

int64_t size_of(const std::string& path) { return to_signed(std::filesystem::file_size(path)); }

}  // namespace

std::optional<IngestSummary> ingest_raw_logs(const IngestConfig& config, const IngestControl& control) {
  const IngestSettings& settings = config.settings;
  if (settings.data.bad_rows != "stop") {
    throw ConfigError("data.bad_rows: found '" + settings.data.bad_rows +
                      "', expected stop: an impression of a raw log cannot lose a row");
  }
  RawReadOptions options;
  options.columns = settings.data.columns;
  options.num_ticks = to_int(settings.data.ticks);
  options.block_bytes = control.block_bytes;
  const std::string& place = config.output.empty() ? config.output_market_log : config.output;
  options.scratch_folder = std::filesystem::path(place).parent_path().string();
  options.progress = control.progress;
  for (const std::string& path : config.input) RawLogFile(path, options.columns, options.num_ticks, 1 << 16);

  const InputStamps stamps(config.input);
  // Places that cannot be written are found out before the work.
  std::optional<TrajectoryStoreWriter> store;
  if (!config.output.empty()) store.emplace(config.output);
  std::optional<MarketLogSink> market_log;
  if (!config.output_market_log.empty()) {
    market_log.emplace(config.output_market_log, settings.market_log.precision == "float64"
                                                     ? MarketLogPrecision::kFloat64
                                                     : MarketLogPrecision::kFloat32);
  }

  Threads threads(to_int(config.threads));
  RawTrajectories raw;
  IngestSummary summary;
  const auto take = [&](RawTick& tick) {
    raw.add(tick);
    if (market_log) market_log->add(tick);
    summary.num_impressions += tick.num_pv;
    if (tick.num_missing > 0) summary.nan_by_period[tick.period] += tick.num_missing;
  };
  const auto restart = [&] {
    raw.clear();
    if (market_log) market_log->restart();
    summary.num_impressions = 0;
    summary.nan_by_period.clear();
  };
  const RawReadResult read = read_raw_logs(config.input, options, threads, take, restart);
  if (read.stopped) return std::nullopt;
  stamps.check();
  const std::string files = config.input.front() + (config.input.size() > 1 ? " and the other files" : "");
  if (read.num_rows == 0) throw Error(files + ": no rows to store");

  const FeatureSet features = parse_feature_set(settings.features);
  std::vector<Trajectory> trajectories;
  for (const RawTrajectory& t : raw.finish(features, read.num_ticks)) {
    if (store) check_storable(t, features, files);
    trajectories.push_back(t.stored());
    // A log that was cut off between two ticks looks whole; only its last tick, which is not marked as the end, gives
    // it away.
    if (t.done_by_end_flag) continue;
    if (summary.open_ends.empty() || summary.open_ends.back() != t.head.period) {
      summary.open_ends.push_back(t.head.period);
    }
  }
  summary.raw_logs = true;
  summary.num_files = std::ssize(config.input);
  summary.bytes_read = read.bytes_read;
  summary.num_raw_rows = read.num_rows;
  summary.rows_in_order = read.in_order;
  const std::map<int64_t, int64_t> missing = summary.nan_by_period;
  summarise(trajectories, config.input, read.num_ticks, summary);
  summary.nan_by_period = missing;

  const std::string sources = sources_json(read.sources);
  const std::string text = print_config(settings, "ingest");
  // The large file is finished first, because that is where a full disk would show. Both take their places together.
  std::string log_place;
  if (market_log) {
    MarketLogInfo info;
    info.ticks = read.num_ticks;
    info.sources = sources;
    info.config = text;
    log_place = market_log->close(info);
    summary.market_log = config.output_market_log;
    summary.market_log_bytes = size_of(log_place);
  }
  if (store) {
    TrajectoryStoreInfo info;
    info.ticks = read.num_ticks;
    info.seats = count_seats(trajectories);
    info.wide_advertisers = std::any_of(trajectories.begin(), trajectories.end(), [](const Trajectory& t) {
      return t.head.advertiser > std::numeric_limits<int32_t>::max();
    });
    info.feature_set = feature_set_name(features);
    info.features = feature_names(features);
    info.sources = sources;
    info.config = text;
    std::vector<TrajectoryLabels> labels;
    if (control.labels) {
      auto made = control.labels(log_place, trajectories, threads);
      if (!made) return std::nullopt;
      labels = std::move(*made);
      info.labels = true;
    }
    if (!write_store(trajectories, labels, info, summary.num_rows, *store)) return std::nullopt;
    summary.output = config.output;
    summary.feature_set = info.feature_set;
    summary.num_features = std::ssize(info.features);
  }
  const stop_signal::Unhurried together;
  if (market_log) market_log->commit();
  if (store) {
    store->commit();
    summary.output_bytes = size_of(config.output);
  }
  return summary;
}

}  // namespace genbid::data

#include "data/log_ticks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/convert.h"
#include "base/files/atomic_file.h"
#include "base/error.h"
#include "base/stop_signal.h"
#include "bidding/advertiser.h"
#include "data/input_files.h"
#include "data/raw_log_reader.h"

namespace genbid::data {
namespace {

bool has_hdf5_signature(const std::string& path) {
  require_regular_file(path);
  std::ifstream file(path, std::ios::binary);
  std::array<char, 4> start{};
  file.read(start.data(), start.size());
  return file.gcount() == 4 && std::string(start.data() + 1, 3) == "HDF";
}

int ticks_of(const MarketLog& log, const std::string& path, int expected, const std::string& why) {
  const int64_t ticks = log.info().ticks;
  const auto fail = [&](const std::string& text) {
    throw Error(path + ": found periods of " + std::to_string(ticks) + " ticks, expected " + text);
  };
  if (expected != 0 && ticks != expected) fail(std::to_string(expected) + why);
  if (ticks > kMaxRawTicks) fail("at most " + std::to_string(kMaxRawTicks));
  return to_int(ticks);
}

// Returns the market log among the files, or an empty text where they are raw logs.
std::string market_log_of(const std::vector<std::string>& files) {
  for (const std::string& path : files) {
    if (is_table(path) || is_many(path) || !has_hdf5_signature(path)) continue;
    if (files.size() > 1) {
      throw Error(path + ": found a market log among " + std::to_string(files.size()) +
                  " files, expected one market log or raw logs alone");
    }
    return path;
  }
  return {};
}

bool read_market_log(const std::string& path, const ReplayLogOptions& options,
                     const std::function<void(const LoggedTick&)>& sink) {
  const MarketLog log(path);
  const int num_ticks = ticks_of(log, path, options.num_ticks, options.why_num_ticks);
  if (options.exact && log.info().precision == "float32") {
    throw Error(path + ": found values in float32, expected float64 for an exact replay (ingest with " +
                "market_log.precision=float64)");
  }
  std::vector<int64_t> periods = options.periods;
  if (periods.empty()) {
    for (const MarketLogPeriod& period : log.periods()) periods.push_back(period.period);
  }
  std::sort(periods.begin(), periods.end());
  MarketLogTick<double> read;
  LoggedTick tick;
  for (const int64_t number : periods) {
    const MarketLogPeriod& period = log.period(number);
    if (options.wanted && !options.wanted(number)) continue;
    tick.period = number;
    tick.num_ticks = num_ticks;
    tick.has_categories = !period.category.empty();
    tick.seats.assign(to_size(log.info().seats), {});
    for (size_t seat = 0; seat < tick.seats.size(); ++seat) {
      const auto of = [seat](const auto& values) { return values.empty() ? 0 : values[seat]; };
      tick.seats[seat] = {period.advertiser[seat], of(period.category), of(period.budget), of(period.cpa)};
    }
    for (tick.tick = 0; tick.tick < num_ticks; ++tick.tick) {
      if (stop_signal::requested()) return false;
      log.read_tick(period, tick.tick, read);
      tick.num_pv = read.num_pv;
      std::swap(tick.pvalue, read.pvalue);
      std::swap(tick.sigma, read.sigma);
      std::swap(tick.least_winning_cost, read.least_winning_cost);
      std::swap(tick.source_row, read.source_row);
      sink(tick);
    }
  }
  return true;
}

void fill_missing(const RawTick& raw, LoggedTick& tick) {
  missing_as_zero(tick.pvalue);
  missing_as_zero(tick.sigma);
  std::vector<float> top_bid;
  std::vector<uint8_t> top_seat;
  top_bids(raw.bid, raw.num_seats(), top_bid, top_seat);
  missing_as_fourth_bid(tick.least_winning_cost, top_bid);
}

bool read_raw(const ReplayLogOptions& options, Threads& threads, const std::function<void(const LoggedTick&)>& sink,
              const std::function<void()>& restart) {
  const bool as_usual = options.num_ticks == 0 && !options.raw_logs_of_any_length;
  const int num_ticks = as_usual ? kTicksPerPeriod : options.num_ticks;
  const auto refuse = [&](const std::string& ticks) {
    throw Error(replay_log_name(options.files) + ": found periods of " + ticks + " ticks, expected " +
                std::to_string(num_ticks) +
                (as_usual ? " in raw logs, which do not tell before their end (make a market log of it, which does: "
                            "`genbid ingest` with output_market_log)"
                          : options.why_num_ticks));
  };
  RawReadOptions read;
  read.columns = options.columns;
  read.scratch_folder = std::filesystem::temp_directory_path().string();
  std::set<int64_t> found;
  LoggedTick tick;
  const auto take = [&](RawTick& raw) {
    if (num_ticks > 0 && raw.tick >= num_ticks) refuse("more than " + std::to_string(num_ticks));
    const bool wanted = options.periods.empty() ||
                        std::find(options.periods.begin(), options.periods.end(), raw.period) != options.periods.end();
    if (!wanted) return;
    found.insert(raw.period);
    if (options.wanted && !options.wanted(raw.period)) return;
    tick.period = raw.period;
    tick.tick = raw.tick;
    tick.num_ticks = num_ticks;
    tick.num_pv = raw.num_pv;
    tick.num_missing = raw.num_missing;
    tick.seats.clear();
    for (const RawHead& head : raw.heads) tick.seats.push_back({head.advertiser, head.category, head.budget, head.cpa});
    tick.pvalue = raw.pvalue;
    tick.sigma = raw.sigma;
    tick.least_winning_cost = raw.least_winning_cost;
    tick.source_row = raw.source_row;
    tick.has_categories = true;
    if (raw.num_missing > 0 && !options.keep_missing) fill_missing(raw, tick);
    sink(tick);
  };
  const auto again = [&] {
    found.clear();
    restart();
  };
  const RawReadResult result = read_raw_logs(input_files(options.files), read, threads, take, again);
  if (result.stopped) return false;
  if (num_ticks > 0 && result.num_ticks != num_ticks) refuse(std::to_string(result.num_ticks));
  for (const int64_t period : options.periods) {
    if (found.contains(period)) continue;
    throw Error(replay_log_name(options.files) + ": no period " + std::to_string(period));
  }
  return true;
}

}  // namespace

std::string replay_log_name(const std::vector<std::string>& files) {
  std::string name = std::filesystem::path(files.front()).filename().string();
  if (files.size() > 1) name += " and " + std::to_string(files.size() - 1) + " more";
  return name;
}

int replay_log_ticks(const std::vector<std::string>& files) {
  const std::string path = market_log_of(files);
  return path.empty() ? kTicksPerPeriod : ticks_of(MarketLog(path), path, 0, "");
}

bool read_replay_log(const ReplayLogOptions& options, Threads& threads,
                     const std::function<void(const LoggedTick&)>& sink, const std::function<void()>& restart) {
  const std::string market_log = market_log_of(options.files);
  if (!market_log.empty()) return read_market_log(market_log, options, sink);
  return read_raw(options, threads, sink, restart);
}

}  // namespace genbid::data

#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/convert.h"
#include "bidding/advertiser.h"

// The market log (.h5): what a market's periods were made of, as columns: every impression with its predicted values,
// the four highest bids, and the price of winning. Layout and meaning of every part: data/README.md.

namespace genbid::data {

inline constexpr const char* kMarketLogFormat = "genbid-market-log";
inline constexpr int kLadderSlots = 4;  // bids kept of an impression

enum class MarketLogPrecision { kFloat32, kFloat64 };

struct MarketLogInfo {
  int64_t ticks = 0;
  int64_t seats = 0;
  std::string precision;  // of pvalue and sigma: float32 or float64; the writer tells it itself; may be empty
  std::string sources;    // JSON list of {"name", "size", "xxh3_128"}; may be empty
  std::string config;     // YAML, without paths and thread counts; may be empty
};

struct MarketLogSeat {
  int64_t advertiser = 0;  // its number in the source
  int32_t category = 0;
  double budget = 0.0;  // money for the period
  double cpa = 0.0;     // limit, money per conversion
};

// The four highest bids above 0 of each impression, highest first; of equal bids the lower seat's first. `bid` holds
// num_pv x seats.
void top_bids(std::span<const double> bid, int num_seats, std::vector<float>& top_bid, std::vector<uint8_t>& top_seat);

// Fills in the missing values (NaN) of a raw log (data/README.md). A value becomes 0. A price becomes what it is by
// definition: the fourth bid, and at least the reserve.
void missing_as_zero(std::span<double> values);
void missing_as_fourth_bid(std::span<double> price, std::span<const float> top_bid);

// It writes under a temporary name, so that the log is there whole after finish() and not at all before. Periods come
// one after another, and the ticks of a period from 0 on.
class MarketLogWriter {
 public:
  static constexpr int64_t kVersion = 1;

  explicit MarketLogWriter(const std::string& path, MarketLogPrecision precision = MarketLogPrecision::kFloat32);
  ~MarketLogWriter();

  void begin_period(int64_t period, std::span<const MarketLogSeat> seats);
  // Values have num_pv x seats entries and ladders num_pv x 4. Source rows have num_pv x seats entries, or none where
  // the rows of the source came by tick, impression and seat; they are stored with float64 only. Sigmas that are all 0
  // are not stored.
  void add_tick(std::span<const double> pvalue, std::span<const double> sigma, std::span<const float> top_bid,
                std::span<const uint8_t> top_seat, std::span<const double> least_winning_cost,
                std::span<const int64_t> source_row = {});
  void end_period();
  // close() and commit(), between which the whole log lies at the place that close() says.
  void finish(const MarketLogInfo& info);
  std::string close(const MarketLogInfo& info);
  void commit();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// A period of a market log.
struct MarketLogPeriod {
  int64_t period = 0;
  std::vector<int64_t> tick_first;  // ticks + 1: tick t has impressions [tick_first[t], tick_first[t + 1])
  std::vector<int64_t> advertiser;  // by seat; 0, 1, ... if the file does not tell
  std::vector<int32_t> category;    // by seat; empty if the file does not tell, as the next two
  std::vector<double> budget;
  std::vector<double> cpa;
  bool has_sigma = false;
  bool has_ladder = false;  // top_bid, top_seat
  bool has_source_row = false;

  int64_t num_pv() const { return tick_first.back(); }
  int64_t num_pv(int tick) const { return at(tick_first, tick + 1) - at(tick_first, tick); }
};

// The impressions of a tick. Real is float or double, whatever the file holds.
template <typename Real>
struct MarketLogTick {
  int64_t num_pv = 0;
  std::vector<Real> pvalue;                // num_pv x seats
  std::vector<Real> sigma;                 // the same, or empty
  std::vector<float> top_bid;              // num_pv x 4, or empty
  std::vector<uint8_t> top_seat;           // kNoSeat: no bid
  std::vector<double> least_winning_cost;  // num_pv
  std::vector<int64_t> source_row;         // num_pv x seats, or empty
};

// Read by one thread at a time.
class MarketLog {
 public:
  // Checks form, version and every period's shapes. Every Error names the file.
  explicit MarketLog(const std::string& path);
  ~MarketLog();
  MarketLog(MarketLog&&) noexcept;

  const MarketLogInfo& info() const;
  const std::vector<MarketLogPeriod>& periods() const;  // by number

  // Error if the log does not hold the period.
  const MarketLogPeriod& period(int64_t number) const;
  // Reads and checks a tick of a period of this log: p-values are in [0, 1], sigmas, bids and prices finite and not
  // negative, seats exist, ladders fall.
  template <typename Real>
  void read_tick(const MarketLogPeriod& period, int tick, MarketLogTick<Real>& out) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace genbid::data

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "data/log_file.h"
#include "data/trajectory_file.h"

// AuctionNet's raw traffic logs (`period-*.csv`, `data/log/*.csv`), as CSV or Parquet: a row per impression and
// advertiser, 18 columns. Columns are found by name, in any order, and others are ignored; rows may come in any order.

namespace genbid::data {

inline constexpr int kMaxRawTicks = 96;
inline constexpr int kMaxRawSeats = 64;

// What a raw log's columns are called, beside those it shares with trajectory files; keys are AuctionNet's names.
struct RawLogColumnNames {
  std::string remaining_budget = "remainingBudget";
  std::string pv_index = "pvIndex";
  std::string pvalue = "pValue";
  std::string sigma = "pValueSigma";
  std::string bid = "bid";
  std::string won = "xi";
  std::string slot = "adSlot";
  std::string cost = "cost";
  std::string exposed = "isExposed";
  std::string conversion = "conversionAction";
  std::string least_winning_cost = "leastWinningCost";
  std::string is_end = "isEnd";

  void fields(ConfigVisitor& v);
};

// Names of both kinds of files: one list in a config.
struct LogColumnNames : TrajectoryColumnNames {
  RawLogColumnNames raw;

  void fields(ConfigVisitor& v);
};

// Outcome of an impression for a seat, as bits. A value that is missing (NaN) leaves its bit 0.
enum RawFlag : uint8_t {
  kRawWon = 1,         // xi
  kRawExposed = 2,     // isExposed
  kRawConversion = 4,  // conversionAction
  kRawWonMissing = 8,
  kRawConversionMissing = 16,
  kRawPriceMissing = 32,  // leastWinningCost
};

// What is the same in all rows of a period, tick and advertiser. The struct has no padding, because it is compared and
// hashed as bytes.
struct RawHead {
  int64_t period = 0;
  double budget = 0.0;
  double cpa = 0.0;
  double remaining_budget = 0.0;  // budget before the tick; NaN if missing
  int64_t advertiser = 0;
  int32_t category = 0;
  int16_t tick = 0;
  int16_t is_end = 0;  // 0 also if missing
};
static_assert(sizeof(RawHead) == 48);

struct RawRow {
  int64_t pv = 0;
  double pvalue = 0.0;  // values are NaN where missing
  double sigma = 0.0;
  double bid = 0.0;
  double cost = 0.0;
  double least_winning_cost = 0.0;
  uint32_t head = 0;         // in RawRows::heads
  uint32_t line_offset = 0;  // from the block's first row
  uint8_t flags = 0;
  uint8_t slot = 0;
  uint8_t num_missing = 0;  // values of the row that are missing
};

// The rows of one block, in file order.
struct RawRows {
  int64_t first_line = 0;  // data/row_place.h
  std::vector<RawHead> heads;
  std::vector<RawRow> rows;
  std::optional<std::string> error;  // what is wrong with the row behind them: "FILE:LINE: ..."
};

// Whether a file with this header is a raw log: it has more of the columns that only raw logs have than of those
// that only trajectory files have.
bool is_raw_log(const std::vector<std::string>& header, const LogColumnNames& names);

class RawLogFile {
 public:
  // Reads the header. Error if columns are missing. `num_ticks`: what a period has, 0 for any number up to
  // kMaxRawTicks.
  RawLogFile(const std::string& path, const LogColumnNames& names, int num_ticks = 0,
             int64_t block_bytes = CsvFile::kBlockBytes);

  LogFile& file() { return file_; }
  const LogFile& file() const { return file_; }

  // May be called from several threads, each with its own block and `out`, which is overwritten.
  void parse(const LogBlock& block, RawRows& out) const;

  // How a line of text is walked: columns whose text tends to repeat are compared with what was read before.
  struct Step {
    enum class Kind { kSkip, kHead, kImpression, kValue, kOutcome, kPrice } kind = Kind::kSkip;
    std::vector<size_t> columns;  // neighbours in the file
    bool last = false;            // ends the line
  };

 private:
  LogFile file_;
  WantedColumns columns_;
  std::vector<Step> steps_;
  int max_tick_;
};

}  // namespace genbid::data

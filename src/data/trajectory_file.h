#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/config/config.h"
#include "bidding/state_features.h"
#include "data/log_file.h"

// AuctionNet's trajectory files (`*-rlData.csv`, `trajectory_data*.csv`), as CSV or Parquet: a row per period,
// advertiser and tick, the state as the text of a Python tuple, as a list, or as a column for each of its numbers.

namespace genbid::data {

// What the columns are called in the files to be read; the defaults are AuctionNet's names.
struct TrajectoryColumnNames {
  std::string period = "deliveryPeriodIndex";
  std::string advertiser = "advertiserNumber";
  std::string category = "advertiserCategoryIndex";
  std::string budget = "budget";
  std::string cpa = "CPAConstraint";
  std::string cost = "realAllCost";
  std::string conversions = "realAllConversion";
  std::string tick = "timeStepIndex";
  std::string state = "state";
  std::string action = "action";
  std::string reward = "reward";
  std::string reward_continuous = "reward_continuous";
  std::string done = "done";
  std::string next_state = "next_state";

  void fields(ConfigVisitor& v);  // keys are AuctionNet's names
};

using AuctionnetState = std::array<double, kNumAuctionnetFeatures>;

// What a file tells about one tick. Missing values (NaN) are 0.
struct TickRow {
  int64_t line = 0;  // data/row_place.h
  int tick = 0;
  AuctionnetState state = {};
  double action = 0.0;
  double reward = 0.0;
  double reward_continuous = 0.0;
  bool done = false;
  int num_nan = 0;  // values of the row that were missing
  // Equal states have equal hashes; no next state where the field is empty.
  uint64_t state_hash = 0;
  std::optional<uint64_t> next_state_hash;
  bool tells_next_state = true;  // the file has next states
};

// The columns that are the same in all rows of a trajectory.
struct TrajectoryHead {
  int64_t period = 0;
  int64_t advertiser = 0;
  int32_t category = 0;
  double budget = 0.0;
  double cpa = 0.0;
  double cost = 0.0;
  double conversions = 0.0;

  bool operator==(const TrajectoryHead&) const = default;
};

using TrajectoryKey = std::pair<int64_t, int64_t>;  // period, advertiser

struct BadRow {
  int64_t line = 0;
  std::string message;               // "FILE:LINE: ...", or as data/row_place.h has it
  std::optional<TrajectoryKey> key;  // where it could be read
};

// The rows of one block, in file order.
struct TrajectoryRows {
  std::vector<std::pair<TrajectoryHead, TickRow>> rows;
  std::vector<BadRow> bad;
};

// Whether a header has the state's column, or one of its columns.
bool has_states(const std::vector<std::string>& header, const TrajectoryColumnNames& names);

class TrajectoryFile {
 public:
  // Reads the header. Error if columns are missing. Ticks are below `num_ticks`.
  TrajectoryFile(const std::string& path, const TrajectoryColumnNames& names,
                 int64_t block_bytes = CsvFile::kBlockBytes, int num_ticks = kMaxTicks);

  LogFile& file() { return file_; }
  const LogFile& file() const { return file_; }

  // Which of a block's bad rows are told. Where the first one ends the work, what is behind it need not be read: there
  // may be millions of them.
  enum class BadRows { kAll, kFirst };

  // May be called from several threads, each with its own block and `out`, which is overwritten.
  void parse(const LogBlock& block, TrajectoryRows& out, BadRows bad_rows = BadRows::kAll) const;

 private:
  LogFile file_;
  WantedColumns columns_;
  int num_ticks_;
};

}  // namespace genbid::data

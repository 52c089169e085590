#include "data/trajectory_file.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#define XXH_INLINE_ALL  // the header alone, no library
#include <xxhash.h>

#include "base/error.h"
#include "data/tuple_parser.h"

namespace genbid {
namespace {

// Places in TrajectoryColumnNames, in AuctionNet's order.
enum Column : size_t {
  kPeriod,
  kAdvertiser,
  kCategory,
  kBudget,
  kCpa,
  kCost,
  kConversions,
  kTick,
  kState,
  kAction,
  kReward,
  kRewardContinuous,
  kDone,
  kNextState,
};

std::vector<std::string> in_order(const TrajectoryColumnNames& n) {
  return {n.period, n.advertiser, n.category,          n.budget, n.cpa,       n.cost, n.conversions, n.tick, n.state,
          n.action, n.reward,     n.reward_continuous, n.done,   n.next_state};
}

CsvColumns find_columns(const CsvFile& csv, const TrajectoryColumnNames& names) {
  return CsvColumns(csv, in_order(names), "; expected a trajectory file (columns of other names: data.columns)");
}

// Both columns of a row hold states, and the next state's text comes again as the state of the next line: each
// text is parsed once.
class StateReader {
 public:
  struct Parsed {
    AuctionnetState values = {};
    uint64_t hash = 0;
    int num_nan = 0;
  };

  const Parsed& read(const CsvRows& row, size_t column) {
    const std::string_view text = row.text(column);
    if (text.data() != nullptr && text == text_) return parsed_;
    text_ = {};
    const TupleParse parse = parse_tuple(text, parsed_.values);
    if (!parse.good) {
      row.fail(column, std::to_string(kNumAuctionnetFeatures) + " finite numbers (unreadable from character " +
                           std::to_string(parse.error_at + 1) + " on)");
    }
    if (parse.count != kNumAuctionnetFeatures) {
      throw Error(row.where(column) + ": found " + std::to_string(parse.count) +
                  (parse.count == 1 ? " number" : " numbers") + ", expected " + std::to_string(kNumAuctionnetFeatures));
    }
    parsed_.num_nan = static_cast<int>(parse.num_nan);
    for (double& value : parsed_.values) {
      if (std::isnan(value)) value = 0.0;
      if (std::abs(value) > std::numeric_limits<float>::max()) row.fail(column, "numbers below 3.4e38");
      value += 0.0;  // -0 to 0, for the hash
    }
    parsed_.hash = XXH3_64bits(parsed_.values.data(), sizeof parsed_.values);
    text_ = text;
    return parsed_;
  }

 private:
  std::string_view text_;  // into the block; a field with doubled quotes is no list of numbers and never kept
  Parsed parsed_;
};

double value_or_zero(const CsvRows& row, size_t column, int& num_nan) {
  const double value = row.number(column);
  if (std::isnan(value)) {
    ++num_nan;
    return 0.0;
  }
  if (std::abs(value) > std::numeric_limits<float>::max()) row.fail(column, "a number below 3.4e38");
  return value;
}

double positive(const CsvRows& row, size_t column) {
  const double value = row.number(column);
  if (!(value > 0.0)) row.fail(column, "a number above 0");
  return value;
}

constexpr int64_t kMaxPeriod = int64_t{1} << 53;
constexpr int64_t kMaxIndex = std::numeric_limits<int32_t>::max();

TrajectoryKey read_key(const CsvRows& row) {
  return {row.whole(kPeriod, 0, kMaxPeriod), static_cast<int32_t>(row.whole(kAdvertiser, 0, kMaxIndex))};
}

void read_row(const CsvRows& row, StateReader& states, TrajectoryHead& head, TickRow& tick) {
  std::tie(head.period, head.advertiser) = read_key(row);
  head.category = static_cast<int32_t>(row.whole(kCategory, 0, kMaxIndex));
  head.budget = positive(row, kBudget);
  head.cpa = positive(row, kCpa);
  tick.num_nan = 0;
  head.cost = value_or_zero(row, kCost, tick.num_nan);
  head.conversions = value_or_zero(row, kConversions, tick.num_nan);

  tick.line = row.line();
  tick.tick = static_cast<int>(row.whole(kTick, 0, kTicksPerPeriod - 1));
  tick.action = value_or_zero(row, kAction, tick.num_nan);
  tick.reward = value_or_zero(row, kReward, tick.num_nan);
  tick.reward_continuous = value_or_zero(row, kRewardContinuous, tick.num_nan);
  tick.done = row.whole(kDone, 0, 1) == 1;

  const StateReader::Parsed& state = states.read(row, kState);
  tick.state = state.values;
  tick.state_hash = state.hash;
  tick.num_nan += state.num_nan;
  tick.next_state_hash.reset();
  if (!is_missing(row.text(kNextState))) tick.next_state_hash = states.read(row, kNextState).hash;
}

}  // namespace

void TrajectoryColumnNames::fields(ConfigVisitor& v) {
  const auto name = [&](const char* key, std::string& value) {
    v.field(key, value);
    v.check(!value.empty(), key, "the name of a column");
  };
  name("deliveryPeriodIndex", period);
  name("advertiserNumber", advertiser);
  name("advertiserCategoryIndex", category);
  name("budget", budget);
  name("CPAConstraint", cpa);
  name("realAllCost", cost);
  name("realAllConversion", conversions);
  name("timeStepIndex", tick);
  name("state", state);
  name("action", action);
  name("reward", reward);
  name("reward_continuous", reward_continuous);
  name("done", done);
  name("next_state", next_state);
}

TrajectoryFile::TrajectoryFile(const std::string& path, const TrajectoryColumnNames& names, int64_t block_bytes)
    : csv_(path, block_bytes), columns_(find_columns(csv_, names)) {}

void TrajectoryFile::parse(const CsvBlock& block, TrajectoryRows& out) const {
  out.rows.clear();
  out.bad.clear();
  CsvRows row(block, columns_);
  StateReader states;
  while (true) {
    bool fields_good = false;
    try {
      if (!row.next()) return;
      fields_good = true;
      out.rows.emplace_back();
      read_row(row, states, out.rows.back().first, out.rows.back().second);
    } catch (const Error& error) {
      BadRow bad{row.line(), error.what(), {}};
      if (fields_good) {
        out.rows.pop_back();
        try {
          bad.key = read_key(row);
        } catch (const Error&) {
          // The key itself cannot be read; the missing tick will show.
        }
      }
      out.bad.push_back(std::move(bad));
    }
  }
}

}  // namespace genbid

#include "data/trajectory_file.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#define XXH_INLINE_ALL  // the header alone, no library
#include <xxhash.h>

#include "base/convert.h"
#include "base/error.h"
#include "data/tuple_parser.h"

namespace genbid::data {
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
  kStateParts,                                             // in place of kState, a column for each number
  kNextStateParts = kStateParts + kNumAuctionnetFeatures,  // the same for kNextState
  kNumColumns = kNextStateParts + kNumAuctionnetFeatures,
};

bool has(const std::vector<std::string>& header, const std::string& name) {
  return std::find(header.begin(), header.end(), name) != header.end();
}

// The names of a state's columns in this file: state_0, state_1, ..., or state0, state.0, state_00; none if it has a
// column for all.
std::vector<std::string> part_names(const std::vector<std::string>& header, const std::string& name) {
  for (const char* between : {"_", "", "."}) {
    for (const size_t digits : {1U, 2U}) {
      const auto part = [&](int number) {
        const std::string text = std::to_string(number);
        return name + between + std::string(text.size() < digits ? 1 : 0, '0') + text;
      };
      if (!has(header, part(0))) continue;
      std::vector<std::string> names;
      for (int i = 0; i < kNumAuctionnetFeatures; ++i) names.push_back(part(i));
      return names;
    }
  }
  return {};
}

// If the file has one more column of the state, its states have another number of features.
void check_no_more_parts(const LogFile& file, const std::vector<std::string>& names) {
  const std::string& last = names.back();
  const std::string next = last.substr(0, last.size() - 2) + std::to_string(kNumAuctionnetFeatures);
  if (has(file.header(), next)) {
    throw Error(file.header_place() + ": found column '" + next + "', expected " +
                std::to_string(kNumAuctionnetFeatures) + " columns, '" + names.front() + "' to '" + last + "'");
  }
}

WantedColumns find_columns(const LogFile& file, const TrajectoryColumnNames& n) {
  const std::vector<std::string>& header = file.header();
  std::vector<std::string> wanted = {n.period, n.advertiser,        n.category, n.budget, n.cpa,
                                     n.cost,   n.conversions,       n.tick,     n.state,  n.action,
                                     n.reward, n.reward_continuous, n.done,     {}};
  wanted.resize(kNumColumns);
  const auto take_parts = [&](const std::string& name, size_t first) {
    const std::vector<std::string> parts = part_names(header, name);
    if (parts.empty()) return false;
    check_no_more_parts(file, parts);
    std::copy(parts.begin(), parts.end(), wanted.begin() + to_signed(first));
    return true;
  };
  if (!has(header, n.state) && take_parts(n.state, kStateParts)) wanted[kState].clear();
  if (has(header, n.next_state)) {
    wanted[kNextState] = n.next_state;
  } else {
    take_parts(n.next_state, kNextStateParts);
  }
  return file.find(wanted, "; expected a trajectory file (columns of other names: data.columns)");
}

constexpr std::array kWholeColumns = {kPeriod, kAdvertiser, kCategory, kTick};
constexpr std::array kStateColumns = {kState, kNextState};

std::vector<FieldKind> field_kinds() {
  std::vector<FieldKind> kinds(kNumColumns, FieldKind::kNumber);
  for (const Column column : kWholeColumns) kinds[column] = FieldKind::kWhole;
  for (const Column column : kStateColumns) kinds[column] = FieldKind::kState;
  kinds[kDone] = FieldKind::kFlag;
  return kinds;
}

// A row holds its state and the next one, whose text comes again as the state of the next line. Each text is parsed
// once.
class StateReader {
 public:
  struct Parsed {
    AuctionnetState values = {};
    uint64_t hash = 0;
    int num_nan = 0;
  };

  template <typename Row>
  const Parsed& read(const Row& row, size_t column) {
    if (row.has_list(column)) return read_list(row, column);
    const std::string_view text = row.text(column);
    if (!text_.empty() && text == text_) return parsed_;
    text_ = {};
    const TupleParse parse = parse_tuple(text, parsed_.values);
    if (!parse.good) {
      row.fail(column, std::to_string(kNumAuctionnetFeatures) + " finite numbers (unreadable from character " +
                           std::to_string(parse.error_at + 1) + " on)");
    }
    check_count(row, column, to_signed(parse.count));
    finish([&](size_t /*i*/) { row.fail(column, "numbers below 3.4e38"); });
    text_ = text;
    return parsed_;
  }

  // Reads a state that has a column for each number.
  template <typename Row>
  const Parsed& read_parts(const Row& row, size_t first) {
    text_ = {};
    for (size_t i = 0; i < parsed_.values.size(); ++i) parsed_.values[i] = row.number(first + i);
    finish([&](size_t i) { row.fail(first + i, "a number below 3.4e38"); });
    return parsed_;
  }

 private:
  template <typename Row>
  const Parsed& read_list(const Row& row, size_t column) {
    text_ = {};
    const std::span<const double> list = row.list(column);
    const bool infinite = std::any_of(list.begin(), list.end(), [](double value) { return std::isinf(value); });
    if (row.missing(column) || infinite) {
      row.fail(column, std::to_string(kNumAuctionnetFeatures) + " finite numbers");
    }
    check_count(row, column, std::ssize(list));
    std::copy(list.begin(), list.end(), parsed_.values.begin());
    finish([&](size_t /*i*/) { row.fail(column, "numbers below 3.4e38"); });
    return parsed_;
  }

  template <typename Row>
  static void check_count(const Row& row, size_t column, int64_t count) {
    if (count == kNumAuctionnetFeatures) return;
    throw Error(row.where(column) + ": found " + std::to_string(count) + (count == 1 ? " number" : " numbers") +
                ", expected " + std::to_string(kNumAuctionnetFeatures));
  }

  // Missing numbers become 0.
  template <typename TooLarge>
  void finish(const TooLarge& too_large) {
    parsed_.num_nan = 0;
    for (size_t i = 0; i < parsed_.values.size(); ++i) {
      double& value = parsed_.values[i];
      if (std::isnan(value)) {
        ++parsed_.num_nan;
        value = 0.0;
      }
      if (std::abs(value) > std::numeric_limits<float>::max()) too_large(i);
      value += 0.0;  // -0 to 0, for the hash
    }
    parsed_.hash = XXH3_64bits(parsed_.values.data(), sizeof parsed_.values);
  }

  std::string_view text_;  // into the block; a field with doubled quotes is no list of numbers and never kept
  Parsed parsed_;
};

template <typename Row>
double value_or_zero(const Row& row, size_t column, int& num_nan) {
  const double value = row.number(column);
  if (std::isnan(value)) {
    ++num_nan;
    return 0.0;
  }
  if (std::abs(value) > std::numeric_limits<float>::max()) row.fail(column, "a number below 3.4e38");
  return value;
}

template <typename Row>
double positive(const Row& row, size_t column) {
  const double value = row.number(column);
  if (!(value > 0.0)) row.fail(column, "a number above 0");
  return value;
}

constexpr int64_t kMaxId = std::numeric_limits<int64_t>::max() - 1;  // so that there is a number behind it
constexpr int64_t kMaxCategory = std::numeric_limits<int32_t>::max();

template <typename Row>
TrajectoryKey read_key(const Row& row) {
  return {row.whole(kPeriod, 0, kMaxId), row.whole(kAdvertiser, 0, kMaxId)};
}

// Which columns a file has in place of the usual ones.
struct Form {
  bool state_parts = false;
  bool next_state = false;
  bool next_state_parts = false;

  explicit Form(const WantedColumns& columns)
      : state_parts(columns.name(kState).empty()),
        next_state(!columns.name(kNextState).empty()),
        next_state_parts(!columns.name(kNextStateParts).empty()) {}
};

template <typename Row>
std::optional<uint64_t> next_state_hash(const Row& row, const Form& form, StateReader& states) {
  if (form.next_state) {
    if (row.missing(kNextState)) return std::nullopt;
    return states.read(row, kNextState).hash;
  }
  if (!form.next_state_parts) return std::nullopt;
  const StateReader::Parsed& next = states.read_parts(row, kNextStateParts);
  if (next.num_nan == kNumAuctionnetFeatures) return std::nullopt;
  return next.hash;
}

template <typename Row>
void read_row(const Row& row, const Form& form, int num_ticks, StateReader& states, TrajectoryHead& head,
              TickRow& tick) {
  std::tie(head.period, head.advertiser) = read_key(row);
  head.category = static_cast<int32_t>(row.whole(kCategory, 0, kMaxCategory));
  head.budget = positive(row, kBudget);
  head.cpa = positive(row, kCpa);
  tick.num_nan = 0;
  head.cost = value_or_zero(row, kCost, tick.num_nan);
  head.conversions = value_or_zero(row, kConversions, tick.num_nan);

  tick.line = row.line();
  tick.tick = to_int(row.whole(kTick, 0, num_ticks - 1));
  tick.action = value_or_zero(row, kAction, tick.num_nan);
  tick.reward = value_or_zero(row, kReward, tick.num_nan);
  tick.reward_continuous = value_or_zero(row, kRewardContinuous, tick.num_nan);
  tick.done = row.flag(kDone) == 1;

  const StateReader::Parsed& state = form.state_parts ? states.read_parts(row, kStateParts) : states.read(row, kState);
  tick.state = state.values;
  tick.state_hash = state.hash;
  tick.num_nan += state.num_nan;
  tick.tells_next_state = form.next_state || form.next_state_parts;
  tick.next_state_hash = next_state_hash(row, form, states);
}

template <typename Row>
void read_rows(Row row, const Form& form, int num_ticks, TrajectoryFile::BadRows bad_rows, TrajectoryRows& out) {
  out.rows.clear();
  out.bad.clear();
  StateReader states;
  while (true) {
    bool fields_good = false;
    try {
      if (!row.next()) return;
      fields_good = true;
      out.rows.emplace_back();
      read_row(row, form, num_ticks, states, out.rows.back().first, out.rows.back().second);
    } catch (const Error& error) {
      BadRow bad{row.line(), error.what(), {}};
      if (fields_good) {
        out.rows.pop_back();
        try {
          bad.key = read_key(row);
        } catch (const Error&) {
          // If the key itself cannot be read, the tick will be found missing.
        }
      }
      out.bad.push_back(std::move(bad));
      if (bad_rows == TrajectoryFile::BadRows::kFirst) return;
    }
  }
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

bool has_states(const std::vector<std::string>& header, const TrajectoryColumnNames& names) {
  return has(header, names.state) || !part_names(header, names.state).empty();
}

TrajectoryFile::TrajectoryFile(const std::string& path, const TrajectoryColumnNames& names, int64_t block_bytes,
                               int num_ticks)
    : file_(path, block_bytes), columns_(find_columns(file_, names)), num_ticks_(num_ticks) {
  file_.select(columns_, field_kinds());
}

void TrajectoryFile::parse(const LogBlock& block, TrajectoryRows& out, BadRows bad_rows) const {
  if (file_.is_table()) {
    read_rows(TableRows(block.table, columns_), Form(columns_), num_ticks_, bad_rows, out);
  } else {
    read_rows(CsvRows(block.text, columns_), Form(columns_), num_ticks_, bad_rows, out);
  }
}

}  // namespace genbid::data

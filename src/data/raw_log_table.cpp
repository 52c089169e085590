#include "data/raw_log_table.h"

#include <array>

#include "base/convert.h"
#include "base/error.h"
#include "data/raw_log_fields.h"
#include "data/row_place.h"

namespace genbid::data {
namespace {

class TableParser {
 public:
  TableParser(const TableBlock& block, const WantedColumns& columns, int64_t max_tick, RawRows& out)
      : block_(block),
        max_tick_(max_tick),
        out_(out),
        rows_(block, columns),
        index_(out.heads),
        unusual_(to_size(block.num_rows), 0) {}

  void run() {
    take_columns();
    out_.first_line = row_of_table(block_.row_group, block_.first_row);
    out_.rows.resize(unusual_.size());
    for (size_t i = 0; i < unusual_.size(); ++i) {
      out_.rows[i] = {};
      out_.rows[i].line_offset = static_cast<uint32_t>(i);
      if (unusual_[i] == 0) {
        usual_row(i, out_.rows[i]);
      } else if (!any_row(i)) {
        return;
      }
    }
  }

 private:
  // Finds every column's values as they are used, and marks rows whose values need a closer look.
  void take_columns() {
    take_whole(kPeriod, kMaxRawWhole);
    take_whole(kAdvertiser, kMaxRawAdvertiser);
    take_whole(kCategory, kMaxRawIndex);
    take_whole(kTick, max_tick_);
    take_whole(kPv, kMaxRawWhole);
    take_whole(kSlot, kMaxRawSlot);
    for (const RawColumn column : {kWon, kExposed, kConversion, kIsEnd}) take_whole(column, 1);
    constexpr double kLeastPositive = std::numeric_limits<double>::denorm_min();
    take_real(kBudget, kLeastPositive, kMaxRawValue);
    take_real(kCpa, kLeastPositive, kMaxRawValue);
    take_real(kRemaining, -kMaxRawValue, kMaxRawValue);
    take_real(kPvalue, 0.0, 1.0);
    for (const RawColumn column : {kSigma, kBid, kCost, kLeastWinningCost}) take_real(column, 0.0, kMaxRawValue);
  }

  void take_missing(const TableValues& values) {
    for (size_t i = 0; i < values.missing.size(); ++i) unusual_[i] |= values.missing[i];
  }

  void take_whole(RawColumn column, int64_t high) {
    const TableValues& values = block_.columns[column];
    if (values.kind == TableKind::kNothing) {
      mark_all();
      return;
    }
    take_missing(values);
    const std::vector<int64_t>* found = &values.whole;
    if (values.kind == TableKind::kReal) {
      std::vector<int64_t>& made = made_whole_[column];
      made.resize(unusual_.size());
      for (size_t i = 0; i < made.size(); ++i) {
        const double real = values.real[i];
        const bool small = real >= 0.0 && real <= (values.single ? 0x1p24 : 0x1p53);
        made[i] = small ? static_cast<int64_t>(real) : 0;
        unusual_[i] |= static_cast<uint8_t>(!small || as_double(made[i]) != real);
      }
      found = &made;
    }
    whole_[column] = found->data();
    for (size_t i = 0; i < unusual_.size(); ++i) {
      unusual_[i] |= static_cast<uint8_t>((*found)[i] < 0 || (*found)[i] > high);
    }
  }

  void take_real(RawColumn column, double low, double high) {
    const TableValues& values = block_.columns[column];
    if (values.kind == TableKind::kNothing) {
      mark_all();
      return;
    }
    take_missing(values);
    const std::vector<double>* found = &values.real;
    if (values.kind == TableKind::kWhole) {
      std::vector<double>& made = made_real_[column];
      made.assign(values.whole.begin(), values.whole.end());
      found = &made;
    }
    real_[column] = found->data();
    for (size_t i = 0; i < unusual_.size(); ++i) {
      unusual_[i] |= static_cast<uint8_t>(!((*found)[i] >= low && (*found)[i] <= high));
    }
  }

  void mark_all() { std::fill(unusual_.begin(), unusual_.end(), uint8_t{1}); }

  bool has_head(size_t i, uint32_t index) const {
    if (index >= out_.heads.size()) return false;
    const RawHead& head = out_.heads[index];
    return head.advertiser == whole_[kAdvertiser][i] && head.remaining_budget == real_[kRemaining][i] &&
           head.tick == whole_[kTick][i] && head.period == whole_[kPeriod][i] && head.budget == real_[kBudget][i] &&
           head.cpa == real_[kCpa][i] && head.category == whole_[kCategory][i] && head.is_end == whole_[kIsEnd][i];
  }

  // Heads come in cycles of advertisers, so a row's is mostly the one behind the last row's, or the first of the cycle.
  uint32_t head_of(size_t i) {
    if (has_head(i, last_head_ + 1)) return ++last_head_;
    if (has_head(i, cycle_)) return last_head_ = cycle_;
    RawHead head;
    head.period = whole_[kPeriod][i];
    head.budget = real_[kBudget][i];
    head.cpa = real_[kCpa][i];
    head.remaining_budget = real_[kRemaining][i];
    head.advertiser = whole_[kAdvertiser][i];
    head.category = static_cast<int32_t>(whole_[kCategory][i]);
    head.tick = static_cast<int16_t>(whole_[kTick][i]);
    head.is_end = static_cast<int16_t>(whole_[kIsEnd][i]);
    const auto known = static_cast<uint32_t>(out_.heads.size());
    const uint32_t index = index_.of(head);
    if (index == known && (index == 0 || out_.heads[index - 1].tick != head.tick)) cycle_ = index;
    return last_head_ = index;
  }

  void usual_row(size_t i, RawRow& row) {
    row.head = head_of(i);
    row.pv = whole_[kPv][i];
    row.pvalue = real_[kPvalue][i];
    row.sigma = real_[kSigma][i];
    row.bid = real_[kBid][i];
    row.cost = real_[kCost][i];
    row.least_winning_cost = real_[kLeastWinningCost][i];
    row.slot = static_cast<uint8_t>(whole_[kSlot][i]);
    row.flags =
        static_cast<uint8_t>((whole_[kWon][i] != 0 ? kRawWon : 0) | (whole_[kExposed][i] != 0 ? kRawExposed : 0) |
                             (whole_[kConversion][i] != 0 ? kRawConversion : 0));
  }

  // Sets the error and returns false for a row that cannot be read.
  bool any_row(size_t i) {
    RawRow& row = out_.rows[i];
    try {
      rows_.go_to(to_signed(i));
      RawRowReader reader(rows_, row);
      row.head = index_.of(reader.head(max_tick_));
      reader.values();
      return true;
    } catch (const Error& error) {
      out_.rows.resize(i);
      out_.error = error.what();
      return false;
    }
  }

  const TableBlock& block_;
  const int64_t max_tick_;
  RawRows& out_;
  TableRows rows_;
  RawHeadIndex index_;
  std::vector<uint8_t> unusual_;  // by row
  std::array<const int64_t*, kNumRawColumns> whole_ = {};
  std::array<const double*, kNumRawColumns> real_ = {};
  std::array<std::vector<int64_t>, kNumRawColumns> made_whole_;
  std::array<std::vector<double>, kNumRawColumns> made_real_;
  uint32_t last_head_ = 0;
  uint32_t cycle_ = 0;  // head of its first row
};

}  // namespace

void parse_raw_table(const TableBlock& block, const WantedColumns& columns, int64_t max_tick, RawRows& out) {
  TableParser(block, columns, max_tick, out).run();
}

}  // namespace genbid::data

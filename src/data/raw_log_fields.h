#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <unordered_map>
#include <vector>

#define XXH_INLINE_ALL  // the header alone, no library
#include <xxhash.h>

#include "data/raw_log_file.h"

// What a row of a raw log may hold, whatever kind of file it stands in: the one definition, over CsvRows or TableRows.
// Private to the readers of raw logs.

namespace genbid::data {

// Places in the list of wanted columns, in AuctionNet's order.
enum RawColumn : size_t {
  kPeriod,
  kAdvertiser,
  kCategory,
  kBudget,
  kCpa,
  kTick,
  kRemaining,
  kPv,
  kPvalue,
  kSigma,
  kBid,
  kWon,
  kSlot,
  kCost,
  kExposed,
  kConversion,
  kLeastWinningCost,
  kIsEnd,
  kNumRawColumns,
};

inline FieldKind raw_field_kind(size_t column) {
  switch (column) {
    case kPeriod:
    case kAdvertiser:
    case kCategory:
    case kTick:
    case kPv:
    case kSlot:
      return FieldKind::kWhole;
    case kWon:
    case kExposed:
    case kConversion:
    case kIsEnd:
      return FieldKind::kFlag;
    default:
      return FieldKind::kNumber;
  }
}

inline constexpr double kMaxRawValue = std::numeric_limits<float>::max();
inline constexpr int64_t kMaxRawWhole = int64_t{1} << 53;
inline constexpr int64_t kMaxRawAdvertiser = std::numeric_limits<int64_t>::max();
inline constexpr int64_t kMaxRawIndex = std::numeric_limits<int32_t>::max();
inline constexpr int64_t kMaxRawSlot = 255;

// The heads of a block's rows, each once.
class RawHeadIndex {
 public:
  explicit RawHeadIndex(std::vector<RawHead>& heads) : heads_(heads) {}

  uint32_t of(const RawHead& head) {
    const auto [found, fresh] = index_.try_emplace(head, static_cast<uint32_t>(heads_.size()));
    if (fresh) heads_.push_back(head);
    return found->second;
  }

 private:
  struct Hash {
    size_t operator()(const RawHead& head) const { return XXH3_64bits(&head, sizeof head); }
  };
  struct Equal {
    bool operator()(const RawHead& a, const RawHead& b) const {
      return std::memcmp(&a, &b, sizeof a) == 0;  // NOLINT(bugprone-suspicious-memory-comparison): as Hash
    }
  };

  std::vector<RawHead>& heads_;
  std::unordered_map<RawHead, uint32_t, Hash, Equal> index_;
};

// Reads one row; the Error of a field that cannot be read says where it stands.
template <typename Rows>
class RawRowReader {
 public:
  RawRowReader(const Rows& rows, RawRow& row) : rows_(rows), row_(row) {}

  RawHead head(int64_t max_tick) {
    RawHead head;
    head.period = rows_.whole(kPeriod, 0, kMaxRawWhole);
    head.advertiser = rows_.whole(kAdvertiser, 0, kMaxRawAdvertiser);
    head.category = static_cast<int32_t>(rows_.whole(kCategory, 0, kMaxRawIndex));
    head.budget = positive(kBudget);
    head.cpa = positive(kCpa);
    head.tick = static_cast<int16_t>(rows_.whole(kTick, 0, max_tick));
    head.remaining_budget = rows_.number(kRemaining);
    if (std::isnan(head.remaining_budget)) {
      head.remaining_budget = std::numeric_limits<double>::quiet_NaN();  // one NaN: heads are compared as bytes
      ++row_.num_missing;
    }
    head.is_end = static_cast<int16_t>(std::max<int64_t>(flag_or_missing(kIsEnd), 0));
    return head;
  }

  void values() {
    row_.pv = rows_.whole(kPv, 0, kMaxRawWhole);
    row_.pvalue = at_least_zero(kPvalue);
    if (row_.pvalue > 1.0) rows_.fail(kPvalue, "a probability in [0, 1]");
    row_.sigma = at_least_zero(kSigma);
    row_.bid = at_least_zero(kBid);
    row_.cost = at_least_zero(kCost);
    row_.least_winning_cost = at_least_zero(kLeastWinningCost);
    int64_t slot = -1;
    if (rows_.missing(kSlot)) {
      ++row_.num_missing;
    } else {
      slot = rows_.whole(kSlot, 0, kMaxRawSlot);
    }
    row_.slot = static_cast<uint8_t>(std::max<int64_t>(slot, 0));
    const int64_t won = flag_or_missing(kWon);
    const int64_t exposed = flag_or_missing(kExposed);
    const int64_t conversion = flag_or_missing(kConversion);
    unsigned flags = 0;
    if (won == 1) flags |= kRawWon;
    if (won < 0) flags |= kRawWonMissing;
    if (exposed == 1) flags |= kRawExposed;
    if (conversion == 1) flags |= kRawConversion;
    if (conversion < 0) flags |= kRawConversionMissing;
    if (std::isnan(row_.least_winning_cost)) flags |= kRawPriceMissing;
    row_.flags = static_cast<uint8_t>(flags);
  }

 private:
  double at_least_zero(size_t column) {
    const double value = rows_.number(column);
    if (std::isnan(value)) {
      ++row_.num_missing;
    } else if (!(value >= 0.0 && value <= kMaxRawValue)) {
      rows_.fail(column, column == kPvalue ? "a probability in [0, 1]" : "a number, at least 0 and below 3.4e38");
    }
    return value;
  }

  // 0 or 1, also as pandas and Python write booleans. -1: missing.
  int64_t flag_or_missing(size_t column) {
    if (!rows_.missing(column)) return rows_.flag(column);
    ++row_.num_missing;
    return -1;
  }

  double positive(size_t column) {
    const double value = rows_.number(column);
    if (!(value > 0.0 && value <= kMaxRawValue)) rows_.fail(column, "a number above 0");
    return value;
  }

  const Rows& rows_;
  RawRow& row_;
};

}  // namespace genbid::data

#include "data/raw_log_file.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <string_view>

#include <fast_float/fast_float.h>

#include "base/convert.h"
#include "base/error.h"
#include "data/raw_log_fields.h"
#include "data/raw_log_table.h"

namespace genbid::data {
namespace {

std::vector<std::string> in_order(const LogColumnNames& n) {
  return {n.period,
          n.advertiser,
          n.category,
          n.budget,
          n.cpa,
          n.tick,
          n.raw.remaining_budget,
          n.raw.pv_index,
          n.raw.pvalue,
          n.raw.sigma,
          n.raw.bid,
          n.raw.won,
          n.raw.slot,
          n.raw.cost,
          n.raw.exposed,
          n.raw.conversion,
          n.raw.least_winning_cost,
          n.raw.is_end};
}

RawLogFile::Step::Kind kind_of(size_t column) {
  using Kind = RawLogFile::Step::Kind;
  switch (column) {
    case kPv:
      return Kind::kImpression;
    case kPvalue:
    case kSigma:
    case kBid:
      return Kind::kValue;
    case kWon:
    case kSlot:
    case kCost:
    case kExposed:
    case kConversion:
      return Kind::kOutcome;
    case kLeastWinningCost:
      return Kind::kPrice;
    default:
      return Kind::kHead;
  }
}

std::vector<RawLogFile::Step> plan_steps(const WantedColumns& columns) {
  using Kind = RawLogFile::Step::Kind;
  std::vector<RawLogFile::Step> steps;
  for (size_t place = 0; place < columns.num_in_file(); ++place) {
    const int wanted = columns.wanted_at(place);
    const Kind kind = wanted < 0 ? Kind::kSkip : kind_of(to_size(wanted));
    const bool joins = !steps.empty() && steps.back().kind == kind && (kind == Kind::kHead || kind == Kind::kOutcome);
    if (!joins) steps.push_back({kind, {}, false});
    if (wanted >= 0) steps.back().columns.push_back(to_size(wanted));
  }
  steps.back().last = true;
  return steps;
}

// A piece of a line that was read before, its separator included.
struct Seen {
  static constexpr size_t kMost = 192;
  std::array<char, kMost> text;
  uint32_t size = 0;

  bool at(const char* p, const char* end) const {
    return size != 0 && to_size(end - p) >= size && std::memcmp(p, text.data(), size) == 0;
  }
  void keep(const char* p, const char* end) {
    const auto length = to_size(end - p);
    size = length <= kMost ? static_cast<uint32_t>(length) : 0;
    std::memcpy(text.data(), p, size);
  }
};

// Walks the lines of a block. Lines of the usual form are read here; any other (quotes, missing values, faults) goes
// to CsvRows, which reads or refuses it, so that there is one definition of what is accepted.
class BlockParser {
 public:
  BlockParser(const WantedColumns& columns, const std::vector<RawLogFile::Step>& steps, int max_tick, RawRows& out)
      : columns_(columns), steps_(steps), max_tick_(max_tick), out_(out), index_(out.heads) {}

  void run(const CsvBlock& block) {
    const char* at = block.text.data();
    const char* const end = at + block.text.size();
    out_.rows.reserve(block.text.size() / 100);
    uint32_t line = 0;
    for (; at != end; ++line) {
      RawRow& row = out_.rows.emplace_back();
      row.line_offset = line;
      if (const char* next = usual_line(at, end, row)) {
        at = next;
        continue;
      }
      const auto* feed = static_cast<const char*>(std::memchr(at, '\n', to_size(end - at)));
      const char* next = feed == nullptr ? end : feed + 1;
      any_line({std::string(at, next), block.first_line + line}, feed == nullptr);
      if (out_.error) return;
      at = next;
    }
  }

 private:
  static constexpr uint32_t kNoIndex = std::numeric_limits<uint32_t>::max();

  // What one place in the cycle of advertisers last held.
  struct Entry {
    RawHead head;
    uint32_t index = kNoIndex;  // of the head in `out`
    std::array<Seen, 2> seen;   // for the first runs of head columns of a line
  };

  // Returns the place behind the field's separator, or nullptr if another text stands at `p`.
  static const char* past_separator(const char* p, const char* end, bool last) {
    if (p == end) return nullptr;
    if (!last) return *p == ',' ? p + 1 : nullptr;
    if (*p == '\r' && ++p == end) return nullptr;
    return *p == '\n' ? p + 1 : nullptr;
  }

  // Reads 7, 7. or 7.0 and returns the place behind it; nullptr for any other text, such as a number with more digits.
  static const char* whole(const char* p, const char* end, int64_t high, int64_t& value) {
    constexpr int kDigits = 15;
    const char* const begin = p;
    const char* const most = end - p > kDigits ? p + kDigits + 1 : end;
    int64_t v = 0;
    for (; p != most && static_cast<unsigned char>(*p - '0') < 10; ++p) v = v * 10 + (*p - '0');
    if (p == begin || p - begin > kDigits || v > high) return nullptr;
    if (p != end && *p == '.') {
      ++p;
      while (p != end && *p == '0') ++p;
    }
    value = v;
    return p;
  }

  static const char* number(const char* p, const char* end, double& value) {
    const auto result = fast_float::from_chars(p, end, value);
    return result.ec == std::errc() && std::abs(value) <= kMaxRawValue ? result.ptr : nullptr;
  }

  const char* head_field(size_t column, const char* p, const char* end, RawHead& head) const {
    int64_t value = 0;
    switch (column) {
      case kPeriod:
        return whole(p, end, kMaxRawWhole, head.period);
      case kAdvertiser:
        return whole(p, end, kMaxRawAdvertiser, head.advertiser);
      case kCategory:
        p = whole(p, end, kMaxRawIndex, value);
        head.category = static_cast<int32_t>(value);
        return p;
      case kTick:
        p = whole(p, end, max_tick_, value);
        head.tick = static_cast<int16_t>(value);
        return p;
      case kIsEnd:
        p = whole(p, end, 1, value);
        head.is_end = static_cast<int16_t>(value);
        return p;
      case kBudget:
        p = number(p, end, head.budget);
        return head.budget > 0.0 ? p : nullptr;
      case kCpa:
        p = number(p, end, head.cpa);
        return head.cpa > 0.0 ? p : nullptr;
      default:
        return number(p, end, head.remaining_budget);
    }
  }

  // The row of a line of the usual form, and the beginning of the next line; nullptr for other lines.
  const char* usual_line(const char* p, const char* end, RawRow& row) {
    Entry* entry = nullptr;
    size_t run = 0;
    for (const RawLogFile::Step& step : steps_) {
      using Kind = RawLogFile::Step::Kind;
      const char* const begin = p;
      switch (step.kind) {
        case Kind::kHead: {
          const size_t which = run++;
          if (which == 0) entry = expected_entry(p, end);
          if (which < 2 && entry != nullptr && entry->seen[which].at(p, end)) {
            p += entry->seen[which].size;
            break;
          }
          RawHead head = entry != nullptr ? entry->head : RawHead{};
          for (const size_t column : step.columns) {
            p = head_field(column, p, end, head);
            if (p != nullptr) p = past_separator(p, end, step.last && column == step.columns.back());
            if (p == nullptr) return nullptr;
          }
          if (entry == nullptr) entry = &entry_for(step, head);
          entry->head = head;
          if (which < 2) entry->seen[which].keep(begin, p);
          entry->index = kNoIndex;
          break;
        }
        case Kind::kImpression:
          if (pv_seen_.at(p, end)) {
            p += pv_seen_.size;
          } else {
            int64_t pv = 0;
            p = whole(p, end, kMaxRawWhole, pv);
            if (p != nullptr) p = past_separator(p, end, step.last);
            if (p == nullptr) return nullptr;
            pv_seen_.keep(begin, p);
            pv_ = pv;
          }
          row.pv = pv_;
          break;
        case Kind::kValue: {
          double value = 0.0;
          p = number(p, end, value);
          if (p != nullptr) p = past_separator(p, end, step.last);
          if (p == nullptr || !(value >= 0.0)) return nullptr;
          if (step.columns[0] == kPvalue && value > 1.0) return nullptr;
          (step.columns[0] == kPvalue ? row.pvalue : step.columns[0] == kSigma ? row.sigma : row.bid) = value;
          break;
        }
        case Kind::kOutcome:
          p = outcome(step, p, end, row);
          if (p == nullptr) return nullptr;
          break;
        case Kind::kPrice:
          if (price_seen_.at(p, end)) {
            p += price_seen_.size;
          } else {
            double price = 0.0;
            p = number(p, end, price);
            if (p != nullptr) p = past_separator(p, end, step.last);
            if (p == nullptr || !(price >= 0.0)) return nullptr;
            price_seen_.keep(begin, p);
            price_ = price;
          }
          row.least_winning_cost = price_;
          break;
        case Kind::kSkip:
          while (p != end && *p != ',' && *p != '\n' && *p != '\r' && *p != '"') ++p;
          p = past_separator(p, end, step.last);
          if (p == nullptr) return nullptr;
          break;
      }
    }
    if (entry->index == kNoIndex) entry->index = index_.of(entry->head);
    row.head = entry->index;
    next_entry_ = to_size(entry - entries_.data()) + 1;
    return p;
  }

  // Advertisers come in cycles, so the next row's entry is the one behind the last, or the first one. Returns nullptr
  // if neither has this text.
  Entry* expected_entry(const char* p, const char* end) {
    if (next_entry_ < entries_.size() && entries_[next_entry_].seen[0].at(p, end)) return &entries_[next_entry_];
    if (!entries_.empty() && entries_[0].seen[0].at(p, end)) return &entries_[0];
    return nullptr;
  }

  // Which entry a head goes into that came unexpectedly. Any entry would be right; the advertiser's own one makes the
  // next lines fast.
  Entry& entry_for(const RawLogFile::Step& step, const RawHead& head) {
    if (step.columns.end() != std::find(step.columns.begin(), step.columns.end(), kAdvertiser)) {
      for (Entry& entry : entries_) {
        if (entry.head.advertiser == head.advertiser) return fresh(entry);
      }
    } else if (next_entry_ < entries_.size()) {
      return fresh(entries_[next_entry_]);
    }
    if (entries_.size() < kMaxRawSeats) return entries_.emplace_back();
    return fresh(entries_[next_entry_ % entries_.size()]);
  }

  static Entry& fresh(Entry& entry) {
    for (Seen& seen : entry.seen) seen.size = 0;
    return entry;
  }

  // Neighbours among xi, adSlot, cost, isExposed and conversionAction are compared as one text, because most rows won
  // nothing and have the same zeros there.
  const char* outcome(const RawLogFile::Step& step, const char* p, const char* end, RawRow& row) {
    const auto run = to_size(&step - steps_.data());
    Seen* lost = run < lost_seen_.size() ? &lost_seen_[run] : nullptr;
    if (lost != nullptr && lost->at(p, end)) return p + lost->size;
    const char* const begin = p;
    bool all_zero = true;
    for (const size_t column : step.columns) {
      if (column == kCost) {
        p = number(p, end, row.cost);
        if (!(row.cost >= 0.0)) return nullptr;
        all_zero = all_zero && row.cost == 0.0;
      } else {
        int64_t value = 0;
        p = whole(p, end, column == kSlot ? 255 : 1, value);
        all_zero = all_zero && value == 0;
        if (column == kSlot) {
          row.slot = static_cast<uint8_t>(value);
        } else if (value != 0) {
          row.flags = static_cast<uint8_t>(row.flags | flag_of(column));
        }
      }
      if (p != nullptr) p = past_separator(p, end, step.last && column == step.columns.back());
      if (p == nullptr) return nullptr;
    }
    if (lost != nullptr && all_zero) lost->keep(begin, p);
    return p;
  }

  static uint8_t flag_of(size_t column) {
    return column == kWon ? kRawWon : column == kExposed ? kRawExposed : kRawConversion;
  }

  // Reads a line of any form over the last row, drops that row if the line is blank, or sets the error.
  void any_line(const CsvBlock& line, bool unfinished) {
    RawRow& row = out_.rows.back();
    const uint32_t offset = row.line_offset;
    row = {};
    row.line_offset = offset;
    try {
      CsvRows rows(line, columns_);
      if (!rows.next()) {
        out_.rows.pop_back();
        return;
      }
      RawRowReader reader(rows, row);
      row.head = index_.of(reader.head(max_tick_));
      reader.values();
    } catch (const Error& error) {
      out_.rows.pop_back();
      out_.error = error.what();
      if (unfinished) *out_.error += " (the file ends here without a line feed: was it cut off?)";
    }
  }

  const WantedColumns& columns_;
  const std::vector<RawLogFile::Step>& steps_;
  const int64_t max_tick_;
  RawRows& out_;

  RawHeadIndex index_;
  std::vector<Entry> entries_;
  size_t next_entry_ = 0;
  Seen pv_seen_;
  int64_t pv_ = 0;
  Seen price_seen_;
  double price_ = 0.0;
  std::array<Seen, 16> lost_seen_ = {};  // by step
};

std::vector<FieldKind> field_kinds() {
  std::vector<FieldKind> kinds;
  for (size_t column = 0; column < kNumRawColumns; ++column) kinds.push_back(raw_field_kind(column));
  return kinds;
}

}  // namespace

void RawLogColumnNames::fields(ConfigVisitor& v) {
  const auto name = [&](const char* key, std::string& value) {
    v.field(key, value);
    v.check(!value.empty(), key, "the name of a column");
  };
  name("remainingBudget", remaining_budget);
  name("pvIndex", pv_index);
  name("pValue", pvalue);
  name("pValueSigma", sigma);
  name("bid", bid);
  name("xi", won);
  name("adSlot", slot);
  name("cost", cost);
  name("isExposed", exposed);
  name("conversionAction", conversion);
  name("leastWinningCost", least_winning_cost);
  name("isEnd", is_end);
}

void LogColumnNames::fields(ConfigVisitor& v) {
  TrajectoryColumnNames::fields(v);
  raw.fields(v);
}

bool is_raw_log(const std::vector<std::string>& header, const LogColumnNames& n) {
  const auto count = [&](const std::vector<std::string>& names) {
    return std::count_if(names.begin(), names.end(), [&](const std::string& name) {
      return std::find(header.begin(), header.end(), name) != header.end();
    });
  };
  const RawLogColumnNames& r = n.raw;
  const auto raw = count({r.remaining_budget, r.pv_index, r.pvalue, r.sigma, r.bid, r.won, r.slot, r.cost, r.exposed,
                          r.conversion, r.least_winning_cost, r.is_end});
  const auto trajectory =
      count({n.cost, n.conversions, n.state, n.action, n.reward, n.reward_continuous, n.done, n.next_state});
  return raw > trajectory;
}

RawLogFile::RawLogFile(const std::string& path, const LogColumnNames& names, int num_ticks, int64_t block_bytes)
    : file_(path, block_bytes),
      columns_(file_.find(in_order(names), "; expected a raw traffic log (columns of other names: data.columns)")),
      steps_(plan_steps(columns_)),
      max_tick_((num_ticks > 0 ? num_ticks : kMaxRawTicks) - 1) {
  file_.select(columns_, field_kinds());
}

void RawLogFile::parse(const LogBlock& block, RawRows& out) const {
  out.heads.clear();
  out.rows.clear();
  out.error.reset();
  if (file_.is_table()) {
    parse_raw_table(block.table, columns_, max_tick_, out);
  } else {
    out.first_line = block.text.first_line;
    BlockParser(columns_, steps_, max_tick_, out).run(block.text);
  }
}

}  // namespace genbid::data

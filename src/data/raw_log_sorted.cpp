#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <tuple>

#include "base/convert.h"
#include "base/error.h"
#include "base/stop_signal.h"
#include "data/raw_log_ticks.h"
#include "data/spool.h"

namespace genbid::data {

struct SortedRows::State {
  State(const std::vector<std::string>& files, const LogColumnNames& columns, const std::string& scratch_folder)
      : files_(files), columns_(columns), space_(scratch_folder, kSpoolMemory) {}

  void add(size_t file, const RawRows& rows) {
    resolved_.assign(rows.heads.size(), {});
    for (const RawRow& row : rows.rows) {
      const int64_t line = rows.first_line + row.line_offset;
      Resolved& resolved = resolved_[row.head];
      if (resolved.tick == nullptr) resolved = resolve(rows.heads[row.head], Place{file, line});
      Record record;
      record.pv = row.pv;
      record.pvalue = row.pvalue;
      record.sigma = row.sigma;
      record.bid = row.bid;
      record.cost = row.cost;
      record.least_winning_cost = row.least_winning_cost;
      record.line = line;
      record.source_row = resolved.period->num_rows++;
      record.file = static_cast<uint32_t>(file);
      record.advertiser = resolved.advertiser;
      record.num_missing = row.num_missing;
      record.flags = row.flags;
      record.slot = row.slot;
      Tick& tick = *resolved.tick;
      tick.staged.push_back(record);
      if (tick.staged.size() == kStagedRows) flush(tick);
      if (++num_staged_ == kMostStagedRows) flush_all();
      ++num_rows_;
    }
  }

  void finish(int num_ticks, RawReadResult& result, const std::function<void(RawTick&)>& sink) {
    flush_all();
    for (const auto& [number, period] : periods_) num_ticks = std::max(num_ticks, period.ticks.rbegin()->first + 1);
    for (auto& [number, period] : periods_) {
      check(number, period, num_ticks);
      std::vector<size_t> order(period.advertisers.size());
      for (size_t i = 0; i < order.size(); ++i) order[i] = i;
      std::sort(order.begin(), order.end(), [&seats = period.advertisers](size_t a, size_t b) {
        return seats[a].head.advertiser < seats[b].head.advertiser;
      });
      for (auto& [tick_number, tick] : period.ticks) {
        RawTick out;
        build(number, tick_number, tick, order, out);
        tick.rows.clear();
        if (stop_signal::requested()) {
          result.stopped = true;
          return;
        }
        sink(out);
      }
    }
    result.num_ticks = num_ticks;
    result.num_rows = num_rows_;
  }

  static constexpr int64_t kSpoolMemory = int64_t{1} << 28;
  static constexpr size_t kStagedRows = 800;
  static constexpr int64_t kMostStagedRows = int64_t{1} << 21;

  struct Record {
    int64_t pv = 0;
    double pvalue = 0.0, sigma = 0.0, bid = 0.0, cost = 0.0, least_winning_cost = 0.0;
    int64_t line = 0;
    int64_t source_row = 0;
    uint32_t file = 0;
    uint8_t advertiser = 0;  // in the period's list
    uint8_t num_missing = 0;
    uint8_t flags = 0;
    uint8_t slot = 0;
  };

  struct HeadAt {
    RawHead head;
    Place place;
  };

  struct Tick {
    std::vector<Record> staged;
    Spool rows;
    std::vector<std::optional<HeadAt>> heads;  // by advertiser in the period's list

    explicit Tick(SpoolSpace& space) : rows(space) {}
  };

  struct Period {
    Place first;
    std::vector<HeadAt> advertisers;  // in the order of their first rows
    std::map<int, Tick> ticks;
    int64_t num_rows = 0;
  };

  struct Resolved {
    Period* period = nullptr;
    Tick* tick = nullptr;
    uint8_t advertiser = 0;
  };

  [[noreturn]] void fail(Place place, const std::string& what) const {
    throw Error(place_text(files_, place) + ": " + what);
  }

  [[noreturn]] void contradict(Place place, const std::string& column, double found, double expected,
                               const std::string& of) const {
    fail(place, "column '" + column + "': found '" + shortest(found) + "', expected '" + shortest(expected) +
                    "' as in other rows of " + of);
  }

  Resolved resolve(const RawHead& head, Place place) {
    const auto [found, fresh] = periods_.try_emplace(head.period);
    Period& period = found->second;
    if (fresh) period.first = place;
    const std::string period_name = "period " + std::to_string(head.period);
    size_t at = 0;
    while (at < period.advertisers.size() && period.advertisers[at].head.advertiser != head.advertiser) ++at;
    if (at == period.advertisers.size()) {
      if (at == kMaxRawSeats) {
        fail(place, "column '" + columns_.advertiser + "': found '" + std::to_string(head.advertiser) +
                        "', one advertiser more than the " + std::to_string(kMaxRawSeats) + " that " + period_name +
                        " may have");
      }
      period.advertisers.push_back({head, place});
    }
    const RawHead& known = period.advertisers[at].head;
    const std::string name = period_name + ", advertiser " + std::to_string(head.advertiser);
    if (head.category != known.category) contradict(place, columns_.category, head.category, known.category, name);
    if (head.budget != known.budget) contradict(place, columns_.budget, head.budget, known.budget, name);
    if (head.cpa != known.cpa) contradict(place, columns_.cpa, head.cpa, known.cpa, name);

    Tick& tick = period.ticks.try_emplace(head.tick, space_).first->second;
    if (tick.heads.size() <= at) tick.heads.resize(at + 1);
    std::optional<HeadAt>& of_tick = tick.heads[at];
    if (!of_tick) {
      of_tick = HeadAt{head, place};
    } else {
      RawHead& before = of_tick->head;
      const std::string tick_name = name + ", tick " + std::to_string(head.tick);
      if (!same_tick_state(head, before)) {
        if (head.is_end != before.is_end) contradict(place, columns_.raw.is_end, head.is_end, before.is_end, tick_name);
        contradict(place, columns_.raw.remaining_budget, head.remaining_budget, before.remaining_budget, tick_name);
      }
      if (std::isnan(before.remaining_budget)) before.remaining_budget = head.remaining_budget;
    }
    return {&period, &tick, static_cast<uint8_t>(at)};
  }

  void flush(Tick& tick) {
    tick.rows.append(std::as_bytes(std::span(tick.staged)));
    num_staged_ -= std::ssize(tick.staged);
    tick.staged.clear();
  }

  void flush_all() {
    for (auto& [number, period] : periods_) {
      for (auto& [tick_number, tick] : period.ticks) {
        flush(tick);
        tick.staged.shrink_to_fit();
      }
    }
    num_staged_ = 0;
  }

  // Checks that the period has all of its ticks, and each tick all advertisers.
  void check(int64_t number, const Period& period, int num_ticks) const {
    for (int t = 0; t < num_ticks; ++t) {
      const auto found = period.ticks.find(t);
      if (found == period.ticks.end()) {
        throw Error(tick_missing(place_text(files_, period.first), number, t, period.ticks.size(),
                                 period.ticks.rbegin()->first));
      }
      const Tick& tick = found->second;
      size_t count = 0;
      std::optional<int64_t> missing;
      std::optional<Place> first;
      for (size_t i = 0; i < period.advertisers.size(); ++i) {
        const bool there = i < tick.heads.size() && tick.heads[i].has_value();
        const int64_t advertiser = period.advertisers[i].head.advertiser;
        if (there) {
          ++count;
          if (!first || tick.heads[i]->place < *first) first = tick.heads[i]->place;
        } else if (!missing || advertiser < *missing) {
          missing = advertiser;
        }
      }
      if (missing) {
        fail(*first, "period " + std::to_string(number) + ", tick " + std::to_string(t) + ": advertiser " +
                         std::to_string(*missing) + " is missing (found " + std::to_string(count) + " of the " +
                         std::to_string(period.advertisers.size()) + " advertisers of the period)");
      }
    }
  }

  // `order`: the period's advertisers by number.
  void build(int64_t period, int number, const Tick& tick, const std::vector<size_t>& order, RawTick& out) const {
    struct Key {
      int64_t pv;
      uint32_t seat;
      uint32_t at;
    };
    const size_t n = order.size();
    std::vector<uint32_t> seat_of(n);
    for (size_t seat = 0; seat < n; ++seat) seat_of[order[seat]] = static_cast<uint32_t>(seat);
    std::vector<Record> records(to_size(tick.rows.size()) / sizeof(Record));
    tick.rows.read_all(reinterpret_cast<std::byte*>(records.data()));
    std::vector<Key> keys(records.size());
    for (size_t i = 0; i < keys.size(); ++i) {
      keys[i] = {records[i].pv, seat_of[records[i].advertiser], static_cast<uint32_t>(i)};
    }
    std::sort(keys.begin(), keys.end(),
              [](const Key& a, const Key& b) { return std::tie(a.pv, a.seat, a.at) < std::tie(b.pv, b.seat, b.at); });

    out.period = period;
    out.tick = number;
    for (const size_t i : order) out.heads.push_back(tick.heads[i]->head);
    const size_t num_pv = check_keys(out, keys, records, n);
    out.num_pv = to_signed(num_pv);
    out.first_row = place_text(files_, tick.heads[order[0]]->place);
    for (std::vector<double>* values : {&out.pvalue, &out.sigma, &out.bid, &out.cost}) values->resize(keys.size());
    out.flags.resize(keys.size());
    out.slot.resize(keys.size());
    out.source_row.resize(keys.size());
    for (size_t i = 0; i < keys.size(); ++i) {
      const Record& record = records[keys[i].at];
      out.pvalue[i] = record.pvalue;
      out.sigma[i] = record.sigma;
      out.bid[i] = record.bid;
      out.cost[i] = record.cost;
      out.flags[i] = record.flags;
      out.slot[i] = record.slot;
      out.source_row[i] = record.source_row;
      out.num_missing += record.num_missing;
      if (keys[i].seat == 0) {
        out.pv.push_back(record.pv);
        out.least_winning_cost.push_back(record.least_winning_cost);
      } else {
        take_price(out, record);
      }
    }
  }

  void take_price(RawTick& out, const Record& record) const {
    double& price = out.least_winning_cost.back();
    if (price == record.least_winning_cost || std::isnan(record.least_winning_cost)) return;
    if (!std::isnan(price)) {
      contradict(place_of(record), columns_.raw.least_winning_cost, record.least_winning_cost, price,
                 name_of(out) + ", pvIndex " + std::to_string(record.pv));
    }
    price = record.least_winning_cost;
  }

  static Place place_of(const Record& record) { return {record.file, record.line}; }

  static std::string name_of(const RawTick& tick) {
    return "period " + std::to_string(tick.period) + ", tick " + std::to_string(tick.tick);
  }

  // Counts the impressions, and checks that each has every seat exactly once.
  template <typename Keys>
  size_t check_keys(const RawTick& tick, const Keys& keys, const std::vector<Record>& records, size_t n) const {
    size_t num_pv = 0;
    for (size_t i = 0; i < keys.size();) {
      size_t end = i;
      std::optional<size_t> missing;
      while (end < keys.size() && keys[end].pv == keys[i].pv) {
        const std::string key = ", pvIndex " + std::to_string(keys[end].pv) + ", advertiser ";
        if (end > i && keys[end].seat == keys[end - 1].seat) {
          const size_t first = std::min(keys[end].at, keys[end - 1].at);
          const size_t second = std::max(keys[end].at, keys[end - 1].at);
          fail(place_of(records[second]), name_of(tick) + key + std::to_string(tick.heads[keys[end].seat].advertiser) +
                                              " appears a second time, first at " +
                                              place_text(files_, place_of(records[first])));
        }
        if (!missing && keys[end].seat != end - i) missing = end - i;
        ++end;
      }
      if (!missing && end - i < n) missing = end - i;
      if (missing) {
        size_t first = keys[i].at;
        for (size_t k = i; k < end; ++k) first = std::min<size_t>(first, keys[k].at);
        fail(place_of(records[first]), name_of(tick) + ", pvIndex " + std::to_string(keys[i].pv) + ": advertiser " +
                                           std::to_string(tick.heads[*missing].advertiser) + " is missing (found " +
                                           std::to_string(end - i) + " of the " + std::to_string(n) +
                                           " advertisers of the period)");
      }
      ++num_pv;
      i = end;
    }
    return num_pv;
  }

 private:
  const std::vector<std::string>& files_;
  const LogColumnNames& columns_;
  SpoolSpace space_;
  std::map<int64_t, Period> periods_;
  std::vector<Resolved> resolved_;
  int64_t num_staged_ = 0;
  int64_t num_rows_ = 0;
};

SortedRows::SortedRows(const std::vector<std::string>& files, const LogColumnNames& columns,
                       const std::string& scratch_folder)
    : state_(std::make_unique<State>(files, columns, scratch_folder)) {}
SortedRows::~SortedRows() = default;

void SortedRows::add(size_t file, const RawRows& rows) { state_->add(file, rows); }
void SortedRows::finish(int num_ticks, RawReadResult& result, const std::function<void(RawTick&)>& sink) {
  state_->finish(num_ticks, result, sink);
}

}  // namespace genbid::data

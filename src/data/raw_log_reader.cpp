#include "data/raw_log_reader.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <exception>
#include <map>
#include <optional>
#include <span>
#include <tuple>
#include <unordered_map>

#include "base/error.h"
#include "base/stop_signal.h"
#include "data/spool.h"
#include "data/trajectory_builder.h"

namespace genbid {
namespace {

enum class Walk { kDone, kStopped, kBroken };

struct Slot {
  CsvBlock block;
  RawRows rows;
};

// Reads one file in rounds of blocks: while one round is parsed, the next one is read and the one before is handed
// to `take`, in file order. `take` returns false to end the walk.
Walk walk_file(RawLogFile& file, Threads& threads, const std::function<bool(const RawRows&)>& take,
               const std::function<void(int64_t)>& progress) {
  const auto blocks_per_round = static_cast<size_t>(std::min(2 * threads.count(), 16));
  struct Round {
    std::vector<Slot> slots;
    size_t count = 0;
  };
  Round read{std::vector<Slot>(blocks_per_round), 0};
  Round parsed = read;
  Round taken = read;
  std::exception_ptr read_error;
  bool broken = false;
  const auto read_round = [&] {
    read.count = 0;
    try {
      while (read.count < blocks_per_round && file.csv().next(read.slots[read.count].block)) ++read.count;
    } catch (...) {
      read_error = std::current_exception();  // after what was read before it
    }
  };
  const auto take_round = [&] {
    for (size_t i = 0; i < taken.count && !broken; ++i) {
      const RawRows& rows = taken.slots[i].rows;
      if (!take(rows)) broken = true;
      if (rows.error && !broken) throw Error(*rows.error);
    }
    taken.count = 0;
  };

  read_round();
  while (true) {
    if (stop_signal::requested()) return Walk::kStopped;
    std::swap(taken, parsed);
    std::swap(parsed, read);
    read.count = 0;
    if (parsed.count == 0 && taken.count == 0) break;
    const bool read_more = read_error == nullptr;
    threads.parallel_for(static_cast<int64_t>(parsed.count) + 2, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        if (i == 0) {
          take_round();
        } else if (i == 1) {
          if (read_more) read_round();
        } else {
          Slot& slot = parsed.slots[static_cast<size_t>(i) - 2];
          file.parse(slot.block, slot.rows);
        }
      }
    });
    if (broken) return Walk::kBroken;
    if (progress) progress(file.csv().bytes_read());
  }
  if (read_error != nullptr) std::rethrow_exception(read_error);
  return Walk::kDone;
}

std::string place_text(const std::vector<std::string>& files, Place place) {
  return files[place.file] + ":" + std::to_string(place.line);
}

std::string tick_missing(const std::string& where, int64_t period, int tick, size_t found, int last) {
  return where + ": period " + std::to_string(period) + ": tick " + std::to_string(tick) + " is missing (found " +
         std::to_string(found) + (found == 1 ? " tick" : " ticks") + " up to " + std::to_string(last) + ")";
}

bool same_identity(const RawHead& a, const RawHead& b) {
  return a.category == b.category && a.budget == b.budget && a.cpa == b.cpa;
}

bool same_tick_state(const RawHead& a, const RawHead& b) {
  const bool same_money = a.remaining == b.remaining || std::isnan(a.remaining) || std::isnan(b.remaining);
  return same_money && a.is_end == b.is_end;
}

// Puts together ticks of rows in AuctionNet's order: periods one after another, ticks from 0 on, impressions by
// pvIndex, the same advertisers by number in each. Gives up on any other row; what is wrong with it is told by
// SortedRows.
class OrderedRows {
 public:
  OrderedRows(const std::vector<std::string>& files, const std::function<void(RawTick&)>& sink)
      : files_(files), sink_(sink) {}

  // False: not in order.
  bool add(size_t file, const RawRows& rows) {
    last_head_.fill(kNoHead);
    for (const RawRow& row : rows.rows) {
      const RawHead& head = rows.heads[row.head];
      if (head.period != tick_.period || head.tick != tick_.tick || num_periods_ == 0) {
        if (!begin_tick(head, Place{file, rows.first_line + row.line_offset})) return false;
      }
      if (learning_ && (seat_ == 0 || row.pv == pv_)) {
        if (!learn(head)) return false;
      } else if (seat_ == num_seats_) {
        learning_ = false;
        if (row.pv <= pv_) return false;
        begin_impression(row);
      }
      if (learning_ && seat_ == 0) begin_impression(row);
      const size_t seat = seat_++;
      if (row.pv != pv_ || head.advertiser != advertisers_[seat]) return false;
      if (last_head_[seat] != row.head) {
        if (!take_head(seat, head)) return false;
        last_head_[seat] = row.head;
      }
      if (!take_price(row)) return false;
      const size_t at = base_ + seat;
      if (at >= room_) grow();
      tick_.pvalue[at] = row.pvalue;
      tick_.sigma[at] = row.sigma;
      tick_.bid[at] = row.bid;
      tick_.cost[at] = row.cost;
      tick_.flags[at] = row.flags;
      tick_.slot[at] = row.slot;
      tick_.num_missing += row.num_missing;
    }
    num_rows_ += static_cast<int64_t>(rows.rows.size());
    return true;
  }

  bool finish(int num_ticks, RawReadResult& result) {
    if (num_periods_ > 0 && !end_tick()) return false;
    for (const auto& [period, ticks] : ticks_of_period_) num_ticks = std::max(num_ticks, ticks);
    for (const auto& [period, ticks] : ticks_of_period_) {
      if (ticks < num_ticks) {
        throw Error(tick_missing(place_text(files_, first_of_period_.at(period)), period, ticks,
                                 static_cast<size_t>(ticks), ticks - 1));
      }
    }
    result.num_ticks = num_ticks;
    result.num_rows = num_rows_;
    return true;
  }

 private:
  static constexpr uint32_t kNoHead = ~uint32_t{0};

  bool begin_tick(const RawHead& head, Place place) {
    if (num_periods_ > 0 && !end_tick()) return false;
    if (num_periods_ == 0 || head.period != tick_.period) {
      if (head.tick != 0 || !first_of_period_.emplace(head.period, place).second) return false;
      ++num_periods_;
      learning_ = true;
      num_seats_ = 0;
      advertisers_.clear();
      identities_.clear();
    } else if (head.tick != tick_.tick + 1) {
      return false;
    }
    tick_.period = head.period;
    tick_.tick = head.tick;
    tick_.first_row = place_text(files_, place);
    tick_.num_pv = 0;
    tick_.num_missing = 0;
    tick_.heads.assign(num_seats_, RawHead{});
    have_head_.assign(num_seats_, false);
    tick_.pv.clear();
    tick_.least_winning_cost.clear();
    ticks_of_period_[head.period] = head.tick + 1;
    last_head_.fill(kNoHead);
    pv_ = -1;
    seat_ = learning_ ? 0 : num_seats_;
    return true;
  }

  bool end_tick() {
    if (seat_ != num_seats_) return false;
    learning_ = false;
    const auto count = static_cast<size_t>(tick_.num_pv) * num_seats_;
    for (std::vector<double>* values : {&tick_.pvalue, &tick_.sigma, &tick_.bid, &tick_.cost}) values->resize(count);
    tick_.flags.resize(count);
    tick_.slot.resize(count);
    room_ = count;
    sink_(tick_);
    return true;
  }

  // The first impression of a period tells its advertisers.
  bool learn(const RawHead& head) {
    if (!advertisers_.empty() && head.advertiser <= advertisers_.back()) return false;
    if (advertisers_.size() == kMaxRawSeats) return false;
    advertisers_.push_back(head.advertiser);
    identities_.push_back(head);
    tick_.heads.push_back(head);
    have_head_.push_back(false);
    num_seats_ = advertisers_.size();
    return true;
  }

  void begin_impression(const RawRow& row) {
    base_ = static_cast<size_t>(tick_.num_pv) * num_seats_;
    if (learning_) base_ = 0;
    ++tick_.num_pv;
    seat_ = 0;
    pv_ = row.pv;
    tick_.pv.push_back(row.pv);
    tick_.least_winning_cost.push_back(row.least_winning_cost);
  }

  bool take_head(size_t seat, const RawHead& head) {
    if (!same_identity(head, identities_[seat])) return false;
    RawHead& known = tick_.heads[seat];
    if (!have_head_[seat]) {
      known = head;
      have_head_[seat] = true;
      return true;
    }
    if (!same_tick_state(head, known)) return false;
    if (std::isnan(known.remaining)) known.remaining = head.remaining;
    return true;
  }

  bool take_price(const RawRow& row) {
    double& price = tick_.least_winning_cost.back();
    if (price == row.least_winning_cost || std::isnan(row.least_winning_cost)) return true;
    if (!std::isnan(price)) return false;
    price = row.least_winning_cost;
    return true;
  }

  void grow() {
    room_ = std::max<size_t>(2 * room_, size_t{1} << 16);
    for (std::vector<double>* values : {&tick_.pvalue, &tick_.sigma, &tick_.bid, &tick_.cost}) values->resize(room_);
    tick_.flags.resize(room_);
    tick_.slot.resize(room_);
  }

  const std::vector<std::string>& files_;
  const std::function<void(RawTick&)>& sink_;
  RawTick tick_;
  size_t room_ = 0;  // entries of the tick's arrays
  std::map<int64_t, Place> first_of_period_;
  std::map<int64_t, int> ticks_of_period_;
  int64_t num_periods_ = 0;
  int64_t num_rows_ = 0;

  bool learning_ = false;
  size_t num_seats_ = 0;
  std::vector<int32_t> advertisers_;
  std::vector<RawHead> identities_;
  std::vector<bool> have_head_;
  std::array<uint32_t, kMaxRawSeats> last_head_ = {};  // of the current block, by seat
  size_t seat_ = 0;                                    // of the next row; num_seats_: a new impression
  size_t base_ = 0;
  int64_t pv_ = -1;
};

// Puts together ticks of rows in any order: rows go to a spool for each tick, which is sorted in the end.
class SortedRows {
 public:
  SortedRows(const std::vector<std::string>& files, const LogColumnNames& columns, const std::string& scratch_folder)
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
      std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
        return period.advertisers[a].head.advertiser < period.advertisers[b].head.advertiser;
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

 private:
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
        contradict(place, columns_.raw.remaining_budget, head.remaining, before.remaining, tick_name);
      }
      if (std::isnan(before.remaining)) before.remaining = head.remaining;
    }
    return {&period, &tick, static_cast<uint8_t>(at)};
  }

  void flush(Tick& tick) {
    tick.rows.append(std::as_bytes(std::span(tick.staged)));
    num_staged_ -= static_cast<int64_t>(tick.staged.size());
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

  // Every tick of the period is there, and has every advertiser.
  void check(int64_t number, const Period& period, int num_ticks) const {
    for (int t = 0; t < num_ticks; ++t) {
      const auto found = period.ticks.find(t);
      if (found == period.ticks.end()) {
        throw Error(tick_missing(place_text(files_, period.first), number, t, period.ticks.size(),
                                 period.ticks.rbegin()->first));
      }
      const Tick& tick = found->second;
      size_t count = 0;
      std::optional<int32_t> missing;
      std::optional<Place> first;
      for (size_t i = 0; i < period.advertisers.size(); ++i) {
        const bool there = i < tick.heads.size() && tick.heads[i].has_value();
        const int32_t advertiser = period.advertisers[i].head.advertiser;
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
    std::vector<Record> records(static_cast<size_t>(tick.rows.size()) / sizeof(Record));
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
    out.num_pv = static_cast<int64_t>(num_pv);
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

  // The number of impressions, each of which has every seat once.
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

  const std::vector<std::string>& files_;
  const LogColumnNames& columns_;
  SpoolSpace space_;
  std::map<int64_t, Period> periods_;
  std::vector<Resolved> resolved_;
  int64_t num_staged_ = 0;
  int64_t num_rows_ = 0;
};

// The files by the period of their first rows: numbers, where names would put period-10 before period-9.
std::vector<std::string> by_period(std::vector<std::string> files, const RawReadOptions& options, int64_t& bytes) {
  std::vector<std::pair<int64_t, std::string>> keyed;
  for (std::string& path : files) {
    RawLogFile file(path, options.columns, options.num_ticks, 1 << 16);
    bytes += file.csv().size();
    CsvBlock block;
    RawRows rows;
    if (file.csv().next(block)) file.parse(block, rows);
    keyed.emplace_back(rows.heads.empty() ? 0 : rows.heads.front().period, std::move(path));
  }
  std::stable_sort(keyed.begin(), keyed.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  files.clear();
  for (auto& [period, path] : keyed) files.push_back(std::move(path));
  return files;
}

// One pass over all files. Fills bytes and sources.
Walk walk_files(const std::vector<std::string>& files, const RawReadOptions& options, Threads& threads,
                int64_t total_bytes, RawReadResult& result, const std::function<bool(size_t, const RawRows&)>& take) {
  result.bytes_read = 0;
  result.sources.clear();
  for (size_t i = 0; i < files.size(); ++i) {
    RawLogFile file(files[i], options.columns, options.num_ticks, options.block_bytes);
    const Walk walk = walk_file(
        file, threads, [&](const RawRows& rows) { return take(i, rows); },
        [&](int64_t bytes) {
          if (options.progress) options.progress(result.bytes_read + bytes, total_bytes);
        });
    if (walk != Walk::kDone) return walk;
    result.bytes_read += file.csv().bytes_read();
    result.sources.push_back(file.csv().source());
  }
  return Walk::kDone;
}

}  // namespace

RawReadResult read_raw_logs(const std::vector<std::string>& paths, const RawReadOptions& options, Threads& threads,
                            const std::function<void(RawTick&)>& sink, const std::function<void()>& restart) {
  RawReadResult result;
  int64_t total_bytes = 0;
  const std::vector<std::string> files = by_period(paths, options, total_bytes);

  OrderedRows ordered(files, sink);
  Walk walk = walk_files(files, options, threads, total_bytes, result,
                         [&](size_t file, const RawRows& rows) { return ordered.add(file, rows); });
  if (walk == Walk::kDone && ordered.finish(options.num_ticks, result)) return result;

  if (walk != Walk::kStopped) {
    restart();
    result.in_order = false;
    SortedRows sorted(files, options.columns, options.scratch_folder);
    walk = walk_files(files, options, threads, total_bytes, result, [&](size_t file, const RawRows& rows) {
      sorted.add(file, rows);
      return true;
    });
    if (walk == Walk::kDone) sorted.finish(options.num_ticks, result, sink);
  }
  if (walk == Walk::kStopped) result.stopped = true;
  return result;
}

}  // namespace genbid

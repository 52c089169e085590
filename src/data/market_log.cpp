#include "data/market_log.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <limits>

#include "base/convert.h"
#include "base/files/atomic_file.h"
#include "base/error.h"
#include "base/shown.h"
#include "bidding/auction_rule.h"
#include "data/hdf5_file.h"
#include "data/hdf5_trial.h"
#include "data/spool.h"

namespace genbid::data {
namespace {

constexpr const char* kGroupPrefix = "period-";
constexpr int64_t kMostTicks = 1'000'000;
// A period of 500,000 impressions and 48 seats has 210 MB of columns with float32, 400 with float64.
constexpr int64_t kSpoolMemory = int64_t{448} << 20;

template <typename T>
void append(Spool& spool, std::span<const T> values) {
  spool.append(std::as_bytes(values));
}

bool fits_32_bits(int64_t number) { return number <= std::numeric_limits<int32_t>::max(); }

std::string group_of(int64_t period) { return "/" + std::string(kGroupPrefix) + std::to_string(period); }

}  // namespace

void missing_as_zero(std::span<double> values) {
  for (double& value : values) {
    if (std::isnan(value)) value = 0.0;
  }
}

void missing_as_fourth_bid(std::span<double> price, std::span<const float> top_bid) {
  for (size_t pv = 0; pv < price.size(); ++pv) {
    if (!std::isnan(price[pv])) continue;
    price[pv] = slot_price(as_double(top_bid[pv * kLadderSlots + kLadderSlots - 1]), kUsualReserve);
  }
}

void top_bids(std::span<const double> bid, int num_seats, std::vector<float>& top_bid, std::vector<uint8_t>& top_seat) {
  const auto n = to_size(num_seats);
  const size_t num_pv = bid.size() / n;
  top_bid.assign(num_pv * kLadderSlots, 0.0F);
  top_seat.assign(num_pv * kLadderSlots, kNoSeat);
  for (size_t pv = 0; pv < num_pv; ++pv) {
    const double* row = bid.data() + pv * n;
    std::array<double, kLadderSlots> best = {};  // only bids above 0 compete
    std::array<uint8_t, kLadderSlots> who;
    who.fill(kNoSeat);
    for (size_t seat = 0; seat < n; ++seat) {
      if (!(row[seat] > best[3])) continue;  // NaN does not compete; a later seat's equal bid stays behind
      size_t at = 3;
      for (; at > 0 && row[seat] > best[at - 1]; --at) {
        best[at] = best[at - 1];
        who[at] = who[at - 1];
      }
      best[at] = row[seat];
      who[at] = static_cast<uint8_t>(seat);
    }
    for (size_t k = 0; k < kLadderSlots; ++k) {
      // A bid so small that it becomes 0 as float must stay above 0, which stands for no bid.
      const float bid_k = as_float(best[k]);
      top_bid[pv * kLadderSlots + k] = best[k] > 0.0 ? std::max(bid_k, std::numeric_limits<float>::denorm_min()) : 0.0F;
      top_seat[pv * kLadderSlots + k] = who[k];
    }
  }
}

struct MarketLogWriter::State {
  std::string path;
  AtomicFile atomic;
  Hdf5File file;
  MarketLogPrecision precision;
  SpoolSpace space;
  int64_t period = 0;
  std::vector<MarketLogSeat> seats;
  std::vector<int64_t> tick_first;
  bool any_sigma = false;
  Spool pvalue, sigma, top_bid, top_seat, least_winning_cost, source_row;
  std::vector<float> narrow;

  State(const std::string& name, MarketLogPrecision wanted)
      : path(name),
        atomic(path),
        file(Hdf5File::create(atomic.temporary(), path)),
        precision(wanted),
        space(std::filesystem::path(path).parent_path().string(), kSpoolMemory),
        pvalue(space),
        sigma(space),
        top_bid(space),
        top_seat(space),
        least_winning_cost(space),
        source_row(space) {}

  void append_reals(Spool& spool, std::span<const double> values) {
    if (precision == MarketLogPrecision::kFloat64) return append(spool, values);
    narrow.resize(values.size());
    std::transform(values.begin(), values.end(), narrow.begin(), [](double v) { return as_float(v); });
    append(spool, std::span<const float>(narrow));
  }

  template <typename T>
  void write(const std::string& name, const std::vector<T>& values) {
    const std::string path_in_file = group_of(period) + "/" + name;
    file.create_dataset(path_in_file, kHdf5TypeOf<T>, {std::ssize(values)});
    file.write_rows(path_in_file, 0, std::span<const T>(values));
  }

  template <typename T>
  void write_spool(const std::string& name, const Spool& spool, int64_t width) {
    const std::string path_in_file = group_of(period) + "/" + name;
    std::vector<int64_t> shape = {tick_first.back()};
    if (width > 0) shape.push_back(width);
    file.create_dataset(path_in_file, kHdf5TypeOf<T>, shape);
    int64_t row = 0;
    const int64_t per_row = std::max<int64_t>(width, 1);
    spool.read(per_row * to_signed(sizeof(T)), [&](std::span<const std::byte> bytes) {
      const std::span<const T> values(reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T));
      file.write_rows(path_in_file, row, values);
      row += std::ssize(values) / per_row;
    });
  }

  void write_reals(const std::string& name, const Spool& spool) {
    const auto width = std::ssize(seats);
    if (precision == MarketLogPrecision::kFloat64) {
      write_spool<double>(name, spool, width);
    } else {
      write_spool<float>(name, spool, width);
    }
  }
};

MarketLogWriter::MarketLogWriter(const std::string& path, MarketLogPrecision precision)
    : state_(std::make_unique<State>(path, precision)) {}
MarketLogWriter::~MarketLogWriter() = default;

void MarketLogWriter::begin_period(int64_t period, std::span<const MarketLogSeat> seats) {
  State& s = *state_;
  s.period = period;
  s.seats.assign(seats.begin(), seats.end());
  s.tick_first = {0};
  s.any_sigma = false;
}

void MarketLogWriter::add_tick(std::span<const double> pvalue, std::span<const double> sigma,
                               std::span<const float> top_bid, std::span<const uint8_t> top_seat,
                               std::span<const double> least_winning_cost, std::span<const int64_t> source_row) {
  State& s = *state_;
  assert(pvalue.size() == least_winning_cost.size() * s.seats.size() && top_bid.size() == top_seat.size());
  s.append_reals(s.pvalue, pvalue);
  s.append_reals(s.sigma, sigma);
  s.any_sigma = s.any_sigma || std::any_of(sigma.begin(), sigma.end(), [](double v) { return v != 0.0; });
  append(s.top_bid, top_bid);
  append(s.top_seat, top_seat);
  append(s.least_winning_cost, least_winning_cost);
  if (s.precision == MarketLogPrecision::kFloat64) append(s.source_row, source_row);
  s.tick_first.push_back(s.tick_first.back() + std::ssize(least_winning_cost));
}

void MarketLogWriter::end_period() {
  State& s = *state_;
  const auto num_seats = std::ssize(s.seats);
  s.file.create_group(group_of(s.period));
  s.write("tick_first", s.tick_first);
  std::vector<int64_t> advertiser;
  std::vector<int32_t> category;
  std::vector<double> budget, cpa;
  for (const MarketLogSeat& seat : s.seats) {
    advertiser.push_back(seat.advertiser);
    category.push_back(seat.category);
    budget.push_back(seat.budget);
    cpa.push_back(seat.cpa);
  }
  // 32 bits where all fit.
  if (std::all_of(advertiser.begin(), advertiser.end(), fits_32_bits)) {
    s.write("advertiser", std::vector<int32_t>(advertiser.begin(), advertiser.end()));
  } else {
    s.write("advertiser", advertiser);
  }
  s.write("category", category);
  s.write("budget", budget);
  s.write("cpa", cpa);
  s.write_reals("pvalue", s.pvalue);
  s.pvalue.clear();
  if (s.any_sigma) s.write_reals("sigma", s.sigma);
  s.sigma.clear();
  if (s.top_bid.size() > 0) {
    s.write_spool<float>("top_bid", s.top_bid, kLadderSlots);
    s.write_spool<uint8_t>("top_seat", s.top_seat, kLadderSlots);
  }
  s.top_bid.clear();
  s.top_seat.clear();
  s.write_spool<double>("least_winning_cost", s.least_winning_cost, 0);
  s.least_winning_cost.clear();
  if (s.source_row.size() > 0) s.write_spool<int64_t>("source_row", s.source_row, num_seats);
  s.source_row.clear();
}

void MarketLogWriter::finish(const MarketLogInfo& info) {
  close(info);
  commit();
}

std::string MarketLogWriter::close(const MarketLogInfo& info) {
  State& s = *state_;
  s.file.write_attribute("format", std::string(kMarketLogFormat));
  s.file.write_attribute("version", kVersion);
  s.file.write_attribute("ticks", info.ticks);
  s.file.write_attribute("seats", info.seats);
  s.file.write_attribute("precision", std::string(s.precision == MarketLogPrecision::kFloat64 ? "float64" : "float32"));
  s.file.write_attribute("sources", info.sources);
  s.file.write_attribute("config", info.config);
  s.file.close();
  return s.atomic.temporary();
}

void MarketLogWriter::commit() { state_->atomic.commit(); }

struct MarketLog::State {
  std::string path;
  Hdf5File file;
  MarketLogInfo info;
  std::vector<MarketLogPeriod> periods;

  explicit State(const std::string& name) : path(name), file(Hdf5File::open(name)) {}

  [[noreturn]] void fail(const std::string& what) const { throw Error(path + ": " + what); }

  void check_format() {
    const std::string expected = ", expected a market log made by `genbid ingest` or as data/README.md describes it";
    if (!file.has_attribute("format")) fail("an HDF5 file without the attribute 'format'" + expected);
    const std::string format = file.read_text_attribute("format");
    if (format != kMarketLogFormat) fail("format '" + format + "'" + expected);
    for (const char* name : {"version", "ticks", "seats"}) {
      if (!file.has_attribute(name)) fail(std::string("no attribute '") + name + "'" + expected);
    }
    const int64_t version = file.read_integer_attribute("version");
    if (version != MarketLogWriter::kVersion) {
      fail("market log of version " + std::to_string(version) + ", this program reads " +
           std::to_string(MarketLogWriter::kVersion));
    }
    info.ticks = file.read_integer_attribute("ticks");
    info.seats = file.read_integer_attribute("seats");
    if (info.ticks < 1 || info.ticks > kMostTicks) {
      fail("attribute 'ticks': found " + std::to_string(info.ticks) + ", expected 1.." + std::to_string(kMostTicks));
    }
    if (info.seats < 1 || info.seats > 254) {
      fail("attribute 'seats': found " + std::to_string(info.seats) + ", expected 1..254");
    }
    if (file.has_attribute("precision")) info.precision = file.read_text_attribute("precision");
    if (file.has_attribute("sources")) info.sources = file.read_text_attribute("sources");
    if (file.has_attribute("config")) info.config = file.read_text_attribute("config");
  }

  // Error unless the dataset has this shape and kind. A table of one column may also be a plain list.
  void check(const std::string& name, bool whole_numbers, const std::vector<int64_t>& expected) const {
    trial_goes_on();
    if (!file.has_dataset(name)) fail("no dataset '" + name + "'");
    const Hdf5Kind kind = file.kind(name);
    if (kind == Hdf5Kind::kOther || kind == Hdf5Kind::kBoolean) {
      fail("dataset '" + name + "': found " + file.kind_text(name) + ", expected " +
           (whole_numbers ? "whole numbers" : "numbers"));
    }
    file.visit_pieces(name);
    const std::vector<int64_t> found = file.shape(name);
    const bool list = expected.size() == 2 && expected[1] == 1 && found == std::vector<int64_t>{expected[0]};
    if (found != expected && !list) {
      fail("dataset '" + name + "': found the shape " + shape_text(found) + ", expected " + shape_text(expected));
    }
  }

  template <typename T>
  std::vector<T> read(const std::string& name, int64_t count) const {
    std::vector<T> values(to_size(count));
    file.read_rows(name, 0, std::span<T>(values));
    return values;
  }

  void check() {
    check_format();
    read_periods();
  }

  void read_periods() {
    for (const std::string& name : file.groups()) {
      const std::string_view prefix = kGroupPrefix;
      if (!name.starts_with(prefix)) continue;
      int64_t number = -1;
      const char* begin = name.data() + prefix.size();
      const char* end = name.data() + name.size();
      const auto result = std::from_chars(begin, end, number);
      if (result.ec != std::errc() || result.ptr != end || number < 0 || std::to_string(number) != begin) {
        fail("group '" + name + "': expected a name such as 'period-7'");
      }
      read_period(number);
    }
    if (periods.empty()) fail("no groups 'period-0', 'period-1', ..., expected at least one");
    std::sort(periods.begin(), periods.end(), [](const auto& a, const auto& b) { return a.period < b.period; });
  }

  void read_period(int64_t number) {
    MarketLogPeriod& p = periods.emplace_back();
    p.period = number;
    const std::string group = group_of(number) + "/";
    check(group + "tick_first", true, {info.ticks + 1});
    p.tick_first = read<int64_t>(group + "tick_first", info.ticks + 1);
    if (p.tick_first[0] != 0 || !std::is_sorted(p.tick_first.begin(), p.tick_first.end())) {
      fail("dataset '" + group + "tick_first': expected numbers that begin at 0 and do not decrease");
    }
    const int64_t n = p.num_pv();
    check(group + "pvalue", false, {n, info.seats});
    check(group + "least_winning_cost", false, {n});
    p.has_sigma = file.has_dataset(group + "sigma");
    if (p.has_sigma) check(group + "sigma", false, {n, info.seats});
    p.has_ladder = file.has_dataset(group + "top_bid") || file.has_dataset(group + "top_seat");
    if (p.has_ladder) {
      check(group + "top_bid", false, {n, kLadderSlots});
      check(group + "top_seat", true, {n, kLadderSlots});
    }
    p.has_source_row = file.has_dataset(group + "source_row");
    if (p.has_source_row) check(group + "source_row", true, {n, info.seats});

    p.advertiser.resize(to_size(info.seats));
    for (size_t i = 0; i < p.advertiser.size(); ++i) p.advertiser[i] = to_signed(i);
    const auto by_seat = [&](const char* name, auto& values, bool whole_numbers) {
      using Value = typename std::decay_t<decltype(values)>::value_type;
      if (!file.has_dataset(group + name)) return;
      check(group + name, whole_numbers, {info.seats});
      values = read<Value>(group + name, info.seats);
    };
    by_seat("advertiser", p.advertiser, true);
    by_seat("category", p.category, true);
    const auto from_zero = [&](const char* name, const auto& values) {
      const auto found = std::min_element(values.begin(), values.end());
      if (found == values.end() || *found >= 0) return;
      fail("dataset '" + group + name + "': found " + std::to_string(*found) + ", expected whole numbers from 0 on");
    };
    from_zero("advertiser", p.advertiser);
    from_zero("category", p.category);
    by_seat("budget", p.budget, false);
    by_seat("cpa", p.cpa, false);
    for (const auto& [name, values] : {std::pair("budget", &p.budget), std::pair("cpa", &p.cpa)}) {
      for (size_t seat = 0; seat < values->size(); ++seat) {
        if (!((*values)[seat] > 0.0 && std::isfinite((*values)[seat]))) {
          fail("dataset '" + group + name + "': seat " + std::to_string(seat) + " has " +
               std::to_string((*values)[seat]) + ", expected numbers above 0");
        }
      }
    }
  }
};

MarketLog::MarketLog(const std::string& path) {
  try_hdf5(path, [&] { State(path).check(); });
  state_ = std::make_unique<State>(path);
  state_->check();
}
MarketLog::~MarketLog() = default;
MarketLog::MarketLog(MarketLog&&) noexcept = default;

const MarketLogInfo& MarketLog::info() const { return state_->info; }
const std::vector<MarketLogPeriod>& MarketLog::periods() const { return state_->periods; }

const MarketLogPeriod& MarketLog::period(int64_t number) const {
  for (const MarketLogPeriod& period : state_->periods) {
    if (period.period == number) return period;
  }
  state_->fail("no period " + std::to_string(number) + " (found " + std::to_string(state_->periods.size()) +
               " periods, " + std::to_string(state_->periods.front().period) + " to " +
               std::to_string(state_->periods.back().period) + ")");
}

template <typename Real>
void MarketLog::read_tick(const MarketLogPeriod& period, int tick, MarketLogTick<Real>& out) const {
  const State& s = *state_;
  const std::string group = group_of(period.period) + "/";
  const int64_t first = at(period.tick_first, tick);
  out.num_pv = period.num_pv(tick);
  const auto read = [&](const char* name, auto& values, bool there, int64_t width) {
    using Value = typename std::decay_t<decltype(values)>::value_type;
    values.resize(there ? to_size(out.num_pv * width) : 0);
    if (values.empty()) return;
    s.file.read_rows(group + name, first, std::span<Value>(values));
    if constexpr (std::is_floating_point_v<Value>) {
      const bool probability = name == std::string_view("pvalue");
      const Value high = probability ? Value{1} : std::numeric_limits<Value>::max();
      for (size_t i = 0; i < values.size(); ++i) {
        if (values[i] >= 0 && values[i] <= high) continue;
        s.fail("dataset '" + group + name + "': impression " + std::to_string(first + to_signed(i) / width) +
               " holds " + std::to_string(values[i]) + ", expected " +
               (probability && values[i] > high ? "a probability in [0, 1]" : "a finite number, at least 0"));
      }
    }
  };
  const int64_t seats = s.info.seats;
  read("pvalue", out.pvalue, true, seats);
  read("sigma", out.sigma, period.has_sigma, seats);
  read("top_bid", out.top_bid, period.has_ladder, kLadderSlots);
  read("top_seat", out.top_seat, period.has_ladder, kLadderSlots);
  read("least_winning_cost", out.least_winning_cost, true, 1);
  read("source_row", out.source_row, period.has_source_row, seats);
  const int64_t num_rows = period.num_pv() * seats;
  for (size_t i = 0; i < out.source_row.size(); ++i) {
    if (out.source_row[i] >= 0 && out.source_row[i] < num_rows) continue;
    s.fail("dataset '" + group + "source_row': impression " + std::to_string(first + to_signed(i) / seats) + " holds " +
           std::to_string(out.source_row[i]) + ", expected rows 0.." + std::to_string(num_rows - 1));
  }
  for (size_t i = 0; i < out.top_seat.size(); ++i) {
    const std::string impression = std::to_string(first + to_signed(i / kLadderSlots));
    const bool none = out.top_seat[i] == kNoSeat;
    if (!none && out.top_seat[i] >= seats) {
      s.fail("dataset '" + group + "top_seat': impression " + impression + " holds " + std::to_string(out.top_seat[i]) +
             ", expected seats 0.." + std::to_string(seats - 1) + ", or 255 for none");
    }
    if (none != (out.top_bid[i] == 0.0F) || (i % kLadderSlots != 0 && out.top_bid[i] > out.top_bid[i - 1])) {
      s.fail("dataset '" + group + "top_bid': impression " + impression +
             ": expected bids that fall, above 0 where there is a seat and 0 where there is none");
    }
  }
}

template void MarketLog::read_tick<float>(const MarketLogPeriod&, int, MarketLogTick<float>&) const;
template void MarketLog::read_tick<double>(const MarketLogPeriod&, int, MarketLogTick<double>&) const;

}  // namespace genbid::data

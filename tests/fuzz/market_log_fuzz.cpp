#include <algorithm>
#include <cmath>

#include "data/market_log.h"
#include "fuzz.h"
#include "hdf5_parts.h"

// Market logs: attributes, types, shapes and values. A tick that is accepted is written and read back equal.

namespace {

using namespace genbid;

void make_log(const std::string& path, fuzz::Choices& choices) {
  constexpr int64_t kTicks = 2;
  constexpr int64_t kSeats = 3;
  constexpr int64_t kPv = 3;
  data::Hdf5File file = data::Hdf5File::create(path);
  fuzz::Hdf5Parts parts(file, choices);
  parts.attribute("format", std::string("genbid-market-log"));
  parts.attribute("version", data::MarketLogWriter::kVersion);
  parts.attribute("ticks", kTicks);
  parts.attribute("seats", kSeats);
  parts.attribute("precision", std::string("float64"));
  parts.attribute("sources", std::string("[]"));
  parts.attribute("config", std::string("kind: ingest\n"));
  static const char* const kGroups[] = {
      "/period-7", "/period-0", "/period-007", "/period--1", "/period-", "/other", "/period-99999999999999999999",
      "/period-7x"};
  const std::string group = choices.rarely() ? choices.one_of(kGroups) : kGroups[0];
  file.create_group(group);
  parts.dataset<int64_t>(group + "/tick_first", {kTicks + 1}, {0, 1, kPv});
  parts.dataset<int32_t>(group + "/advertiser", {kSeats}, {0, 1, 2});
  parts.dataset<int32_t>(group + "/category", {kSeats}, {0, 0, 0});
  parts.dataset<double>(group + "/budget", {kSeats}, {100.0, 200.0, 300.0});
  parts.dataset<double>(group + "/cpa", {kSeats}, {10.0, 20.0, 30.0});
  parts.dataset<double>(group + "/pvalue", {kPv, kSeats}, std::vector<double>(kPv * kSeats, 0.01));
  parts.dataset<double>(group + "/sigma", {kPv, kSeats}, std::vector<double>(kPv * kSeats, 0.001));
  std::vector<float> top_bid;
  std::vector<uint8_t> top_seat;
  for (int64_t pv = 0; pv < kPv; ++pv) {
    top_bid.insert(top_bid.end(), {3.0F, 2.0F, 1.0F, 0.0F});
    top_seat.insert(top_seat.end(), {0, 1, 2, 255});
  }
  parts.dataset<float>(group + "/top_bid", {kPv, data::kLadderSlots}, top_bid);
  parts.dataset<uint8_t>(group + "/top_seat", {kPv, data::kLadderSlots}, top_seat);
  parts.dataset<double>(group + "/least_winning_cost", {kPv}, std::vector<double>(kPv, 0.5));
  parts.dataset<int64_t>(group + "/source_row", {kPv, kSeats}, {0, 1, 2, 3, 4, 5, 6, 7, 8});
  file.close();
}

struct PeriodTicks {
  data::MarketLogPeriod period;
  std::vector<data::MarketLogTick<double>> ticks;
};

std::vector<PeriodTicks> read_all(const data::MarketLog& log) {
  std::vector<PeriodTicks> all;
  for (const data::MarketLogPeriod& period : log.periods()) {
    all.push_back({period, {}});
    for (int tick = 0; tick < log.info().ticks; ++tick) {
      log.read_tick(period, tick, all.back().ticks.emplace_back());
      data::MarketLogTick<float> narrow;
      log.read_tick(period, tick, narrow);
    }
  }
  return all;
}

void check(const data::MarketLogTick<double>& tick, int64_t seats) {
  const auto pv = static_cast<size_t>(tick.num_pv);
  fuzz::require(tick.pvalue.size() == pv * static_cast<size_t>(seats), "a value for every seat");
  for (const double value : tick.pvalue) fuzz::require(std::isfinite(value) && value >= 0.0, "p-values are good");
  for (const double value : tick.sigma) fuzz::require(std::isfinite(value) && value >= 0.0, "sigmas are good");
  for (const double value : tick.least_winning_cost) {
    fuzz::require(std::isfinite(value) && value >= 0.0, "prices are good");
  }
  for (const uint8_t seat : tick.top_seat) fuzz::require(seat < seats || seat == 255, "seats exist");
}

bool equal(const data::MarketLogTick<double>& a, const data::MarketLogTick<double>& b) {
  // Sigmas that are all 0 are not stored.
  const bool no_sigma = std::all_of(a.sigma.begin(), a.sigma.end(), [](double value) { return value == 0.0; });
  return a.num_pv == b.num_pv && a.pvalue == b.pvalue && (a.sigma == b.sigma || no_sigma) && a.top_bid == b.top_bid &&
         a.top_seat == b.top_seat && a.least_winning_cost == b.least_winning_cost && a.source_row == b.source_row;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Choices choices(data, size);
  const std::string path = fuzz::Scratch::path("in.h5");
  try {
    make_log(path, choices);
  } catch (const Error&) {
    return 0;  // a dataset of no size
  }
  data::MarketLogInfo info;
  std::vector<PeriodTicks> all;
  if (!fuzz::accepted([&] {
        const data::MarketLog log(path);
        info = log.info();
        all = read_all(log);
      })) {
    return 0;
  }
  bool whole = !all.empty();
  for (const PeriodTicks& one : all) {
    for (const auto& tick : one.ticks) check(tick, info.seats);
    whole = whole && one.period.has_ladder && !one.period.budget.empty() && !one.period.cpa.empty() &&
            !one.period.category.empty();
  }
  if (!whole) return 0;  // the writer has all columns
  const std::string output = fuzz::Scratch::path("out.h5");
  data::MarketLogWriter writer(output, data::MarketLogPrecision::kFloat64);
  for (const PeriodTicks& one : all) {
    std::vector<data::MarketLogSeat> seats;
    for (size_t s = 0; s < one.period.budget.size(); ++s) {
      seats.push_back({one.period.advertiser[s], one.period.category[s], one.period.budget[s], one.period.cpa[s]});
    }
    writer.begin_period(one.period.period, seats);
    for (const auto& t : one.ticks) {
      const std::vector<double> zeros(t.pvalue.size(), 0.0);
      writer.add_tick(t.pvalue, t.sigma.empty() ? zeros : t.sigma, t.top_bid, t.top_seat, t.least_winning_cost,
                      t.source_row);
    }
    writer.end_period();
  }
  writer.finish(info);
  const std::vector<PeriodTicks> again = read_all(data::MarketLog(output));
  fuzz::require(again.size() == all.size(), "periods come back");
  for (size_t p = 0; p < all.size(); ++p) {
    for (size_t t = 0; t < all[p].ticks.size(); ++t) {
      fuzz::require(equal(all[p].ticks[t], again[p].ticks[t]), "a tick comes back as it was");
    }
  }
  return 0;
}

#include "play/log_tape.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "base/config/config_json.h"
#include "base/convert.h"
#include "base/error.h"
#include "base/stop_signal.h"
#include "bidding/advertiser.h"
#include "data/market_log.h"
#include "data/tape_store.h"
#include "oracle/fit.h"
#include "oracle/logged_prices.h"
#include "oracle/responses.h"
#include "oracle/tape.h"
#include "play/log_blocks.h"
#include "play/tape_maker.h"

namespace genbid::play {
namespace {

const char* const kBids = "bids";
const char* const kLogged = "logged";

// What money and limits a seat of a logged day has.
std::vector<Advertiser> campaigns_of(const std::string& path, const data::MarketLogPeriod& period, int64_t num_seats,
                                     const LogTapeSettings& settings) {
  std::vector<Advertiser> campaigns;
  for (int64_t seat = 0; seat < num_seats; ++seat) {
    const auto number = [&](const char* key, double told, const std::vector<double>& logged) {
      if (told > 0.0) return told;
      if (!logged.empty()) return at(logged, seat);
      throw Error(path + ": period " + std::to_string(period.period) + ": found no " + key +
                  ", expected one of each seat, or tape." + key);
    };
    campaigns.push_back({number("budget", settings.budget, period.budget), number("cpa", settings.cpa, period.cpa)});
  }
  return campaigns;
}

// Whoever reads logs needs them to be alike.
class Logs {
 public:
  explicit Logs(const std::vector<std::string>& paths) : paths_(paths) {
    for (const std::string& path : paths) logs_.emplace_back(path);
    const data::MarketLogInfo& first = logs_.front().info();
    if (first.seats > kMaxSeats || first.ticks > kMaxTicks) {
      throw Error(paths.front() + ": found " + std::to_string(first.seats) + " seats and " +
                  std::to_string(first.ticks) + " ticks, expected at most " + std::to_string(kMaxSeats) + " and " +
                  std::to_string(kMaxTicks));
    }
    std::map<int64_t, size_t> log_of;
    for (size_t i = 0; i < logs_.size(); ++i) {
      const data::MarketLogInfo& info = logs_[i].info();
      const auto differ = [&](const char* what, int64_t found, int64_t expected) {
        if (found == expected) return;
        throw Error(paths[i] + ": found " + std::to_string(found) + " " + what + ", expected " +
                    std::to_string(expected) + " as in " + paths.front());
      };
      differ("seats", info.seats, first.seats);
      differ("ticks", info.ticks, first.ticks);
      for (const data::MarketLogPeriod& period : logs_[i].periods()) {
        const auto [place, is_new] = log_of.emplace(period.period, i);
        if (is_new) continue;
        throw Error(paths[i] + ": found period " + std::to_string(period.period) + ", which is in " +
                    paths[place->second] + " too; expected each once");
      }
      if (config_.empty()) config_ = readable(info.config);
    }
    num_periods_ = std::ssize(log_of);
    if (num_periods_ == 0) throw Error(paths.front() + ": found no period, expected at least one");
  }

  const std::vector<data::MarketLog>& logs() const { return logs_; }
  const std::string& path(size_t log) const { return paths_[log]; }
  int64_t num_seats() const { return logs_.front().info().seats; }
  int64_t num_ticks() const { return logs_.front().info().ticks; }
  int64_t num_periods() const { return num_periods_; }
  // What the first that says something says of how it was made.
  const std::string& config() const { return config_; }

  // bids or logged. Error where bids are asked for that are not there, or that were sold by another auction.
  std::string prices(const std::string& asked) const {
    const std::string chosen = by_what_is_there(asked);
    for (size_t i = 0; i < logs_.size() && chosen == kBids; ++i) {
      const std::string text = readable(logs_[i].info().config);
      if (text.empty()) continue;
      const auto json = nlohmann::ordered_json::parse(config_json(text));
      if (!json.contains("market") || !json["market"].is_object() || !json["market"].contains("auction")) continue;
      throw Error(paths_[i] + ": found days of a market with an auction of its own (market.auction), which " +
                  "tape.prices: bids does not know; expected AuctionNet's, or tape.prices: logged (`genbid simulate` " +
                  "with output.tape makes tapes of any auction)");
    }
    return chosen;
  }

 private:
  // What a log says of how it was made, if it is a config's text, to which more can be put.
  static std::string readable(const std::string& text) {
    try {
      if (nlohmann::ordered_json::parse(config_json(text + "\ntape: {}\n")).contains("tape")) return text;
    } catch (const Error&) {
      // It is somebody's own.
    }
    return {};
  }

  std::string by_what_is_there(const std::string& asked) const {
    for (size_t i = 0; i < logs_.size() && asked != kLogged; ++i) {
      for (const data::MarketLogPeriod& period : logs_[i].periods()) {
        if (period.has_ladder) continue;
        if (asked == "auto") return kLogged;
        throw Error(paths_[i] + ": period " + std::to_string(period.period) +
                    ": found no bids (top_bid, top_seat), expected them for tape.prices: bids");
      }
    }
    return asked == kLogged ? kLogged : kBids;
  }

  const std::vector<std::string>& paths_;
  std::vector<data::MarketLog> logs_;
  std::string config_;
  int64_t num_periods_ = 0;
};

// The tape of one logged period.
class PeriodTape {
 public:
  PeriodTape(const data::MarketLog& log, const data::MarketLogPeriod& period, std::vector<Advertiser> campaigns,
             bool bids, Threads& threads)
      : log_(log), period_(period), campaigns_(std::move(campaigns)), bids_(bids), threads_(threads) {}

  std::optional<data::TapeColumns> make() {
    std::vector<oracle::AlphaGrid> grids;
    std::vector<oracle::Judged> judged;
    for (const Advertiser& campaign : campaigns_) {
      grids.push_back(oracle::tape_grid(campaign.cpa_limit));
      judged.push_back({to_int(judged.size()), {campaign.budget, campaign.cpa_limit}});
    }
    traffic_ = without_ticks();
    std::optional<oracle::Responses> day = recorded(grids, judged);
    while (day && lower(*day, grids)) {
      day.reset();  // its memory is free before that of the next one is taken
      day = recorded(grids, judged);
    }
    if (!day) return std::nullopt;
    for (size_t seat = 0; seat < campaigns_.size(); ++seat) {
      traffic_.lowest.push_back(grids[seat].lowest);
      if (grids[seat].lowest < oracle::tape_grid(campaigns_[seat].cpa_limit).lowest) ++lowered_;
    }
    traffic_.knots = tape_knots(*day, threads_);
    return std::move(traffic_);
  }
  int64_t lowered() const { return lowered_; }

 private:
  // The day in units that fit it.
  std::optional<oracle::Responses> recorded(const std::vector<oracle::AlphaGrid>& grids,
                                            std::span<const oracle::Judged> judged) {
    oracle::Responses first(to_int(traffic_.ticks), bids_ ? oracle::Auction{} : oracle::auction_at_logged_prices(),
                            grids,
                            /*slots=*/false, /*wins=*/true);
    if (!fill(first)) return std::nullopt;
    return oracle::with_fitting_units(std::move(first), judged, [this](oracle::Responses& day) { return fill(day); });
  }

  // Where half of the budget is spent with a grid's first alpha, the best one may lie below it, where a tape is but a
  // straight line. False: nowhere.
  bool lower(const oracle::Responses& day, std::vector<oracle::AlphaGrid>& grids) const {
    constexpr float kLowest = 0x1p-100F;
    bool any = false;
    for (size_t seat = 0; seat < campaigns_.size(); ++seat) {
      const double share = day.bid_curve(to_int(seat)).at(1).cost / campaigns_[seat].budget;
      if (share <= 0.5 || grids[seat].lowest <= kLowest) continue;
      // The grid's end stays above what was its beginning, where the money is spent.
      const int octaves = std::clamp(std::ilogb(share) + 2, 1, oracle::kTapeOctaves - 1);
      grids[seat].lowest = std::max(std::ldexp(grids[seat].lowest, -octaves), kLowest);
      any = true;
    }
    return any;
  }

  data::TapeColumns without_ticks() const {
    data::TapeColumns columns;
    columns.ticks = log_.info().ticks;
    columns.octaves = oracle::kTapeOctaves;
    columns.knots_per_octave = oracle::kKnotsPerOctave;
    for (size_t seat = 0; seat < campaigns_.size(); ++seat) {
      columns.period.push_back(period_.period);
      columns.seat.push_back(to_signed(seat));
      columns.budget.push_back(campaigns_[seat].budget);
      columns.cpa_limit.push_back(campaigns_[seat].cpa_limit);
    }
    const auto rows = to_size(columns.num_days() * columns.ticks);
    for (auto* column : {&columns.num_pv, &columns.mean_pvalue, &columns.price}) column->resize(rows);
    return columns;
  }

  void note_traffic(int tick) {
    const double count = as_double(std::max<int64_t>(tick_.num_pv, 1));
    double price = 0.0;
    for (const double cost : tick_.least_winning_cost) price += cost;
    std::vector<double> sums(campaigns_.size());
    for (int64_t pv = 0; pv < tick_.num_pv; ++pv) {
      const float* const values = tick_.pvalue.data() + pv * std::ssize(sums);
      for (size_t seat = 0; seat < sums.size(); ++seat) sums[seat] += as_double(values[seat]);
    }
    for (size_t seat = 0; seat < sums.size(); ++seat) {
      const size_t row = seat * to_size(traffic_.ticks) + to_size(tick);
      traffic_.num_pv[row] = as_float(tick_.num_pv);
      traffic_.mean_pvalue[row] = as_float(sums[seat] / count);
      traffic_.price[row] = oracle::logged_price(price / count);
    }
  }

  bool fill(oracle::Responses& day) {
    day.clear();
    const int num_seats = to_int(campaigns_.size());
    for (int tick = 0; tick < day.num_ticks(); ++tick) {
      if (stop_signal::requested()) return false;
      log_.read_tick(period_, tick, tick_);
      note_traffic(tick);
      bids_ ? blocks_.set_bids(tick_, num_seats) : blocks_.set_prices(tick_, num_seats);
      threads_.parallel_for(num_seats, 4, [&](int64_t begin, int64_t end) {
        day.add(tick, blocks_.blocks(), to_int(begin), to_int(end));
      });
    }
    return true;
  }

  const data::MarketLog& log_;
  const data::MarketLogPeriod& period_;
  std::vector<Advertiser> campaigns_;
  bool bids_;
  Threads& threads_;
  data::MarketLogTick<float> tick_;
  LogBlocks blocks_;
  data::TapeColumns traffic_;  // the day's, in the making
  int64_t lowered_ = 0;
};

// Where the days come from is what the logs say (runs/day_source.h); how they were read is put beside it.
std::string config_of(const Logs& logs, const LogTapeSettings& settings, const std::string& prices) {
  std::string text = logs.config();
  if (!text.empty() && text.back() != '\n') text += '\n';
  return text + "tape:\n  prices: " + prices + "\n  budget: " + shortest(settings.budget) +
         "\n  cpa: " + shortest(settings.cpa) + "\n";
}

}  // namespace

void LogTapeSettings::fields(ConfigVisitor& v) {
  v.field("prices", prices, std::vector<std::string>{"auto", kBids, kLogged});
  v.field("budget", budget, {0.0, 1e15});
  v.field("cpa", cpa, {0.0, 1e15});
}

std::optional<LogTape> tape_of_logs(const std::vector<std::string>& logs, const std::string& output,
                                    const LogTapeSettings& settings, Threads& threads,
                                    const std::function<void(int64_t done, int64_t total)>& progress) {
  data::TapeStoreWriter writer(output);
  const Logs all(logs);
  LogTape made{all.num_periods(), all.num_seats(), all.num_ticks(), all.prices(settings.prices), 0};
  data::TapeInfo info;
  info.ticks = made.ticks;
  info.seats = made.seats;
  info.octaves = oracle::kTapeOctaves;
  info.knots_per_octave = oracle::kKnotsPerOctave;
  info.config = config_of(all, settings, made.prices);
  writer.begin(info, made.periods * made.seats);
  int64_t done = 0;
  for (size_t i = 0; i < all.logs().size(); ++i) {
    const data::MarketLog& log = all.logs()[i];
    for (const data::MarketLogPeriod& period : log.periods()) {
      PeriodTape tape(log, period, campaigns_of(all.path(i), period, made.seats, settings), made.prices == kBids,
                      threads);
      const auto columns = tape.make();
      if (!columns) return std::nullopt;
      writer.append(*columns);
      made.lowered += tape.lowered();
      if (progress) progress(++done, made.periods);
    }
  }
  writer.finish();
  return made;
}

}  // namespace genbid::play

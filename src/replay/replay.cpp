#include "replay/replay.h"

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <numeric>

#include "base/convert.h"
#include "base/error.h"
#include "bidding/account.h"
#include "bidding/score.h"
#include "bidding/tick_history.h"
#include "numpy/pandas_number.h"
#include "market/market.h"
#include "numpy/numpy_sort.h"
#include "replay/official_replay_tick.h"
#include "replay/corrected_replay_tick.h"
#include "replay/replay_hindsight.h"
#include "data/log_ticks.h"

namespace genbid::replay {
namespace {

constexpr double kOfficialBudget = 100.0;
constexpr double kOfficialCpa = 2.0;

std::string place(const data::LoggedTick& tick) {
  return "period " + std::to_string(tick.period) + ", tick " + std::to_string(tick.tick);
}

// Which seats of the log are replayed.
std::vector<size_t> choose_seats(const data::LoggedTick& tick, const std::vector<int64_t>& advertisers,
                                 bool first_alone) {
  std::vector<size_t> seats;
  if (advertisers.empty()) {
    seats.resize(first_alone ? 1 : tick.seats.size());
    std::iota(seats.begin(), seats.end(), size_t{0});
    return seats;
  }
  for (const int64_t number : advertisers) {
    const auto found = std::find_if(tick.seats.begin(), tick.seats.end(),
                                    [number](const data::MarketLogSeat& seat) { return seat.advertiser == number; });
    if (found == tick.seats.end()) {
      throw Error("period " + std::to_string(tick.period) + " of the log: no advertiser " + std::to_string(number) +
                  " (found " + std::to_string(tick.seats.size()) + ", " +
                  std::to_string(tick.seats.front().advertiser) + " to " +
                  std::to_string(tick.seats.back().advertiser) + ")");
    }
    seats.push_back(to_size(found - tick.seats.begin()));
  }
  std::sort(seats.begin(), seats.end());
  return seats;
}

// The advertisers of one period, as one bidder plays them.
class Campaigns {
 public:
  Campaigns(Bidder& bidder, const std::vector<ReplayCell>& cells) : bidder_(bidder), rows_(cells.size()) {
    for (size_t i = 0; i < cells.size(); ++i) {
      rows_[i].account = Account(cells[i].campaign.budget);
      rows_[i].cell = cells[i];
    }
    views_.resize(rows_.size());
    bids_.resize(rows_.size());
    // A replay is a run of its own, so a bidder must not remember the one before.
    if (bidder_.keeps_state_between_periods()) bidder_.reset({});
  }

  size_t size() const { return rows_.size(); }
  Account<double>& account(size_t row) { return rows_[row].account; }

  void ask(std::span<const TickStart> starts, int num_ticks) {
    for (size_t i = 0; i < rows_.size(); ++i) {
      const Row& row = rows_[i];
      // The seat's number picks its noise. Of numbers that are too long for an int, the low bits do.
      views_[i] = {row.cell.period,
                   to_int(row.cell.advertiser & std::numeric_limits<int>::max()),
                   &row.cell.campaign,
                   &row.history,
                   starts[i].tick > 0 ? &row.last : nullptr,
                   starts[i],
                   row.account.remaining() >= kMinRemainingBudget,
                   num_ticks};
      views_[i].now.remaining_budget = row.account.remaining();
    }
    std::fill(bids_.begin(), bids_.end(), BidFormula{});
    if (starts.front().tick == 0) bidder_.reset(views_);
    bidder_.bid(views_, bids_);
    market::check_bids(views_, bids_);
  }

  // Null if out of money.
  const BidFormula* bid(size_t row) const { return views_[row].may_bid ? &bids_[row] : nullptr; }

  // To be called when the tick of a row is played. Different threads may close different rows.
  void close(size_t row_number, const TickOutcome& outcome) {
    Row& row = rows_[row_number];
    const TickStart& start = views_[row_number].now;
    row.last = outcome;
    row.history.append(tick_means(start, outcome), outcome.cost, outcome.sum_pvalue_exposed,
                       as_double(outcome.num_conversions));
    row.cell.day.add(bid(row_number), outcome);
    row.cell.conversion_sums.squared += outcome.sum_pvalue_squared_exposed;
    row.cell.conversion_sums.cubed += outcome.sum_pvalue_cubed_exposed;
    row.cell.num_pv += start.num_pv;
    row.cell.wins += outcome.num_wins;
    if (outcome.num_wins > 0) row.cell.last_active_tick = start.tick;
  }

  std::vector<ReplayCell> finish() const {
    std::vector<ReplayCell> cells;
    for (const Row& row : rows_) {
      ReplayCell& cell = cells.emplace_back(row.cell);
      const double limit = cell.campaign.cpa_limit;
      cell.cost = cell.campaign.budget - row.account.remaining();
      cell.conversions = row.history.conversions();
      cell.expected_conversions = row.history.expected_conversions();
      cell.score = score(cell.conversions, cell.cost, limit);
      cell.conversion_sums.pvalue = cell.expected_conversions;
      cell.expected_score = expected_score(cell.conversion_sums, cell.cost, limit);
      cell.score_of_expectation = score_of_expectation(cell.expected_conversions, cell.cost, limit);
    }
    return cells;
  }

 private:
  struct Row {
    ReplayCell cell;
    Account<double> account;
    TickHistory history;
    TickOutcome last;
  };

  Bidder& bidder_;
  std::vector<Row> rows_;
  std::vector<SeatView> views_;
  std::vector<BidFormula> bids_;
};

std::vector<Advertiser> campaigns_of(const std::vector<ReplayCell>& cells) {
  std::vector<Advertiser> campaigns;
  for (const ReplayCell& cell : cells) campaigns.push_back(cell.campaign);
  return campaigns;
}

// Takes the ticks of a log and plays them.
class Player {
 public:
  Player(const ReplayConfig& config, std::span<Bidder* const> bidders, Threads& threads, PeriodTaker& taker)
      : config_(config), bidders_(bidders), threads_(threads), taker_(taker) {}
  virtual ~Player() = default;

  virtual void add(const data::LoggedTick& tick) = 0;
  virtual void restart() = 0;

 protected:
  const ReplayConfig& config_;
  std::span<Bidder* const> bidders_;
  Threads& threads_;
  PeriodTaker& taker_;
};

class CorrectedPlayer : public Player {
 public:
  CorrectedPlayer(const ReplayConfig& config, std::span<Bidder* const> bidders, Threads& threads, PeriodTaker& taker)
      : Player(config, bidders, threads, taker), draws_(static_cast<uint64_t>(config.seed)) {}

  void restart() override { campaigns_.clear(); }

  void add(const data::LoggedTick& tick) override {
    if (tick.tick == 0) begin_period(tick);
    read_columns(tick);
    if (hindsight_) {
      hindsight_->begin_tick(tick.least_winning_cost);
      threads_.parallel_for(std::ssize(seats_), 1, [&](int64_t begin, int64_t end) {
        for (auto row = to_size(begin); row < to_size(end); ++row) {
          hindsight_->add(row, columns_[row]);
        }
      });
    }
    for (Campaigns& campaigns : campaigns_) campaigns.ask(starts_, tick.num_ticks);
    const size_t num_rows = campaigns_.size() * seats_.size();
    threads_.parallel_for(to_signed(num_rows), 1, [&](int64_t begin, int64_t end) {
      for (auto i = to_size(begin); i < to_size(end); ++i) {
        Campaigns& campaigns = campaigns_[i / seats_.size()];
        const size_t row = i % seats_.size();
        const ReplayTick one = {tick.period, tick.tick, tick.seats[seats_[row]].advertiser, columns_[row],
                                tick.least_winning_cost};
        const TickOutcome outcome = replay_tick(one, campaigns.bid(row), draws_, campaigns.account(row));
        campaigns.close(row, outcome);
      }
    });
    if (tick.tick == tick.num_ticks - 1) end_period(tick.period);
  }

 private:
  void begin_period(const data::LoggedTick& tick) {
    seats_ = choose_seats(tick, config_.advertisers.values, false);
    std::vector<ReplayCell> cells;
    for (const size_t seat : seats_) {
      const data::MarketLogSeat& logged = tick.seats[seat];
      ReplayCell& cell = cells.emplace_back();
      cell.period = tick.period;
      cell.advertiser = logged.advertiser;
      cell.campaign = {config_.common_budget().value_or(logged.budget), config_.common_cpa().value_or(logged.cpa),
                       logged.category};
      for (const auto& [key, value] :
           {std::pair("budget", cell.campaign.budget), std::pair("cpa", cell.campaign.cpa_limit)}) {
        if (value > 0.0) continue;
        throw ConfigError(std::string("replay.") + key + ": found none, and period " + std::to_string(tick.period) +
                          " of the log does not tell that of advertiser " + std::to_string(logged.advertiser) +
                          "; expected a number above 0");
      }
    }
    wish_ = taker_.wish(tick.period);
    campaigns_.clear();
    for (size_t b = 0; b < bidders_.size(); ++b) {
      if (wish_.bidders[b]) campaigns_.emplace_back(*bidders_[b], cells);
    }
    columns_.resize(seats_.size());
    starts_.resize(seats_.size());
    hindsight_.reset();
    if (wish_.hindsight) hindsight_.emplace(campaigns_of(cells));
  }

  void end_period(int64_t period) {
    ReplayedPeriod played{period, {}, std::vector<std::vector<ReplayCell>>(bidders_.size())};
    if (hindsight_) played.optima.resize(seats_.size());
    threads_.parallel_for(std::ssize(played.optima), 1, [&](int64_t begin, int64_t end) {
      for (auto row = to_size(begin); row < to_size(end); ++row) {
        played.optima[row] = hindsight_->optimum(row);
      }
    });
    auto campaigns = campaigns_.begin();
    for (size_t b = 0; b < bidders_.size(); ++b) {
      if (wish_.bidders[b]) played.cells[b] = (campaigns++)->finish();
    }
    campaigns_.clear();
    taker_.take(std::move(played));
  }

  // Each seat's p-values side by side, and what it knows of them.
  void read_columns(const data::LoggedTick& tick) {
    threads_.parallel_for(std::ssize(seats_), 1, [&](int64_t begin, int64_t end) {
      for (auto row = to_size(begin); row < to_size(end); ++row) {
        std::vector<double>& column = columns_[row];
        column.resize(to_size(tick.num_pv));
        double sum = 0.0;
        for (size_t pv = 0; pv < column.size(); ++pv) {
          column[pv] = tick.pvalue[pv * tick.seats.size() + seats_[row]];
          sum += column[pv];
        }
        const double mean = column.empty() ? 0.0 : sum / as_double(column.size());
        starts_[row] = {tick.tick, tick.num_pv, mean, 0.0};
      }
    });
  }

  ReplayDraws draws_;
  std::vector<size_t> seats_;
  PeriodWish wish_;                   // what is wanted of the period
  std::vector<Campaigns> campaigns_;  // one for each bidder that plays the period
  std::optional<ReplayHindsight> hindsight_;
  std::vector<std::vector<double>> columns_;
  std::vector<TickStart> starts_;
};

class OfficialPlayer : public Player {
 public:
  OfficialPlayer(const ReplayConfig& config, std::span<Bidder* const> bidders, Threads& threads, PeriodTaker& taker)
      : Player(config, bidders, threads, taker), days_(config.advertisers.values) {}

  void restart() override { days_ = OfficialDays(config_.advertisers.values); }

  void add(const data::LoggedTick& tick) override {
    days_.add(tick);
    if (tick.tick == kTicksPerPeriod - 1) play(days_.finish());
  }

 private:
  void play(const std::vector<OfficialDay>& days) {
    std::vector<ReplayCell> cells;
    for (const OfficialDay& day : days) {
      ReplayCell& cell = cells.emplace_back();
      cell.period = day.period;
      cell.advertiser = day.advertiser;
      cell.campaign = {*config_.common_budget(), *config_.common_cpa(), day.category};
    }
    const int64_t period = days.front().period;
    const PeriodWish wish = taker_.wish(period);
    ReplayedPeriod played{period, {}, std::vector<std::vector<ReplayCell>>(bidders_.size())};
    if (wish.hindsight) played.optima = optima_of(days, cells);
    for (size_t b = 0; b < bidders_.size(); ++b) {
      if (wish.bidders[b]) played.cells[b] = play(days, cells, *bidders_[b]);
    }
    taker_.take(std::move(played));
  }

  std::vector<oracle::Optimum> optima_of(const std::vector<OfficialDay>& days, const std::vector<ReplayCell>& cells) {
    std::vector<oracle::Optimum> optima(days.size());
    threads_.parallel_for(std::ssize(days), 1, [&](int64_t begin, int64_t end) {
      for (auto row = to_size(begin); row < to_size(end); ++row) {
        // Each day is in an order of its own.
        ReplayHindsight hindsight({cells[row].campaign});
        for (const OfficialDay::Tick& tick : days[row].ticks) {
          hindsight.begin_tick(tick.least_winning_cost);
          hindsight.add(0, tick.pvalue);
        }
        optima[row] = hindsight.optimum(0);
      }
    });
    return optima;
  }

  std::vector<ReplayCell> play(const std::vector<OfficialDay>& days, const std::vector<ReplayCell>& cells,
                               Bidder& bidder) {
    Campaigns campaigns(bidder, cells);
    std::vector<official::ReplayEnvironment> environments(days.size());
    std::vector<TickStart> starts(days.size());
    for (int tick = 0; tick < kTicksPerPeriod; ++tick) {
      const auto impressions = [&](size_t row) -> official::ReplayImpressions {
        const OfficialDay::Tick& logged = at(days[row].ticks, tick);
        return {logged.pvalue, logged.sigma, logged.least_winning_cost};
      };
      for (size_t row = 0; row < days.size(); ++row) {
        starts[row] = official::replay_start(impressions(row), tick, campaigns.account(row).remaining());
      }
      campaigns.ask(starts, kTicksPerPeriod);
      threads_.parallel_for(std::ssize(days), 1, [&](int64_t begin, int64_t end) {
        for (auto row = to_size(begin); row < to_size(end); ++row) {
          Account<double>& account = campaigns.account(row);
          const TickOutcome outcome = environments[row].play(impressions(row), campaigns.bid(row), account.remaining());
          account.pay(outcome.cost);
          campaigns.close(row, outcome);
        }
      });
    }
    return campaigns.finish();
  }

  OfficialDays days_;
};

}  // namespace

std::optional<double> ReplayConfig::common_budget() const {
  if (budget > 0.0) return budget;
  return official() ? std::optional(kOfficialBudget) : std::nullopt;
}

std::optional<double> ReplayConfig::common_cpa() const {
  if (cpa > 0.0) return cpa;
  return official() ? std::optional(kOfficialCpa) : std::nullopt;
}

void ReplayConfig::fields(ConfigVisitor& v) {
  v.field("rules", rules, {"corrected", "official"});
  v.required_path("log", log);
  v.check(!log.empty(), "log", "a market log or raw logs");
  v.required("periods", periods);
  v.check(!periods.values.empty(), "periods", "at least one period");
  v.field("advertisers", advertisers, "advertiser");
  v.field("budget", budget, {0.0, 1e15});
  v.field("cpa", cpa, {0.0, 1e15});
  v.field("seed", seed, {0, std::numeric_limits<int64_t>::max()});
  v.check(!official() || seed == ReplayConfig().seed, "seed", "none: the official rules have their own");
}

namespace {

constexpr uint8_t kNoTick = 255;

[[noreturn]] void fail_source_row(int64_t period, int64_t row, const std::string& how_often) {
  throw Error("period " + std::to_string(period) + " of the log: found row " + std::to_string(row) + " " + how_often +
              " in dataset source_row, expected each row of the period once");
}

}  // namespace

void OfficialDays::add(const data::LoggedTick& tick) {
  period_ = tick.period;
  if (tick.num_pv == 0) {
    throw Error(place(tick) + " of the log: found no impressions, expected some in every tick of an official replay");
  }
  if (tick.num_missing > 0) {
    throw Error(place(tick) + " of the log: found " + std::to_string(tick.num_missing) +
                " missing values, expected none in an official replay");
  }
  if (tick.tick == 0) {
    seats_ = choose_seats(tick, advertisers_, true);
    days_.clear();
    tick_of_row_.clear();
    for (const size_t seat : seats_) {
      days_.push_back({tick.period, tick.seats[seat].advertiser, tick.seats[seat].category, {}});
    }
  }
  const size_t num_seats = tick.seats.size();
  const auto num_pv = to_size(tick.num_pv);
  const auto first_row = std::ssize(tick_of_row_);
  const auto source_row = [&](size_t place_in_tick) {
    return tick.source_row.empty() ? first_row + to_signed(place_in_tick) : tick.source_row[place_in_tick];
  };
  if (tick.source_row.empty()) {
    tick_of_row_.resize(tick_of_row_.size() + num_pv * num_seats, static_cast<uint8_t>(tick.tick));
  } else {
    const auto last = to_size(*std::max_element(tick.source_row.begin(), tick.source_row.end()));
    if (last >= tick_of_row_.size()) tick_of_row_.resize(last + 1, kNoTick);
    for (const int64_t row : tick.source_row) {
      uint8_t& owner = at(tick_of_row_, row);
      if (owner != kNoTick) fail_source_row(tick.period, row, "twice");
      owner = static_cast<uint8_t>(tick.tick);
    }
  }
  for (size_t d = 0; d < days_.size(); ++d) {
    OfficialDay::Tick& out = days_[d].ticks.emplace_back();
    for (size_t pv = 0; pv < num_pv; ++pv) {
      const size_t at = pv * num_seats + seats_[d];
      out.pvalue.push_back(numpy::as_read_by_pandas(tick.pvalue[at]));
      out.sigma.push_back(tick.sigma.empty() ? 0.0 : numpy::as_read_by_pandas(tick.sigma[at]));
      out.least_winning_cost.push_back(numpy::as_read_by_pandas(tick.least_winning_cost[pv]));
      out.source_row.push_back(source_row(at));
    }
  }
}

std::vector<OfficialDay> OfficialDays::finish() {
  const auto missing = std::find(tick_of_row_.begin(), tick_of_row_.end(), kNoTick);
  if (missing != tick_of_row_.end()) fail_source_row(period_, missing - tick_of_row_.begin(), "nowhere");
  // Where each row of the file ends up.
  std::vector<uint32_t> order(tick_of_row_.size());
  numpy::argsort<uint8_t, uint32_t>(tick_of_row_, order);
  std::vector<uint32_t> rank(order.size());
  for (size_t i = 0; i < order.size(); ++i) rank[order[i]] = static_cast<uint32_t>(i);

  for (OfficialDay& day : days_) {
    for (OfficialDay::Tick& tick : day.ticks) {
      std::vector<size_t> sorted(tick.source_row.size());
      std::iota(sorted.begin(), sorted.end(), size_t{0});
      std::sort(sorted.begin(), sorted.end(),
                [&](size_t a, size_t b) { return at(rank, tick.source_row[a]) < at(rank, tick.source_row[b]); });
      const OfficialDay::Tick logged = std::move(tick);
      tick = {};
      for (const size_t i : sorted) {
        tick.pvalue.push_back(logged.pvalue[i]);
        tick.sigma.push_back(logged.sigma[i]);
        tick.least_winning_cost.push_back(logged.least_winning_cost[i]);
        tick.source_row.push_back(logged.source_row[i]);
      }
    }
  }
  tick_of_row_.clear();
  return std::move(days_);
}

bool replay(const ReplayConfig& config, std::span<Bidder* const> bidders, Threads& threads, PeriodTaker& taker) {
  std::unique_ptr<Player> player;
  if (config.official()) {
    player = std::make_unique<OfficialPlayer>(config, bidders, threads, taker);
  } else {
    player = std::make_unique<CorrectedPlayer>(config, bidders, threads, taker);
  }
  const auto add = [&](const data::LoggedTick& tick) {
    player->add(tick);
    taker.on_tick();
  };
  const auto restart = [&] {
    player->restart();
    taker.restart();
  };
  const data::ReplayLogOptions options = {.files = config.log,
                                          .periods = config.periods.values,
                                          .exact = config.official(),
                                          .num_ticks = config.official() ? kTicksPerPeriod : 0,
                                          .wanted = [&](int64_t period) { return taker.wish(period).anything(); }};
  return data::read_replay_log(options, threads, add, restart);
}

namespace {

// Wants everything, and keeps it.
class TakesAll : public PeriodTaker {
 public:
  explicit TakesAll(size_t num_bidders) : num_bidders_(num_bidders) {}

  PeriodWish wish(int64_t /*period*/) override { return {true, std::vector<bool>(num_bidders_, true)}; }
  void take(ReplayedPeriod period) override {
    for (std::vector<ReplayCell>& cells : period.cells) {
      for (size_t row = 0; row < cells.size(); ++row) cells[row].optimum = period.optima[row].score;
    }
    periods_[period.period] = std::move(period.cells);
  }
  void restart() override { periods_.clear(); }

  std::vector<std::vector<ReplayCell>> by_bidder() const {
    std::vector<std::vector<ReplayCell>> all(num_bidders_);
    for (const auto& [period, cells] : periods_) {
      for (size_t b = 0; b < num_bidders_; ++b) all[b].insert(all[b].end(), cells[b].begin(), cells[b].end());
    }
    return all;
  }

 private:
  size_t num_bidders_;
  std::map<int64_t, std::vector<std::vector<ReplayCell>>> periods_;
};

}  // namespace

std::optional<std::vector<std::vector<ReplayCell>>> replay(const ReplayConfig& config, std::span<Bidder* const> bidders,
                                                           Threads& threads) {
  TakesAll all(bidders.size());
  if (!replay(config, bidders, threads, all)) return std::nullopt;
  return all.by_bidder();
}

}  // namespace genbid::replay

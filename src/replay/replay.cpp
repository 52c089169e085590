#include "replay/replay.h"

#include <algorithm>
#include <limits>
#include <numeric>

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
    seats.push_back(static_cast<size_t>(found - tick.seats.begin()));
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
    // A replay is a run of its own: nobody remembers the last one.
    if (bidder_.keeps_state_between_periods()) bidder_.reset({});
  }

  size_t size() const { return rows_.size(); }
  Account<double>& account(size_t row) { return rows_[row].account; }

  void ask(std::span<const TickStart> starts, int num_ticks) {
    for (size_t i = 0; i < rows_.size(); ++i) {
      const Row& row = rows_[i];
      // A seat's number names its noise: of long numbers the low digits do.
      views_[i] = {row.cell.period,
                   static_cast<int>(row.cell.advertiser & std::numeric_limits<int>::max()),
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

  // The tick of a row is played; rows may be closed side by side.
  void close(size_t row_number, const TickOutcome& outcome) {
    Row& row = rows_[row_number];
    const TickStart& start = views_[row_number].now;
    row.last = outcome;
    row.history.append(tick_means(start, outcome), outcome.cost, outcome.sum_pvalue_exposed,
                       static_cast<double>(outcome.num_conversions));
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
  Player(const ReplayConfig& config, std::span<Bidder* const> bidders, Threads& threads)
      : config_(config), bidders_(bidders), threads_(threads), results_(bidders.size()) {}
  virtual ~Player() = default;

  virtual void add(const data::LoggedTick& tick) = 0;
  virtual void restart() {
    for (auto& cells : results_) cells.clear();
  }
  std::vector<std::vector<ReplayCell>> finish() {
    for (auto& cells : results_) {
      std::stable_sort(cells.begin(), cells.end(),
                       [](const ReplayCell& a, const ReplayCell& b) { return a.period < b.period; });
    }
    return std::move(results_);
  }

 protected:
  void take_results(size_t bidder, std::vector<ReplayCell> cells, std::span<const double> optima) {
    for (size_t row = 0; row < cells.size(); ++row) cells[row].optimum = optima[row];
    results_[bidder].insert(results_[bidder].end(), cells.begin(), cells.end());
  }

  const ReplayConfig& config_;
  std::span<Bidder* const> bidders_;
  Threads& threads_;

 private:
  std::vector<std::vector<ReplayCell>> results_;
};

class CorrectedPlayer : public Player {
 public:
  CorrectedPlayer(const ReplayConfig& config, std::span<Bidder* const> bidders, Threads& threads)
      : Player(config, bidders, threads), draws_(static_cast<uint64_t>(config.seed)) {}

  void restart() override {
    Player::restart();
    campaigns_.clear();
  }

  void add(const data::LoggedTick& tick) override {
    if (tick.tick == 0) begin_period(tick);
    read_columns(tick);
    hindsight_->begin_tick(tick.least_winning_cost);
    threads_.parallel_for(std::ssize(seats_), 1, [&](int64_t begin, int64_t end) {
      for (auto row = static_cast<size_t>(begin); row < static_cast<size_t>(end); ++row) {
        hindsight_->add(row, columns_[row]);
      }
    });
    for (Campaigns& campaigns : campaigns_) campaigns.ask(starts_, tick.num_ticks);
    const size_t num_rows = campaigns_.size() * seats_.size();
    threads_.parallel_for(static_cast<int64_t>(num_rows), 1, [&](int64_t begin, int64_t end) {
      for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
        Campaigns& campaigns = campaigns_[i / seats_.size()];
        const size_t row = i % seats_.size();
        const ReplayTick one = {tick.period, tick.tick, tick.seats[seats_[row]].advertiser, columns_[row],
                                tick.least_winning_cost};
        const TickOutcome outcome = replay_tick(one, campaigns.bid(row), draws_, campaigns.account(row));
        campaigns.close(row, outcome);
      }
    });
    if (tick.tick != tick.num_ticks - 1) return;
    std::vector<double> optima(seats_.size());
    threads_.parallel_for(std::ssize(seats_), 1, [&](int64_t begin, int64_t end) {
      for (auto row = static_cast<size_t>(begin); row < static_cast<size_t>(end); ++row) {
        optima[row] = hindsight_->optimum(row);
      }
    });
    for (size_t b = 0; b < campaigns_.size(); ++b) take_results(b, campaigns_[b].finish(), optima);
    campaigns_.clear();
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
    campaigns_.clear();
    for (Bidder* bidder : bidders_) campaigns_.emplace_back(*bidder, cells);
    columns_.resize(seats_.size());
    starts_.resize(seats_.size());
    hindsight_.emplace(campaigns_of(cells));
  }

  // Each seat's p-values side by side, and what it knows of them.
  void read_columns(const data::LoggedTick& tick) {
    threads_.parallel_for(static_cast<int64_t>(seats_.size()), 1, [&](int64_t begin, int64_t end) {
      for (auto row = static_cast<size_t>(begin); row < static_cast<size_t>(end); ++row) {
        std::vector<double>& column = columns_[row];
        column.resize(static_cast<size_t>(tick.num_pv));
        double sum = 0.0;
        for (size_t pv = 0; pv < column.size(); ++pv) {
          column[pv] = tick.pvalue[pv * tick.seats.size() + seats_[row]];
          sum += column[pv];
        }
        const double mean = column.empty() ? 0.0 : sum / static_cast<double>(column.size());
        starts_[row] = {tick.tick, tick.num_pv, mean, 0.0};
      }
    });
  }

  ReplayDraws draws_;
  std::vector<size_t> seats_;
  std::vector<Campaigns> campaigns_;  // by bidder
  std::optional<ReplayHindsight> hindsight_;
  std::vector<std::vector<double>> columns_;
  std::vector<TickStart> starts_;
};

class OfficialPlayer : public Player {
 public:
  OfficialPlayer(const ReplayConfig& config, std::span<Bidder* const> bidders, Threads& threads)
      : Player(config, bidders, threads), days_(config.advertisers.values) {}

  void restart() override {
    Player::restart();
    days_ = OfficialDays(config_.advertisers.values);
  }

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
    std::vector<double> optima(days.size());
    threads_.parallel_for(std::ssize(days), 1, [&](int64_t begin, int64_t end) {
      for (auto row = static_cast<size_t>(begin); row < static_cast<size_t>(end); ++row) {
        // Each day is in an order of its own.
        ReplayHindsight hindsight({cells[row].campaign});
        for (const OfficialDay::Tick& tick : days[row].ticks) {
          hindsight.begin_tick(tick.least_winning_cost);
          hindsight.add(0, tick.pvalue);
        }
        optima[row] = hindsight.optimum(0);
      }
    });
    for (size_t b = 0; b < bidders_.size(); ++b) {
      Campaigns campaigns(*bidders_[b], cells);
      std::vector<official::ReplayEnvironment> environments(days.size());
      std::vector<TickStart> starts(days.size());
      for (int tick = 0; tick < kTicksPerPeriod; ++tick) {
        const auto impressions = [&](size_t row) -> official::ReplayImpressions {
          const OfficialDay::Tick& logged = days[row].ticks[static_cast<size_t>(tick)];
          return {logged.pvalue, logged.sigma, logged.least_winning_cost};
        };
        for (size_t row = 0; row < days.size(); ++row) {
          starts[row] = official::replay_start(impressions(row), tick, campaigns.account(row).remaining());
        }
        campaigns.ask(starts, kTicksPerPeriod);
        threads_.parallel_for(static_cast<int64_t>(days.size()), 1, [&](int64_t begin, int64_t end) {
          for (auto row = static_cast<size_t>(begin); row < static_cast<size_t>(end); ++row) {
            Account<double>& account = campaigns.account(row);
            const TickOutcome outcome =
                environments[row].play(impressions(row), campaigns.bid(row), account.remaining());
            account.pay(outcome.cost);
            campaigns.close(row, outcome);
          }
        });
      }
      take_results(b, campaigns.finish(), optima);
    }
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
  v.field("advertisers", advertisers);
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
  const auto num_pv = static_cast<size_t>(tick.num_pv);
  const auto first_row = static_cast<int64_t>(tick_of_row_.size());
  const auto source_row = [&](size_t place_in_tick) {
    return tick.source_row.empty() ? first_row + static_cast<int64_t>(place_in_tick) : tick.source_row[place_in_tick];
  };
  if (tick.source_row.empty()) {
    tick_of_row_.resize(tick_of_row_.size() + num_pv * num_seats, static_cast<uint8_t>(tick.tick));
  } else {
    const auto last = static_cast<size_t>(*std::max_element(tick.source_row.begin(), tick.source_row.end()));
    if (last >= tick_of_row_.size()) tick_of_row_.resize(last + 1, kNoTick);
    for (const int64_t row : tick.source_row) {
      uint8_t& owner = tick_of_row_[static_cast<size_t>(row)];
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
      std::sort(sorted.begin(), sorted.end(), [&](size_t a, size_t b) {
        return rank[static_cast<size_t>(tick.source_row[a])] < rank[static_cast<size_t>(tick.source_row[b])];
      });
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

std::optional<std::vector<std::vector<ReplayCell>>> replay(const ReplayConfig& config, std::span<Bidder* const> bidders,
                                                           Threads& threads,
                                                           const std::function<void(int64_t)>& progress) {
  std::unique_ptr<Player> player;
  if (config.official()) {
    player = std::make_unique<OfficialPlayer>(config, bidders, threads);
  } else {
    player = std::make_unique<CorrectedPlayer>(config, bidders, threads);
  }
  int64_t num_ticks = 0;
  const auto add = [&](const data::LoggedTick& tick) {
    player->add(tick);
    ++num_ticks;
    if (progress) progress(num_ticks);
  };
  const auto restart = [&] {
    player->restart();
    num_ticks = 0;
  };
  const data::ReplayLogOptions options = {.files = config.log,
                                          .periods = config.periods.values,
                                          .exact = config.official(),
                                          .num_ticks = config.official() ? kTicksPerPeriod : 0};
  if (!data::read_replay_log(options, threads, add, restart)) return std::nullopt;
  return player->finish();
}

}  // namespace genbid::replay

#include "market/official/official_market.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/convert.h"
#include "market/cell_workers.h"
#include "base/memory.h"
#include "bidding/account.h"
#include "market/memory_need.h"
#include "market/official/auction.h"
#include "market/official/official_traffic.h"

namespace genbid::market::official {

struct OfficialMarket::State {
  // What cells of the same period share.
  struct Episode {
    std::array<TickTraffic, kTicksPerPeriod> ticks;
    Auction::Truncation truncation;
  };
  explicit State(const MarketConfig& config)
      : impressions(config.impressions),
        rule(config.auction_rule()),
        corrections(parse_corrections(config.corrections)),
        seed(static_cast<uint64_t>(config.seed)) {}

  // The episode is made in the memory of one that is not needed any more, where there is such.
  std::unique_ptr<Episode> make_episode(int64_t period, std::unique_ptr<Episode> memory, Threads& threads) const;
  int64_t impressions;
  AuctionRule rule;
  Corrections corrections;
  uint64_t seed;
  SeedOneDraws draws;

  std::map<int64_t, std::unique_ptr<Episode>> episodes;  // by period
  std::vector<const Episode*> episode_of_cell;
  std::vector<Account<double>> accounts;  // by row

  CellWorkers<Auction> workers{[this] { return std::make_unique<Auction>(corrections, seed, rule); }};
};

std::unique_ptr<OfficialMarket::State::Episode> OfficialMarket::State::make_episode(int64_t period,
                                                                                    std::unique_ptr<Episode> memory,
                                                                                    Threads& threads) const {
  std::unique_ptr<Episode> episode = memory != nullptr ? std::move(memory) : std::make_unique<Episode>();
  episode->truncation.clear();
  const EpisodeFactors factors = episode_factors(period, impressions);
  for (size_t t = 0; t < episode->ticks.size(); ++t) {
    TickTraffic& traffic = episode->ticks[t];
    traffic.period = period;
    traffic.tick = to_int(t);
    traffic.num_pv = factors.num_pv[t];
    traffic.pvalue.resize(to_size(traffic.num_pv) * kSeats);
    traffic.sigma_ratio.resize(traffic.pvalue.size());
  }
  for (int i = 0; i < kNumSeats; ++i) episode->truncation.push_back(truncation(numpy::truncation_values(i, period)));

  // One stream makes all p-values, and the ratios of each tick have a stream of their own. Item 0 takes as long as the
  // others together.
  threads.parallel_for(1 + kTicksPerPeriod, 1, [&](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; ++item) {
      if (item > 0) {
        const auto t = to_size(item - 1);
        fill_sigma_ratios(factors, to_int(t), episode->ticks[t].sigma_ratio);
        continue;
      }
      PvalueStream stream(factors);
      for (TickTraffic& traffic : episode->ticks) stream.fill_next(traffic.pvalue);
    }
  });
  threads.parallel_for(kTicksPerPeriod, 1, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) at(episode->ticks, t).finish();
  });
  return episode;
}

OfficialMarket::OfficialMarket(const MarketConfig& config, Threads& threads)
    : Market(config.shape(), threads), state_(std::make_unique<State>(config)) {}
OfficialMarket::~OfficialMarket() = default;

AuctionRule OfficialMarket::auction_rule(const Cell& /*cell*/) const { return state_->rule; }

void OfficialMarket::open_day() {
  State& s = *state_;
  std::map<int64_t, std::unique_ptr<State::Episode>> kept;
  for (const Cell& cell : cells()) {
    if (const auto found = s.episodes.find(cell.period); found != s.episodes.end()) {
      kept.insert(s.episodes.extract(found));
    }
  }
  size_t num_new = 0;
  std::set<int64_t> wanted;
  for (const Cell& cell : cells()) num_new += wanted.insert(cell.period).second && !kept.contains(cell.period) ? 1 : 0;
  if (num_new > s.episodes.size()) {
    const double more = as_double(num_new - s.episodes.size()) * as_double(s.impressions);
    check_memory("a period", s.impressions, more * kOfficialBytesPerImpression, available_memory());
  }
  std::vector<std::unique_ptr<State::Episode>> unused;
  for (auto& [period, episode] : s.episodes) unused.push_back(std::move(episode));
  s.episodes = std::move(kept);
  s.episode_of_cell.clear();
  s.accounts.clear();
  int64_t largest = 0;
  for (const Cell& cell : cells()) {
    auto& episode = s.episodes[cell.period];
    if (episode == nullptr) {
      std::unique_ptr<State::Episode> memory;
      if (!unused.empty()) {
        memory = std::move(unused.back());
        unused.pop_back();
      }
      episode = s.make_episode(cell.period, std::move(memory), threads());
    }
    s.episode_of_cell.push_back(episode.get());
    for (const TickTraffic& traffic : episode->ticks) largest = std::max(largest, traffic.num_pv);
    for (const Advertiser& advertiser : cell.advertisers) s.accounts.emplace_back(advertiser.budget);
  }
  if (!s.corrections.draws) s.draws.reserve(largest * to_signed(kSeats));
}

TickStart OfficialMarket::start(size_t row) const {
  const State& s = *state_;
  const TickTraffic& traffic = at(s.episode_of_cell[row / kSeats]->ticks, tick());
  return {.tick = tick(),
          .num_pv = traffic.num_pv,
          .mean_pvalue = traffic.mean_pvalue[row % kSeats],
          .remaining_budget = s.accounts[row].remaining()};
}

void OfficialMarket::play_tick(std::span<const BidFormula> bids) {
  state_->workers.run(threads(), std::ssize(cells()),
                      [&](size_t cell, Auction& auction, Threads* split) { play_cell(cell, bids, auction, split); });
}

void OfficialMarket::play_cell(size_t cell, std::span<const BidFormula> bids, Auction& auction, Threads* split) {
  State& s = *state_;
  const State::Episode& episode = *s.episode_of_cell[cell];
  const size_t first_row = cell * kSeats;
  Auction::Bids seat_bids{};
  std::array<double, kSeats> money{};
  constexpr double kLargest = 1e100;  // no sum of such bids is infinite
  for (size_t seat = 0; seat < kSeats; ++seat) {
    const size_t row = first_row + seat;
    money[seat] = s.accounts[row].remaining();
    if (!may_bid(row)) continue;
    seat_bids[seat] = {.value = std::clamp(bids[row].value, -kLargest, kLargest),
                       .value_squared = std::clamp(bids[row].value_squared, -kLargest, kLargest)};
  }
  const TickTraffic& traffic = at(episode.ticks, tick());
  const int num_passes = auction.play(traffic, seat_bids, episode.truncation, s.draws, money, split);
  if (TickImpressions* out = kept_impressions(cell)) auction.copy_impressions(split, *out);
  if (TickLadder* out = kept_ladder(cell)) auction.copy_ladder(split, *out);
  for (size_t seat = 0; seat < kSeats; ++seat) {
    const size_t row = first_row + seat;
    const TickOutcome outcome = auction.outcome(seat);
    s.accounts[row].pay(outcome.cost);
    finish(row, bids[row], outcome, num_passes);
  }
}

}  // namespace genbid::market::official

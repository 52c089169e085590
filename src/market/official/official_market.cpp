#include "market/official/official_market.h"

#include <algorithm>
#include <cassert>
#include <map>
#include <set>

#include "market/cell_workers.h"
#include "base/memory.h"
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
  struct Row {
    double money = 0.0;  // remaining
    TickHistory history;
  };

  State(const MarketConfig& config, Threads& threads_to_use)
      : impressions(config.impressions),
        corrections(parse_corrections(config.corrections)),
        seed(static_cast<uint64_t>(config.seed)),
        threads(threads_to_use) {}

  // In the memory of one that is not needed any more, where there is one.
  std::unique_ptr<Episode> make_episode(int64_t period, std::unique_ptr<Episode> memory);
  void play_cell(size_t cell, std::span<const BidFormula> bids, Auction& auction, Threads* split);

  int64_t impressions;
  Corrections corrections;
  uint64_t seed;
  Threads& threads;
  SeedOneDraws draws;

  std::vector<Cell> cells;
  std::map<int64_t, std::unique_ptr<Episode>> episodes;  // by period
  std::vector<const Episode*> episode_of_cell;
  int tick = 0;
  bool observed = false;  // in `tick`

  std::vector<Row> rows;
  std::vector<SeatView> views;
  std::vector<SeatTick> finished;
  bool keep_impressions = false;
  std::vector<TickImpressions> kept_impressions;  // by cell, if kept
  bool keep_ladders = false;
  std::vector<TickLadder> kept_ladders;  // likewise

  CellWorkers<Auction> workers{[this] { return std::make_unique<Auction>(corrections, seed); }};
};

std::unique_ptr<OfficialMarket::State::Episode> OfficialMarket::State::make_episode(int64_t period,
                                                                                    std::unique_ptr<Episode> memory) {
  std::unique_ptr<Episode> episode = memory != nullptr ? std::move(memory) : std::make_unique<Episode>();
  episode->truncation.clear();
  const EpisodeFactors factors = episode_factors(period, impressions);
  for (size_t t = 0; t < episode->ticks.size(); ++t) {
    TickTraffic& traffic = episode->ticks[t];
    traffic.period = period;
    traffic.tick = static_cast<int>(t);
    traffic.num_pv = factors.num_pv[t];
    traffic.pvalue.resize(static_cast<size_t>(traffic.num_pv) * kSeats);
    traffic.sigma_ratio.resize(traffic.pvalue.size());
  }
  for (int i = 0; i < kNumSeats; ++i) episode->truncation.push_back(truncation(numpy::truncation_values(i, period)));

  // One stream makes all p-values, one each the ratios of a tick: item 0 is as long as the others together.
  threads.parallel_for(1 + kTicksPerPeriod, 1, [&](int64_t begin, int64_t end) {
    for (int64_t item = begin; item < end; ++item) {
      if (item > 0) {
        const auto t = static_cast<size_t>(item - 1);
        fill_sigma_ratios(factors, static_cast<int>(t), episode->ticks[t].sigma_ratio);
        continue;
      }
      PvalueStream stream(factors);
      for (TickTraffic& traffic : episode->ticks) stream.fill_next(traffic.pvalue);
    }
  });
  threads.parallel_for(kTicksPerPeriod, 1, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) episode->ticks[static_cast<size_t>(t)].finish();
  });
  return episode;
}

void OfficialMarket::State::play_cell(size_t cell, std::span<const BidFormula> bids, Auction& auction, Threads* split) {
  const Episode& episode = *episode_of_cell[cell];
  const size_t first_row = cell * kSeats;
  Auction::Bids seat_bids{};
  std::array<double, kSeats> money{};
  constexpr double kLargest = 1e100;  // no sum of such bids is infinite
  for (size_t seat = 0; seat < kSeats; ++seat) {
    money[seat] = rows[first_row + seat].money;
    if (!views[first_row + seat].asked) continue;
    const BidFormula& bid = bids[first_row + seat];
    seat_bids[seat] = {.value = std::clamp(bid.value, -kLargest, kLargest),
                       .value_squared = std::clamp(bid.value_squared, -kLargest, kLargest)};
  }
  const int num_passes =
      auction.play(episode.ticks[static_cast<size_t>(tick)], seat_bids, episode.truncation, draws, money, split);
  if (keep_impressions) auction.copy_impressions(split, kept_impressions[cell]);
  if (keep_ladders) auction.copy_ladder(split, kept_ladders[cell]);
  for (size_t seat = 0; seat < kSeats; ++seat) {
    const size_t row = first_row + seat;
    SeatTick& done = finished[row];
    done.start = views[row].now;
    done.outcome = auction.outcome(seat);
    done.bid = bids[row];
    done.asked = views[row].asked;
    done.num_clearings = num_passes;
    rows[row].money -= done.outcome.cost;
    rows[row].history.append(tick_means(done.start, done.outcome), done.outcome.cost, done.outcome.sum_pvalue_exposed,
                             static_cast<double>(done.outcome.num_conversions));
  }
}

OfficialMarket::OfficialMarket(const MarketConfig& config, Threads& threads)
    : Market(config.shape(), threads), state_(std::make_unique<State>(config, threads)) {}
OfficialMarket::~OfficialMarket() = default;

void OfficialMarket::reset(std::vector<Cell> cells) {
  check_cells(cells);
  State& s = *state_;
  s.cells = std::move(cells);
  s.tick = 0;
  s.observed = false;

  std::map<int64_t, std::unique_ptr<State::Episode>> kept;
  for (const Cell& cell : s.cells) {
    assert(cell.advertisers.size() == kSeats);
    if (const auto found = s.episodes.find(cell.period); found != s.episodes.end()) {
      kept.insert(s.episodes.extract(found));
    }
  }
  size_t num_new = 0;
  std::set<int64_t> wanted;
  for (const Cell& cell : s.cells) num_new += wanted.insert(cell.period).second && !kept.contains(cell.period) ? 1 : 0;
  if (num_new > s.episodes.size()) {
    const double more = static_cast<double>(num_new - s.episodes.size()) * static_cast<double>(s.impressions);
    check_memory("a period", s.impressions, more * kOfficialBytesPerImpression, available_memory());
  }
  std::vector<std::unique_ptr<State::Episode>> unused;
  for (auto& [period, episode] : s.episodes) unused.push_back(std::move(episode));
  s.episodes = std::move(kept);
  s.episode_of_cell.clear();
  int64_t largest = 0;
  for (const Cell& cell : s.cells) {
    auto& episode = s.episodes[cell.period];
    if (episode == nullptr) {
      std::unique_ptr<State::Episode> memory;
      if (!unused.empty()) {
        memory = std::move(unused.back());
        unused.pop_back();
      }
      episode = s.make_episode(cell.period, std::move(memory));
    }
    s.episode_of_cell.push_back(episode.get());
    for (const TickTraffic& traffic : episode->ticks) largest = std::max(largest, traffic.num_pv);
  }
  if (!s.corrections.draws) s.draws.reserve(largest * static_cast<int64_t>(kSeats));

  const size_t num_rows = s.cells.size() * kSeats;
  s.rows.assign(num_rows, {});
  s.views.assign(num_rows, {});
  s.finished.assign(num_rows, {});
  for (size_t row = 0; row < num_rows; ++row) {
    s.rows[row].money = s.cells[row / kSeats].advertisers[row % kSeats].budget;
  }
}

int OfficialMarket::tick() const { return state_->tick; }

std::span<const SeatView> OfficialMarket::observe() {
  State& s = *state_;
  assert(!done());
  if (s.observed) return s.views;
  s.observed = true;
  for (size_t row = 0; row < s.rows.size(); ++row) {
    const size_t cell = row / kSeats;
    const size_t seat = row % kSeats;
    const TickTraffic& traffic = s.episode_of_cell[cell]->ticks[static_cast<size_t>(s.tick)];
    SeatView& view = s.views[row];
    view.period = s.cells[cell].period;
    view.seat = static_cast<int>(seat);
    view.advertiser = &s.cells[cell].advertisers[seat];
    view.history = &s.rows[row].history;
    view.last = s.tick > 0 ? &s.finished[row].outcome : nullptr;
    view.now.tick = s.tick;
    view.now.num_pv = traffic.num_pv;
    view.now.mean_pvalue = traffic.mean_pvalue[seat];
    view.now.remaining_budget = s.rows[row].money;
    view.asked = view.now.remaining_budget >= kMinRemainingBudget;  // or it is not called, and learns nothing (6.11)
  }
  return s.views;
}

void OfficialMarket::step(std::span<const BidFormula> bids) {
  State& s = *state_;
  assert(!done() && bids.size() == s.rows.size());
  observe();
  check_bids(s.views, bids);
  s.keep_impressions = keeps_impressions();
  s.kept_impressions.resize(s.keep_impressions ? s.cells.size() : 0);
  s.keep_ladders = keeps_ladders();
  s.kept_ladders.resize(s.keep_ladders ? s.cells.size() : 0);
  s.workers.run(s.threads, static_cast<int64_t>(s.cells.size()),
                [&](size_t cell, Auction& auction, Threads* split) { s.play_cell(cell, bids, auction, split); });
  ++s.tick;
  s.observed = false;
}

std::span<const SeatTick> OfficialMarket::last_tick() const { return state_->finished; }
const TickImpressions& OfficialMarket::impressions(size_t cell) const { return state_->kept_impressions.at(cell); }
const TickLadder& OfficialMarket::ladder(size_t cell) const { return state_->kept_ladders.at(cell); }

}  // namespace genbid::market::official

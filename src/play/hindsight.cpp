#include "play/hindsight.h"

#include <algorithm>
#include <cassert>
#include <string>
#include <vector>

#include "base/convert.h"
#include "base/error.h"

namespace genbid::play {
namespace {

class Teacher : public Bidder {
 public:
  explicit Teacher(const HindsightBook& book) : book_(book) {}

  void reset(std::span<const SeatView> /*rows*/) override {}
  void bid(std::span<const SeatView> rows, std::span<BidFormula> bids) override {
    for (size_t i = 0; i < rows.size(); ++i) {
      const SeatView& row = rows[i];
      if (!row.may_bid) continue;
      const oracle::Point so_far{row.history->expected_conversions(), row.history->cost()};
      const oracle::DayPlan& plan = *book_.at(row.period, row.seat).plan;
      bids[i] = {.value = plan.now(row.now.tick, so_far, row.now.remaining_budget, row.advertiser->cpa_limit).alpha};
    }
  }

 private:
  const HindsightBook& book_;
};

class HindsightAlpha : public Bidder {
 public:
  explicit HindsightAlpha(const HindsightBook& book) : book_(book) {}

  void reset(std::span<const SeatView> /*rows*/) override {}
  void bid(std::span<const SeatView> rows, std::span<BidFormula> bids) override {
    for (size_t i = 0; i < rows.size(); ++i) {
      bids[i] = {.value = book_.at(rows[i].period, rows[i].seat).optima.constant.alpha};
    }
  }

 private:
  const HindsightBook& book_;
};

}  // namespace

void ResponseSink::on_ladder(int64_t /*cell*/, int tick, const market::TickLadder& ladder) {
  static_assert(oracle::ImpressionBlock::kWidth == market::kBlockWidth);
  blocks_.clear();
  add_blocks(ladder, blocks_);
  threads_.parallel_for(responses_.num_seats(), 4,
                        [&](int64_t begin, int64_t end) { responses_.add(tick, blocks_, to_int(begin), to_int(end)); });
}

void add_blocks(const market::TickLadder& ladder, std::vector<oracle::ImpressionBlock>& blocks) {
  for (const market::LadderBlock& block : ladder.blocks) {
    blocks.push_back({block.values, block.top->bid[0].data(), block.top->seat[0].data(), block.num_lanes});
  }
}

oracle::Responses responses_for(const market::Market& market, const market::Cell& cell, bool slots) {
  const market::MarketShape& shape = market.shape();
  return responses_for(market.auction_rule(cell), cell.advertisers, shape.seats, shape.ticks, slots);
}

oracle::Responses responses_for(const AuctionRule& rule, std::span<const Advertiser> campaigns, int num_seats,
                                int num_ticks, bool slots) {
  constexpr int kOctaves = 2;
  constexpr int kManyOctaves = 24;  // 100 KB a seat and tick
  double low = campaigns.front().cpa_limit;
  double high = low;
  for (const Advertiser& campaign : campaigns) {
    low = std::min(low, campaign.cpa_limit);
    high = std::max(high, campaign.cpa_limit);
  }
  oracle::Auction auction;
  auction.rule = rule;
  const oracle::AlphaGrid common = oracle::grid_around(low, high, kOctaves);
  std::vector<oracle::AlphaGrid> grids(to_size(num_seats), common);
  if (common.octaves > kManyOctaves) {
    std::transform(campaigns.begin(), campaigns.end(), grids.begin(), [](const Advertiser& seat) {
      return oracle::grid_around(seat.cpa_limit, seat.cpa_limit, kOctaves);
    });
  }
  return {num_ticks, auction, std::move(grids), slots};
}

bool record_responses(market::Market& market, market::Cell cell, std::span<Bidder* const> bidders,
                      std::span<const int> seat_bidder, oracle::Responses& responses) {
  assert(seat_bidder.size() == to_size(market.shape().seats));
  responses.clear();
  ResponseSink sink(responses, market.threads());
  std::vector<market::Cell> cells;
  cells.push_back(std::move(cell));
  market.keep_ladders(true);
  const bool finished = market::play(market, std::move(cells), bidders, seat_bidder, sink);
  market.keep_ladders(false);
  return finished;
}

std::optional<oracle::Responses> record_responses(market::Market& market, market::Cell cell,
                                                  std::span<Bidder* const> bidders, std::span<const int> seat_bidder) {
  oracle::Responses responses = responses_for(market, cell);
  if (!record_responses(market, std::move(cell), bidders, seat_bidder, responses)) return std::nullopt;
  return responses;
}

std::string for_each_hindsight(const oracle::Responses& day, std::span<const oracle::Judged> judged, Threads& threads,
                               const std::function<void(size_t place, SeatHindsight hindsight)>& fn) {
  std::vector<std::string> lacks(judged.size());
  threads.parallel_for(std::ssize(judged), 1, [&](int64_t begin, int64_t end) {
    for (auto i = to_size(begin); i < to_size(end); ++i) {
      const auto& [seat, limits] = judged[i];
      const auto plan = std::make_shared<oracle::DayPlan>(day, seat);
      const Advertiser campaign{limits.budget, limits.cpa_limit};
      const SeatHindsight hindsight{oracle::seat_optima(day, seat, *plan, campaign), plan};
      lacks[i] = oracle::shortfall(day, judged[i], *plan, hindsight.optima);
      if (!lacks[i].empty()) lacks[i] += " (seat " + std::to_string(seat) + ")";
      fn(i, hindsight);
    }
  });
  const auto first = std::find_if(lacks.begin(), lacks.end(), [](const std::string& one) { return !one.empty(); });
  return first == lacks.end() ? std::string() : *first;
}

const SeatHindsight& HindsightBook::at(int64_t period, int seat) const {
  const auto found = seats_.find({period, seat});
  assert(found != seats_.end());
  return found->second;
}

std::unique_ptr<Bidder> make_teacher(const HindsightBook& book) { return std::make_unique<Teacher>(book); }
std::unique_ptr<Bidder> make_hindsight_alpha(const HindsightBook& book) {
  return std::make_unique<HindsightAlpha>(book);
}

}  // namespace genbid::play

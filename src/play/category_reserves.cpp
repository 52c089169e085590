#include "play/category_reserves.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "base/convert.h"
#include "play/population.h"
#include "play/simulate.h"

namespace genbid::play {
namespace {

// The lowest price of a slot that a seat held, by tick and seat, in units of bids.
class LowestPrices : public market::PeriodSink {
 public:
  LowestPrices(const market::MarketShape& shape, const AuctionRule& rule)
      : num_slots_(to_size(rule.num_slots)),
        reserve_(as_float(rule.reserve)),
        lowest_(to_size(shape.ticks) * kMaxSeats, std::numeric_limits<float>::infinity()) {}

  void start(std::vector<float> units) { units_ = std::move(units); }

  void on_tick(int64_t /*cell*/, int /*tick*/, std::span<const market::SeatTick> /*seats*/) override {}
  void on_ladder(int64_t cell, int tick, const market::TickLadder& ladder) override {
    float* const lowest = lowest_.data() + to_size(tick) * kMaxSeats;
    const float per_unit = 1.0F / at(units_, cell);
    for (const market::LadderBlock& block : ladder.blocks) {
      for (size_t lane = 0; lane < to_size(block.num_lanes); ++lane) {
        for (size_t slot = 0; slot < num_slots_; ++slot) {
          const uint8_t seat = block.top->seat[slot][lane];
          if (seat == kNoSeat) break;
          const float price = slot_price(block.top->bid[slot + 1][lane] * per_unit, reserve_);
          lowest[seat] = std::min(lowest[seat], price);
        }
      }
    }
  }

  float lowest(int tick, int seat) const { return lowest_[to_size(tick) * kMaxSeats + to_size(seat)]; }

 private:
  size_t num_slots_;
  float reserve_;
  std::vector<float> units_;  // of bids, by cell
  std::vector<float> lowest_;
};

// The reserves by tick and seat: each seat has what the prices of its category come to.
std::vector<double> reserves_of(const LowestPrices& prices, const market::MarketShape& shape,
                                const market::AuctionConfig& auction) {
  std::vector<double> reserves(to_size(shape.ticks) * kMaxSeats, auction.reserve);
  for (int tick = 0; tick < shape.ticks; ++tick) {
    for (int first = 0; first < shape.seats; first += kSeatsPerCategory) {
      const int last = std::min(first + kSeatsPerCategory, shape.seats);
      float lowest = std::numeric_limits<float>::infinity();
      for (int seat = first; seat < last; ++seat) lowest = std::min(lowest, prices.lowest(tick, seat));
      if (lowest == std::numeric_limits<float>::infinity()) continue;
      const double reserve = std::max(auction.reserve, auction.reserve_from.share * as_double(lowest));
      const auto place = reserves.begin() + to_signed(tick) * kMaxSeats;
      std::fill(place + first, place + last, reserve);
    }
  }
  return reserves;
}

}  // namespace

bool make_reserves(market::MarketConfig& config, Threads& threads) {
  const market::ReserveFromConfig from = config.auction.reserve_from;
  if (!from.on()) return true;
  market::MarketConfig history = config;
  history.auction.reserve_from = {};
  history.auction.own_reserves.clear();
  history.stress = {};
  const market::MarketShape shape = history.shape();
  const Population population = load_population(from.population, shape.seats);
  const SeatedPopulation seated(population, history.bidder_rules(), shape.ticks);
  const auto market = market::make_market(history, threads);
  market->keep_ladders(true);
  LowestPrices prices(shape, history.auction_rule());
  const auto together = to_size(periods_together(history, seated.bidders, threads.count()));
  const std::vector<int64_t>& periods = from.periods.values;
  for (size_t first = 0; first < periods.size(); first += together) {
    std::vector<market::Cell> cells;
    std::vector<float> units;
    std::vector<int> seat_bidder;
    for (size_t p = first; p < std::min(first + together, periods.size()); ++p) {
      cells.push_back(make_cell(population, periods[p], history));
      units.push_back(as_float(market::bid_unit(cells.back())));
      seat_bidder.insert(seat_bidder.end(), seated.seat_bidder.begin(), seated.seat_bidder.end());
    }
    prices.start(std::move(units));
    if (!market::play(*market, std::move(cells), seated.bidders, seat_bidder, prices)) return false;
  }
  config.auction.own_reserves = reserves_of(prices, shape, config.auction);
  return true;
}

}  // namespace genbid::play

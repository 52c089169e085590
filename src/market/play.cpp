#include "market/market.h"

#include <cassert>

#include "base/convert.h"
#include "base/stop_signal.h"

namespace genbid::market {

bool play(Market& market, std::vector<Cell> cells, std::span<Bidder* const> bidders, std::span<const int> seat_bidder,
          PeriodSink& sink) {
  const size_t num_cells = cells.size();
  const auto num_seats = to_size(market.shape().seats);
  const size_t num_rows = num_cells * num_seats;
  assert(seat_bidder.size() == num_rows);
  market.reset(std::move(cells));

  // Each bidder's rows, in row order.
  struct Part {
    std::vector<size_t> rows;
    std::vector<SeatView> views;
    std::vector<BidFormula> bids;
  };
  std::vector<Part> parts(bidders.size());
  for (size_t row = 0; row < num_rows; ++row) {
    at(parts, seat_bidder[row]).rows.push_back(row);
  }

  std::vector<BidFormula> bids(num_rows);
  while (!market.done()) {
    if (stop_signal::requested()) return false;
    const int tick = market.tick();
    const std::span<const SeatView> views = market.observe();
    market.threads().parallel_for(std::ssize(bidders), 1, [&](int64_t first, int64_t last) {
      for (auto b = to_size(first); b < to_size(last); ++b) {
        Part& part = parts[b];
        if (part.rows.empty()) continue;
        part.views.clear();
        for (const size_t row : part.rows) part.views.push_back(views[row]);
        part.bids.assign(part.rows.size(), {});
        if (tick == 0) bidders[b]->reset(part.views);
        bidders[b]->bid(part.views, part.bids);
        for (size_t i = 0; i < part.rows.size(); ++i) bids[part.rows[i]] = part.bids[i];
      }
    });
    market.step(bids);
    const std::span<const SeatTick> finished = market.last_tick();
    for (size_t cell = 0; cell < num_cells; ++cell) {
      const auto seats = finished.subspan(cell * num_seats, num_seats);
      sink.on_tick(to_signed(cell), tick, seats);
      if (market.keeps_impressions()) {
        sink.on_impressions(to_signed(cell), tick, seats, market.impressions(cell));
      }
      if (market.keeps_ladders()) sink.on_ladder(to_signed(cell), tick, market.ladder(cell));
    }
  }
  return true;
}

}  // namespace genbid::market

#include "play/tape_maker.h"

#include <cstring>
#include <utility>

#include "base/convert.h"

namespace genbid::play {
namespace {

static_assert(sizeof(oracle::Knot) == to_size(data::TapeColumns::kNumbers) * sizeof(float));

}  // namespace

oracle::Responses tape_responses(const market::Market& market, const market::Cell& cell) {
  oracle::Auction auction;
  auction.rule = market.auction_rule(cell);
  std::vector<oracle::AlphaGrid> grids;
  for (const Advertiser& advertiser : cell.advertisers) grids.push_back(oracle::tape_grid(advertiser.cpa_limit));
  return {market.shape().ticks, auction, std::move(grids), false, true};
}

std::vector<float> tape_knots(const oracle::Responses& day, Threads& threads) {
  const oracle::CurveThinner thinner(day.grid(0));  // grids of other seats differ by a power of two
  const size_t num_knots = thinner.num_knots();
  const auto ticks = to_size(day.num_ticks());
  constexpr auto kNumbers = to_size(data::TapeColumns::kNumbers);
  std::vector<float> all(to_size(day.num_seats()) * ticks * num_knots * kNumbers);
  threads.parallel_for(day.num_seats(), 1, [&](int64_t begin, int64_t end) {
    std::vector<oracle::Knot> knots(num_knots);
    for (auto seat = to_size(begin); seat < to_size(end); ++seat) {
      for (size_t tick = 0; tick < ticks; ++tick) {
        thinner.thin(day, to_int(seat), to_int(tick), knots);
        float* const to = all.data() + (seat * ticks + tick) * num_knots * kNumbers;
        std::memcpy(to, knots.data(), num_knots * sizeof(oracle::Knot));
      }
    }
  });
  return all;
}

data::TapeInfo tape_info(const market::MarketShape& shape, const std::string& config_text) {
  data::TapeInfo info;
  info.ticks = shape.ticks;
  info.seats = shape.seats;
  info.octaves = oracle::kTapeOctaves;
  info.knots_per_octave = oracle::kKnotsPerOctave;
  info.config = config_text;
  return info;
}

void TapeMaker::start(const market::Cell& cell) {
  cell_ = cell;
  sink_.reset();
  responses_.reset();  // its memory is free before that of the next day is taken
  responses_.emplace(tape_responses(market_, cell_));
  sink_.emplace(*responses_, market_.threads());

  columns_ = {};
  columns_.ticks = market_.shape().ticks;
  columns_.octaves = oracle::kTapeOctaves;
  columns_.knots_per_octave = oracle::kKnotsPerOctave;
  for (const Advertiser& advertiser : cell_.advertisers) {
    const int seat = to_int(columns_.num_days());
    columns_.period.push_back(cell_.period);
    columns_.seat.push_back(seat);
    columns_.budget.push_back(advertiser.budget);
    columns_.cpa_limit.push_back(advertiser.cpa_limit);
    columns_.lowest.push_back(responses_->grid(seat).lowest);
  }
  const auto num_ticks = to_size(columns_.num_days() * columns_.ticks);
  for (auto* column : {&columns_.num_pv, &columns_.mean_pvalue, &columns_.price}) column->resize(num_ticks);
}

void TapeMaker::on_tick(int64_t /*cell*/, int tick, std::span<const market::SeatTick> seats) {
  for (size_t i = 0; i < seats.size(); ++i) {
    const size_t row = i * to_size(columns_.ticks) + to_size(tick);
    columns_.num_pv[row] = as_float(seats[i].start.num_pv);
    columns_.mean_pvalue[row] = as_float(seats[i].start.mean_pvalue);
    columns_.price[row] = as_float(seats[i].outcome.mean_least_winning_cost);
  }
}

void TapeMaker::on_ladder(int64_t cell, int tick, const market::TickLadder& ladder) {
  sink_->on_ladder(cell, tick, ladder);
}

std::optional<data::TapeColumns> TapeMaker::finish(const oracle::Record& again) {
  std::vector<oracle::Judged> judged;
  for (const Advertiser& advertiser : cell_.advertisers) {
    judged.push_back({to_int(judged.size()), {advertiser.budget, advertiser.cpa_limit}});
  }
  sink_.reset();
  const auto day = oracle::with_fitting_units(*std::exchange(responses_, std::nullopt), judged, again);
  if (!day) return std::nullopt;

  columns_.knots = tape_knots(*day, market_.threads());
  return std::move(columns_);
}

}  // namespace genbid::play

#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "market/market.h"
#include "oracle/fit.h"
#include "oracle/optima.h"
#include "oracle/responses.h"

namespace genbid::play {

// Plays one period and records what every seat would have got against the others' final bids, under either rule set:
// the input of the hindsight optimum (oracle/optima.h), with the usual units and grid (oracle/fit.h). It leaves the
// market at the period's end and no longer keeping ladders. The result is empty if a stop was asked for.
std::optional<oracle::Responses> record_responses(market::Market& market, market::Cell cell,
                                                  std::span<Bidder* const> bidders, std::span<const int> seat_bidder);
// Does the same with responses that responses_for has made for such cells. Returns false if a stop was asked for.
bool record_responses(market::Market& market, market::Cell cell, std::span<Bidder* const> bidders,
                      std::span<const int> seat_bidder, oracle::Responses& responses);
// Fills responses with what is played. The market must keep ladders.
class ResponseSink : public market::PeriodSink {
 public:
  ResponseSink(oracle::Responses& responses, Threads& threads) : responses_(responses), threads_(threads) {}

  void on_tick(int64_t /*cell*/, int /*tick*/, std::span<const market::SeatTick> /*seats*/) override {}
  void on_ladder(int64_t cell, int tick, const market::TickLadder& ladder) override;

 private:
  oracle::Responses& responses_;
  Threads& threads_;
  std::vector<oracle::ImpressionBlock> blocks_;
};
// A ladder as the oracle reads it: views of it.
void add_blocks(const market::TickLadder& ladder, std::vector<oracle::ImpressionBlock>& blocks);
// Empty responses for a cell of the market. Their grid fits its CPA limits; where these lie far apart, each seat has a
// grid of its own.
oracle::Responses responses_for(const market::Market& market, const market::Cell& cell, bool slots = true);
// The same of any auction, for a seat each; more seats than campaigns have the grid of the first.
oracle::Responses responses_for(const AuctionRule& rule, std::span<const Advertiser> campaigns, int num_seats,
                                int num_ticks, bool slots);

// What a seat of a period could have done best.
struct SeatHindsight {
  oracle::SeatOptima optima;
  std::shared_ptr<const oracle::DayPlan> plan;  // only where a teacher needs it: 1.8 MB
};

// Finds what each judged seat of a day could have done best, seats side by side, and hands it to fn(place in `judged`,
// hindsight), which may be called by different threads at once. Returns what units and grid of the day lack for one of
// the seats (oracle/fit.h); empty: nothing.
std::string for_each_hindsight(const oracle::Responses& day, std::span<const oracle::Judged> judged, Threads& threads,
                               const std::function<void(size_t place, SeatHindsight hindsight)>& fn);

// What each seat of each period could have done best. It must be written before the bidders that read it are asked.
class HindsightBook {
 public:
  void clear() { seats_.clear(); }
  void set(int64_t period, int seat, SeatHindsight hindsight) { seats_[{period, seat}] = std::move(hindsight); }
  const SeatHindsight& at(int64_t period, int seat) const;  // which must be there

 private:
  std::map<std::pair<int64_t, int>, SeatHindsight> seats_;
};

// Bidders that know what no bidder can know, the whole period, because it has been played before with the population in
// every seat. The book must outlive them.
//
// teacher: in every tick the alpha that is best for what is left of the day, given what it brought so far and the money
// that is left (oracle/day_plan.h).
std::unique_ptr<Bidder> make_teacher(const HindsightBook& book);
// hindsight_alpha: the day's best constant alpha.
std::unique_ptr<Bidder> make_hindsight_alpha(const HindsightBook& book);

}  // namespace genbid::play

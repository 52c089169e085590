#include "runs/round_market.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/convert.h"
#include "base/error.h"
#include "base/stop_signal.h"
#include "bidding/seat_day.h"
#include "data/tape_store.h"
#include "eval/candidate_bidder.h"
#include "play/category_reserves.h"
#include "play/hindsight.h"
#include "play/run_identity.h"
#include "runs/torch_threads.h"

namespace genbid::runs {
namespace {

// A tape, and what every seat's day came to.
class RoundDay : public market::PeriodSink {
 public:
  RoundDay(play::TapeMaker& tape, size_t num_seats) : tape_(tape), days_(num_seats) {}

  void on_tick(int64_t cell, int tick, std::span<const market::SeatTick> seats) override {
    for (size_t i = 0; i < seats.size(); ++i) days_[i].add(seats[i].start, seats[i].outcome);
    tape_.on_tick(cell, tick, seats);
  }
  void on_ladder(int64_t cell, int tick, const market::TickLadder& ladder) override {
    tape_.on_ladder(cell, tick, ladder);
  }
  const SeatDay& day(int seat) const { return days_[to_size(seat)]; }

 private:
  play::TapeMaker& tape_;
  std::vector<SeatDay> days_;
};

}  // namespace

std::string identity_of(const RoundsConfig& config) {
  play::SimulateConfig played;
  played.market = config.market;
  played.output.tape = true;
  return play::run_identity(played, play::load_population(config.market.population, config.market.shape().seats));
}

RoundMarket::RoundMarket(const TrainRunConfig& config, eval::PolicyBidderOptions bidder)
    : config_(config.rounds),
      seed_(config.train.seed),
      options_(std::move(bidder)),
      threads_(to_int(config.train.threads)),
      population_(play::load_population(config_.market.population, config_.market.shape().seats)),
      identity_(identity_of(config_)) {}

std::vector<int64_t> RoundMarket::periods(int64_t round) const {
  const std::vector<int64_t>& all = config_.market.periods.values;
  std::vector<int64_t> chosen;
  for (int64_t i = 0; i < config_.periods; ++i) {
    chosen.push_back(at(all, (round * config_.periods + i) % std::ssize(all)));
  }
  return chosen;
}

std::vector<int> RoundMarket::seats(int64_t round, int64_t place) const {
  std::vector<int> all(to_size(config_.market.shape().seats));
  std::iota(all.begin(), all.end(), 0);
  if (round == 0 || config_.seats == std::ssize(all)) return all;
  const RandomStream stream(static_cast<uint64_t>(seed_), "train.rounds");
  for (int64_t i = 0; i < config_.seats; ++i) {  // Fisher and Yates, as far as it is needed
    const auto bits = stream.bits(static_cast<uint32_t>(round), static_cast<uint32_t>(place), static_cast<uint32_t>(i));
    const auto left = as_double(std::ssize(all) - i);
    std::swap(at(all, i), at(all, i + static_cast<int64_t>(uniform_double(bits[0]) * left)));
  }
  all.resize(to_size(config_.seats));
  std::sort(all.begin(), all.end());
  return all;
}

bool RoundMarket::open() {
  if (market_) return true;
  market::MarketConfig& config = config_.market;
  if (!play::make_reserves(config, threads_)) return false;
  market_ = market::make_market(config, threads_);
  return true;
}

// As an evaluation seats it: whoever is the policy's has no rival's budget, and is misled where the market misleads.
market::Cell RoundMarket::cell(int64_t period, const std::vector<int>& candidates) const {
  market::Cell cell;
  cell.period = period;
  for (const play::PopulationSeat& seat : population_.seats) {
    const int place = to_int(cell.advertisers.size());
    const bool is_candidate = std::binary_search(candidates.begin(), candidates.end(), place);
    cell.advertisers.push_back(play::scaled_campaign(seat, config_.market, is_candidate));
    if (is_candidate && config_.market.stress.misleads()) cell.misled |= uint64_t{1} << to_size(place);
  }
  return cell;
}

std::optional<data::TapeColumns> RoundMarket::play_period(const market::Cell& cell, play::TapeMaker& tape,
                                                          const std::vector<Bidder*>& bidders,
                                                          const std::vector<int>& seat_bidder,
                                                          const std::vector<int>& judged) {
  const std::vector<double> before = memory_of(bidders);
  tape.start(cell);
  RoundDay day(tape, cell.advertisers.size());
  market_->keep_ladders(true);
  const bool finished = market::play(*market_, {cell}, bidders, seat_bidder, day);
  market_->keep_ladders(false);
  if (!finished) return std::nullopt;
  for (const int seat : judged) {
    const Advertiser& campaign = cell.advertisers[to_size(seat)];
    const SeatDay& one = day.day(seat);
    score_ += one.expected_score(campaign.cpa_limit);
    cost_ += one.cost();
    budget_ += campaign.budget;
    paid_ += one.cost() / campaign.cpa_limit;
    value_ += one.expected_conversions();
    ++num_cells_;
  }
  return tape.finish([&](oracle::Responses& again) {
    remember(bidders, before);  // a day that is recorded again is the same day
    return play::record_responses(*market_, cell, bidders, seat_bidder, again);
  });
}

std::optional<RoundSummary> RoundMarket::play(int64_t round, const std::shared_ptr<policy::Policy>& policy,
                                              const std::string& path) {
  if (!open()) return std::nullopt;
  const OneTorchThread one_thread;
  const market::MarketShape shape = config_.market.shape();
  const bool was_training = policy->is_training();
  // Made anew: it takes the policy's own wishes when it is made, and these follow from the training.
  eval::PolicyBidder bidder(policy, options_, threads_);
  policy->train(was_training);
  eval::CandidateBidder candidate("the policy in its rounds", bidder);
  play::SeatedPopulation seated(population_, config_.market.bidder_rules(), shape.ticks);
  std::vector<Bidder*> bidders = seated.bidders;
  bidders.push_back(&candidate);

  const std::vector<int64_t> periods = this->periods(round);
  data::TapeStoreWriter writer(path);
  writer.begin(play::tape_info(shape, identity_), std::ssize(periods) * shape.seats);
  play::TapeMaker tape(*market_);
  score_ = cost_ = budget_ = paid_ = value_ = 0.0;
  num_cells_ = 0;
  policy->eval();
  for (int64_t place = 0; place < std::ssize(periods); ++place) {
    const std::vector<int> seats = this->seats(round, place);
    std::vector<int> seat_bidder = seated.seat_bidder;
    for (const int seat : seats) {
      if (round > 0) seat_bidder[to_size(seat)] = to_int(bidders.size()) - 1;
    }
    const market::Cell played = cell(at(periods, place), round > 0 ? seats : std::vector<int>());
    const auto columns = play_period(played, tape, bidders, seat_bidder, seats);
    if (!columns) break;
    writer.append(*columns);
    if (place + 1 == std::ssize(periods)) writer.finish();
  }
  policy->train(was_training);
  if (num_cells_ == 0 || stop_signal::requested()) return std::nullopt;
  return RoundSummary{score_ / as_double(num_cells_), cost_ / budget_, value_ > 0.0 ? paid_ / value_ : 0.0};
}

}  // namespace genbid::runs

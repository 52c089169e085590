#include "eval/platform_evaluation.h"

#include <algorithm>
#include <array>

#include "base/convert.h"
#include "base/error.h"
#include "base/files/content_hash.h"
#include "bidding/seat_day.h"
#include "eval/candidate_bidder.h"
#include "oracle/fit.h"

namespace genbid::eval {
namespace {

constexpr int kEverySeventh = 7;
constexpr double kPromotedBudget = 2.0;
constexpr int kCandidateBidder = 0;
constexpr int kOpponentBidder = 1;

// Adds up every seat of a cell, and hands its highest bids on to where the optimum comes from.
class PlatformDay : public market::PeriodSink {
 public:
  PlatformDay(const AuctionRule& rule, size_t num_seats, const std::function<void()>& tick_played,
              play::ResponseSink* responses)
      : rule_(rule),
        days_(num_seats),
        exposed_(num_seats, 0),
        least_cost_(num_seats, 0.0),
        tick_played_(tick_played),
        responses_(responses) {}

  void on_tick(int64_t /*cell*/, int tick, std::span<const market::SeatTick> seats) override {
    for (size_t i = 0; i < seats.size(); ++i) {
      const TickOutcome& outcome = seats[i].outcome;
      days_[i].add(seats[i].start, outcome);
      exposed_[i] += outcome.num_exposed;
      least_cost_[i] += as_double(outcome.num_exposed) * rule_.reserve_of(tick, to_int(i));
    }
    if (tick_played_) tick_played_();
  }
  void on_ladder(int64_t cell, int tick, const market::TickLadder& ladder) override {
    if (responses_ != nullptr) responses_->on_ladder(cell, tick, ladder);
  }

  void fill_in(size_t seat, PlatformCell& cell) const {
    const SeatDay& day = days_[seat];
    CellResult& result = cell.result;
    result.cost = day.cost();
    result.conversions = as_double(day.num_conversions());
    result.expected_conversions = day.expected_conversions();
    result.conversion_variance = day.conversion_variance();
    result.score = day.score(result.cpa_limit);
    result.expected_score = day.expected_score(result.cpa_limit);
    result.score_of_expectation = day.score_of_expectation(result.cpa_limit);
    result.wins = day.num_wins();
    result.last_active_tick = day.last_active_tick();
    cell.num_exposed = exposed_[seat];
    cell.least_cost = least_cost_[seat];
  }

 private:
  AuctionRule rule_;
  std::vector<SeatDay> days_;
  std::vector<int64_t> exposed_;
  std::vector<double> least_cost_;
  const std::function<void()>& tick_played_;
  play::ResponseSink* responses_;
};

void check(const PlatformPlan& plan, const Candidate& candidate) {
  if (candidate.kind == "hindsight" || candidate.bidder == nullptr) {
    throw Error("policy: found " + candidate.name +
                " with protocol platform, expected none that knows the day: there every seat plays it otherwise");
  }
  if ((plan.mix == PlatformMix::kHeterogeneous) != (plan.opponent != nullptr)) {
    throw Error(plan.opponent == nullptr
                    ? "platform.opponent: found none, expected one where platform.mix is heterogeneous"
                    : "platform.opponent: found " + plan.opponent_name +
                          ", expected none where platform.mix is not heterogeneous");
  }
}

// Plays the periods of a plan, and finds every seat's optimum.
class PlatformPlay {
 public:
  PlatformPlay(const PlatformPlan& plan, const Candidate& candidate, market::Market& market,
               const std::function<void()>& tick_played)
      : plan_(plan),
        market_(market),
        tick_played_(tick_played),
        policy_seed_(candidate.policy_seed),
        candidate_(candidate.name, *candidate.bidder) {
    bidders_.push_back(&candidate_);
    if (plan.opponent != nullptr) {
      opponent_.emplace(plan.opponent_name, *plan.opponent);
      bidders_.push_back(&*opponent_);
    }
    // Bidders forget earlier periods, so that a judgement does not begin where an earlier one ended.
    for (Bidder* bidder : bidders_) {
      if (bidder->keeps_state_between_periods()) bidder->reset({});
    }
  }

  JobKey key(const Candidate& candidate, size_t period) const {
    std::string text = plan_.scenario + "\ncandidate " + candidate.identity;
    text += plan_.with_optimum ? "\nwith optima" : "";
    if (is_chain()) {
      text += "\nafter";
      for (size_t p = 0; p < period; ++p) text += " " + std::to_string(plan_.periods[p]);
    }
    return {candidate.folder, content_hash(text), plan_.periods[period], plan_.market.seed, candidate.policy_seed};
  }
  // What bidders that remember periods know after the last one.
  std::vector<double> memory() const { return is_chain() ? memory_of(bidders_) : std::vector<double>(); }
  // Leaves bidders and progress as if the period had been played.
  void pass_over(const PlatformPeriodCells& job) {
    if (is_chain()) genbid::remember(bidders_, job.memory);
    for (int tick = 0; tick_played_ && tick < plan_.market.shape().ticks; ++tick) tick_played_();
  }

  // The cells of a period; none if a stop was asked for.
  std::vector<PlatformCell> play(int64_t period) {
    const market::Cell market_cell = seated(period);
    std::vector<PlatformCell> cells = empty_cells(market_cell);
    if (!plan_.with_optimum) {
      PlatformDay day(market_.auction_rule(market_cell), cells.size(), tick_played_, nullptr);
      if (!play(market_cell, day)) return {};
      fill_in(day, cells);
      return cells;
    }
    if (!responses_) responses_ = play::responses_for(market_, market_cell, /*slots=*/false);
    responses_->clear();
    play::ResponseSink sink(*responses_, market_.threads());
    PlatformDay day(market_.auction_rule(market_cell), cells.size(), tick_played_, &sink);
    if (!play(market_cell, day)) return {};
    fill_in(day, cells);
    return find_optima(market_cell, cells) ? cells : std::vector<PlatformCell>();
  }

 private:
  bool is_chain() const { return keep_state_between_periods(bidders_); }
  PlatformGroup group(int64_t period, size_t seat) const { return platform_group(plan_.mix, period, to_int(seat)); }

  // Every seat is judged: none has a rival's budget.
  market::Cell seated(int64_t period) {
    market::Cell cell;
    cell.period = period;
    seat_bidder_.clear();
    for (const play::PopulationSeat& seat : plan_.population.seats) {
      const PlatformGroup sits = group(period, cell.advertisers.size());
      Advertiser campaign = play::scaled_campaign(seat, plan_.market, /*judged=*/true);
      if (sits == PlatformGroup::kPromoted) campaign.budget *= kPromotedBudget;
      if (sits != PlatformGroup::kOpponent && plan_.market.stress.misleads()) {
        cell.misled |= uint64_t{1} << cell.advertisers.size();
      }
      cell.advertisers.push_back(campaign);
      seat_bidder_.push_back(sits == PlatformGroup::kOpponent ? kOpponentBidder : kCandidateBidder);
    }
    return cell;
  }

  std::vector<PlatformCell> empty_cells(const market::Cell& cell) const {
    std::vector<PlatformCell> cells(cell.advertisers.size());
    for (size_t seat = 0; seat < cells.size(); ++seat) {
      cells[seat].group = group(cell.period, seat);
      CellResult& result = cells[seat].result;
      result.period = cell.period;
      result.market_seed = plan_.market.seed;
      result.policy_seed = policy_seed_;
      result.seat = to_signed(seat);
      result.budget = cell.advertisers[seat].budget;
      result.cpa_limit = cell.advertisers[seat].cpa_limit;
    }
    return cells;
  }

  static void fill_in(const PlatformDay& day, std::vector<PlatformCell>& cells) {
    for (size_t seat = 0; seat < cells.size(); ++seat) day.fill_in(seat, cells[seat]);
  }

  bool play(const market::Cell& cell, market::PeriodSink& sink) {
    market_.keep_ladders(plan_.with_optimum);
    const bool finished = market::play(market_, {cell}, bidders_, seat_bidder_, sink);
    market_.keep_ladders(false);
    return finished;
  }

  bool find_optima(const market::Cell& cell, std::vector<PlatformCell>& cells) {
    std::vector<oracle::Judged> judged;
    for (size_t seat = 0; seat < cells.size(); ++seat) {
      const Advertiser& campaign = cell.advertisers[seat];
      judged.push_back({to_int(seat), {campaign.budget, campaign.cpa_limit}});
    }
    const std::string where = "period " + std::to_string(cell.period);
    const auto record = [&](oracle::Responses& again) {
      if (keep_state_between_periods(bidders_)) {
        throw Error(where +
                    ": no optimum in hindsight: found prices or values beyond the usual units, which takes "
                    "playing the period again, and bidders that remember the last one; expected "
                    "platform.optimum: false");
      }
      return play::record_responses(market_, cell, bidders_, seat_bidder_, again);
    };
    const auto judge = [&](const oracle::Responses& day) { return judge_seats(day, cell, judged, cells); };
    return oracle::judge_fitted(*responses_, judged, record, judge, where);
  }

  // Returns what units and grid of the day lack for one of the seats, if anything.
  std::string judge_seats(const oracle::Responses& day, const market::Cell& cell,
                          std::span<const oracle::Judged> judged, std::vector<PlatformCell>& cells) {
    std::vector<std::string> lacks(cells.size());
    market_.threads().parallel_for(std::ssize(cells), 1, [&](int64_t begin, int64_t end) {
      for (auto seat = to_size(begin); seat < to_size(end); ++seat) {
        const oracle::DayPlan plan(day, judged[seat].seat);
        const oracle::SeatOptima optima = oracle::seat_optima(day, judged[seat].seat, plan, cell.advertisers[seat]);
        cells[seat].result.optimum = optima.per_tick.score;
        lacks[seat] = oracle::shortfall(day, judged[seat], plan, optima);
        if (!lacks[seat].empty()) lacks[seat] += " (seat " + std::to_string(seat) + ")";
      }
    });
    const auto first = std::find_if(lacks.begin(), lacks.end(), [](const std::string& one) { return !one.empty(); });
    return first == lacks.end() ? std::string() : *first;
  }

  const PlatformPlan& plan_;
  market::Market& market_;
  const std::function<void()>& tick_played_;
  int64_t policy_seed_;
  CandidateBidder candidate_;
  std::optional<CandidateBidder> opponent_;
  std::vector<Bidder*> bidders_;
  std::vector<int> seat_bidder_;                // of the period
  std::optional<oracle::Responses> responses_;  // one memory for all periods
};

}  // namespace

const std::vector<std::string>& platform_mixes() {
  static const std::vector<std::string> names = {"homogeneous", "heterogeneous", "promotion"};
  return names;
}

PlatformMix parse_platform_mix(std::string_view name) {
  const auto& names = platform_mixes();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    throw Error("mix: found '" + std::string(name) + "', expected homogeneous, heterogeneous or promotion");
  }
  return static_cast<PlatformMix>(found - names.begin());
}

PlatformGroup platform_group(PlatformMix mix, int64_t period, int seat) {
  if (mix == PlatformMix::kHeterogeneous) {
    return (period + seat) % 2 == 0 ? PlatformGroup::kCandidate : PlatformGroup::kOpponent;
  }
  const bool promoted = mix == PlatformMix::kPromotion && seat % kEverySeventh == 0;
  return promoted ? PlatformGroup::kPromoted : PlatformGroup::kCandidate;
}

std::optional<PlatformEvaluation> evaluate_platform(const PlatformPlan& plan, const Candidate& candidate,
                                                    market::Market& market, const std::function<void()>& tick_played) {
  check(plan, candidate);
  PlatformEvaluation evaluation{candidate.name,   candidate.kind,   candidate.asked, {},
                                candidate.record, plan.with_optimum};
  PlatformPlay playing(plan, candidate, market, tick_played);
  for (size_t p = 0; p < plan.periods.size(); ++p) {
    const JobKey key = playing.key(candidate, p);
    std::optional<PlatformPeriodCells> job;
    if (plan.store != nullptr) job = plan.store->find_platform(key);
    if (job) {
      playing.pass_over(*job);
    } else {
      job = {playing.play(plan.periods[p]), {}};
      if (job->cells.empty()) return std::nullopt;
      job->memory = playing.memory();
      if (plan.store != nullptr) plan.store->keep_platform(key, *job);
    }
    evaluation.cells.insert(evaluation.cells.end(), job->cells.begin(), job->cells.end());
  }
  return evaluation;
}

}  // namespace genbid::eval

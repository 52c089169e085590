#include "eval/evaluation.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "base/error.h"
#include "base/progress.h"
#include "base/stop_signal.h"
#include "bidding/score.h"
#include "bidding/seat_day.h"
#include "eval/candidate_bidder.h"
#include "oracle/fit.h"
#include "play/simulate.h"

namespace genbid::eval {
namespace {

// Adds up the judged seat of each cell.
class JudgedSeats : public market::PeriodSink {
 public:
  JudgedSeats(std::vector<CellResult*> cells, int num_ticks, Progress& progress, int64_t& ticks_done)
      : cells_(std::move(cells)),
        num_ticks_(num_ticks),
        days_(cells_.size()),
        progress_(progress),
        ticks_done_(ticks_done) {}

  void on_tick(int64_t cell, int tick, std::span<const market::SeatTick> seats) override {
    CellResult& result = *cells_[static_cast<size_t>(cell)];
    SeatDay& day = days_[static_cast<size_t>(cell)];
    const market::SeatTick& seat = seats[static_cast<size_t>(result.seat)];
    day.add(seat.start, seat.outcome);
    if (tick + 1 == num_ticks_) {
      result.cost = day.cost();
      result.expected_conversions = day.expected_conversions();
      result.conversions = static_cast<double>(day.num_conversions());
      result.conversion_variance = day.conversion_variance();
      result.score = day.score(result.cpa_limit);
      result.expected_score = day.expected_score(result.cpa_limit);
      result.score_of_expectation = day.score_of_expectation(result.cpa_limit);
      result.wins = day.num_wins();
      result.last_active_tick = day.last_active_tick();
    }
    progress_.update(++ticks_done_);
  }

 private:
  std::vector<CellResult*> cells_;
  int num_ticks_;
  std::vector<SeatDay> days_;
  Progress& progress_;
  int64_t& ticks_done_;
};

Advertiser judged_campaign(const EvaluationPlan& plan, int seat) {
  return play::scaled_campaign(plan.population.seats[static_cast<size_t>(seat)], plan.market, true);
}

// Plays periods with the population in every seat, and finds each judged seat's optimum.
class HindsightPass {
 public:
  HindsightPass(const EvaluationPlan& plan, market::Market& market, bool with_slots)
      : plan_(plan),
        market_(market),
        with_slots_(with_slots),
        seated_(plan.population, plan.market.bidder_rules(), plan.market.shape().ticks) {}

  // Returns what each seat of the plan could have done; nothing if a stop was asked for.
  std::vector<play::SeatHindsight> play(int64_t period) {
    const market::Cell population = play::make_cell(plan_.population, period, plan_.market);
    if (!responses_) responses_ = play::responses_for(market_, population, with_slots_);
    const auto record = [&](oracle::Responses& day) {
      return play::record_responses(market_, population, seated_.bidders, seated_.seat_bidder, day);
    };
    if (!record(*responses_)) return {};
    std::vector<oracle::Judged> judged;
    for (const int seat : plan_.seats) {
      const Advertiser campaign = judged_campaign(plan_, seat);
      judged.push_back({seat, {campaign.budget, campaign.cpa_limit}});
    }
    std::vector<play::SeatHindsight> seats(plan_.seats.size());
    const auto judge = [&](const oracle::Responses& day) { return judge_seats(day, judged, seats); };
    const std::string where = "period " + std::to_string(period);
    if (!oracle::judge_fitted(*responses_, judged, record, judge, where)) return {};
    return seats;
  }

 private:
  // Returns what units and grid of the day lack for one of the seats, if anything.
  std::string judge_seats(const oracle::Responses& day, std::span<const oracle::Judged> judged,
                          std::vector<play::SeatHindsight>& seats) const {
    std::vector<std::string> lacks(seats.size());
    market_.threads().parallel_for(std::ssize(seats), 1, [&](int64_t begin, int64_t end) {
      for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
        const int seat = judged[i].seat;
        auto plan = std::make_shared<oracle::DayPlan>(day, seat);
        seats[i].optima = oracle::seat_optima(day, seat, *plan, judged_campaign(plan_, seat));
        lacks[i] = oracle::shortfall(day, judged[i], *plan, seats[i].optima);
        if (!lacks[i].empty()) lacks[i] += " (seat " + std::to_string(seat) + ")";
        seats[i].plan = plan_.with_plans ? std::move(plan) : nullptr;
      }
    });
    const auto first = std::find_if(lacks.begin(), lacks.end(), [](const std::string& one) { return !one.empty(); });
    return first == lacks.end() ? std::string() : *first;
  }

  const EvaluationPlan& plan_;
  market::Market& market_;
  bool with_slots_;
  std::optional<oracle::Responses> responses_;  // one memory for all periods
  play::SeatedPopulation seated_;
};

const oracle::Optimum& chosen(const oracle::SeatOptima& optima, HindsightChoice choice) {
  switch (choice) {
    case HindsightChoice::kConstant:
      return optima.constant;
    case HindsightChoice::kConstantKept:
      return optima.constant_kept;
    case HindsightChoice::kSlots:
      return optima.slots;
    case HindsightChoice::kPerTick:
      break;
  }
  return optima.per_tick;
}

void fill_in(const oracle::Optimum& optimum, CellResult& cell) {
  cell.drawn = false;
  cell.cost = optimum.cost;
  cell.expected_conversions = optimum.value;
  cell.expected_score = optimum.score;
  cell.score_of_expectation = score_of_expectation(optimum.value, optimum.cost, cell.cpa_limit);
}

}  // namespace

const std::vector<std::string>& hindsight_choices() {
  static const std::vector<std::string> names = {"per_tick", "constant", "constant_kept", "slots"};
  return names;
}

HindsightChoice parse_hindsight_choice(std::string_view name) {
  const auto& names = hindsight_choices();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    throw Error("choice: found '" + std::string(name) + "', expected per_tick, constant, constant_kept or slots");
  }
  return static_cast<HindsightChoice>(found - names.begin());
}

double CellResult::cpa() const { return genbid::cpa(conversions, cost); }
double CellResult::budget_use() const { return budget > 0.0 ? cost / budget : 0.0; }
bool CellResult::exceeds_cpa() const { return cpa() > cpa_limit; }
// An optimum that keeps the limit lies on it but for rounding.
bool CellResult::expected_to_exceed_cpa() const {
  return genbid::cpa(expected_conversions, cost) > cpa_limit * (1.0 + 1e-9);
}

EvaluationMeans means(const Evaluation& evaluation) {
  EvaluationMeans sum;
  for (const CellResult& cell : evaluation.cells) {
    sum.drawn = sum.drawn && cell.drawn;
    sum.expected_score += cell.expected_score;
    sum.score_of_expectation += cell.score_of_expectation;
    sum.score += cell.score;
    sum.conversions += cell.conversions;
    sum.cpa_exceed_share += cell.exceeds_cpa() ? 1.0 : 0.0;
    sum.expected_cpa_exceed_share += cell.expected_to_exceed_cpa() ? 1.0 : 0.0;
    sum.budget_use += cell.budget_use();
    sum.optimum += cell.optimum;
    sum.regret += cell.regret();
  }
  if (sum.optimum > 0.0) sum.share_of_optimum = sum.expected_score / sum.optimum;
  const auto n = static_cast<double>(std::max<size_t>(evaluation.cells.size(), 1));
  for (double* mean :
       {&sum.expected_score, &sum.score_of_expectation, &sum.score, &sum.conversions, &sum.cpa_exceed_share,
        &sum.expected_cpa_exceed_share, &sum.budget_use, &sum.optimum, &sum.regret}) {
    *mean /= n;
  }
  return sum;
}

std::vector<Evaluation> evaluate_in_market(const EvaluationPlan& plan, const std::vector<Candidate>& candidates,
                                           Threads& threads) {
  const market::MarketShape shape = plan.market.shape();
  std::vector<Evaluation> evaluations;
  for (const Candidate& candidate : candidates) {
    Evaluation evaluation{candidate.name, candidate.kind, {}, candidate.asked};
    for (const int64_t period : plan.periods) {
      for (const int seat : plan.seats) {
        const Advertiser advertiser = judged_campaign(plan, seat);
        CellResult cell;
        cell.period = period;
        cell.seat = seat;
        cell.budget = advertiser.budget;
        cell.cpa_limit = advertiser.cpa_limit;
        evaluation.cells.push_back(cell);
      }
    }
    evaluations.push_back(std::move(evaluation));
  }

  // Bidders: the population's seats, then the candidates.
  const play::SeatedPopulation seated(plan.population, plan.market.bidder_rules(), shape.ticks);
  std::vector<Bidder*> bidders = seated.bidders;
  std::vector<std::unique_ptr<CandidateBidder>> named;
  std::vector<int> candidate_bidder;
  for (const Candidate& candidate : candidates) {
    candidate_bidder.push_back(static_cast<int>(bidders.size()));
    if (candidate.bidder == nullptr) continue;
    named.push_back(std::make_unique<CandidateBidder>(candidate.name, *candidate.bidder));
    bidders.push_back(named.back().get());
  }

  const auto played = static_cast<int64_t>(
      std::count_if(candidates.begin(), candidates.end(), [](const Candidate& one) { return one.bidder != nullptr; }));
  const auto cells_per_period = static_cast<int64_t>(plan.seats.size()) * played;
  Progress progress("evaluate", static_cast<int64_t>(plan.periods.size()) * cells_per_period * shape.ticks, "ticks");
  int64_t ticks_done = 0;
  const auto market = market::make_market(plan.market, threads);
  const bool with_slots = std::any_of(candidates.begin(), candidates.end(), [](const Candidate& one) {
    return one.bidder == nullptr && one.choice == HindsightChoice::kSlots;
  });
  HindsightPass hindsight(plan, *market, with_slots);
  const auto together = static_cast<size_t>(std::min<int64_t>(4, play::periods_together(plan.market, bidders, 1)));
  for (size_t first = 0; first < plan.periods.size(); first += together) {
    const size_t last = std::min(first + together, plan.periods.size());
    if (plan.book != nullptr) plan.book->clear();
    for (size_t p = first; p < last; ++p) {
      std::vector<play::SeatHindsight> seats = hindsight.play(plan.periods[p]);
      if (seats.size() != plan.seats.size()) return {};
      for (size_t s = 0; s < seats.size(); ++s) {
        for (size_t c = 0; c < candidates.size(); ++c) {
          CellResult& cell = evaluations[c].cells[p * plan.seats.size() + s];
          cell.optimum = seats[s].optima.per_tick.score;
          if (candidates[c].bidder == nullptr) fill_in(chosen(seats[s].optima, candidates[c].choice), cell);
        }
        if (plan.book != nullptr) plan.book->set(plan.periods[p], plan.seats[s], std::move(seats[s]));
      }
    }

    std::vector<market::Cell> cells;
    std::vector<int> seat_bidder;
    std::vector<CellResult*> results;
    for (size_t c = 0; c < candidates.size(); ++c) {
      if (candidates[c].bidder == nullptr) continue;
      for (size_t p = first; p < last; ++p) {
        for (size_t s = 0; s < plan.seats.size(); ++s) {
          cells.push_back(play::make_cell(plan.population, plan.periods[p], plan.market, plan.seats[s]));
          CellResult& result = evaluations[c].cells[p * plan.seats.size() + s];
          results.push_back(&result);
          for (int seat = 0; seat < shape.seats; ++seat) {
            seat_bidder.push_back(seat == result.seat ? candidate_bidder[c] : seat);
          }
        }
      }
    }
    if (cells.empty()) continue;
    JudgedSeats sink(results, shape.ticks, progress, ticks_done);
    if (!market::play(*market, std::move(cells), bidders, seat_bidder, sink)) return {};
  }
  progress.finish();
  return evaluations;
}

}  // namespace genbid::eval

#include "eval/evaluation.h"

#include <algorithm>
#include <memory>

#include "base/progress.h"
#include "base/stop_signal.h"
#include "bidding/score.h"
#include "play/simulate.h"

namespace genbid {
namespace {

// Adds up the judged seat of each cell.
class JudgedSeats : public PeriodSink {
 public:
  JudgedSeats(std::vector<CellResult*> cells, int num_ticks, Progress& progress, int64_t& ticks_done)
      : cells_(std::move(cells)), num_ticks_(num_ticks), ticks_(cells_.size()), progress_(progress), ticks_done_(ticks_done) {}

  void on_tick(int64_t cell, int tick, std::span<const SeatTick> seats) override {
    CellResult& result = *cells_[static_cast<size_t>(cell)];
    Ticks& ticks = ticks_[static_cast<size_t>(cell)];
    const TickOutcome& outcome = seats[static_cast<size_t>(result.seat)].outcome;
    ticks.cost[static_cast<size_t>(tick)] = outcome.cost;
    ticks.expected_conversions[static_cast<size_t>(tick)] = outcome.sum_pvalue_exposed;
    if (tick + 1 == num_ticks_) {
      result.cost = sum_of_ticks(ticks.cost, num_ticks_);
      result.expected_conversions = sum_of_ticks(ticks.expected_conversions, num_ticks_);
    }
    result.conversions += static_cast<double>(outcome.num_conversions);
    result.wins += outcome.num_wins;
    if (outcome.num_exposed > 0) result.last_active_tick = tick;
    progress_.update(++ticks_done_);
  }

 private:
  struct Ticks {
    TickValues cost{};
    TickValues expected_conversions{};
  };
  std::vector<CellResult*> cells_;
  int num_ticks_;
  std::vector<Ticks> ticks_;
  Progress& progress_;
  int64_t& ticks_done_;
};

}  // namespace

double CellResult::cpa() const { return genbid::cpa(conversions, cost); }
double CellResult::budget_use() const { return cost / budget; }
bool CellResult::exceeds_cpa() const { return cpa() > cpa_limit; }

EvaluationMeans means(const Evaluation& evaluation) {
  EvaluationMeans sum;
  for (const CellResult& cell : evaluation.cells) {
    sum.expected_score += cell.expected_score;
    sum.score += cell.score;
    sum.conversions += cell.conversions;
    sum.cpa_exceed_share += cell.exceeds_cpa() ? 1.0 : 0.0;
    sum.budget_use += cell.budget_use();
  }
  const auto n = static_cast<double>(std::max<size_t>(evaluation.cells.size(), 1));
  return {sum.expected_score / n, sum.score / n, sum.conversions / n, sum.cpa_exceed_share / n, sum.budget_use / n};
}

std::vector<Evaluation> evaluate_in_market(const EvaluationPlan& plan, const std::vector<Candidate>& candidates,
                                           Threads& threads) {
  const MarketShape shape = plan.market.shape();
  std::vector<Evaluation> evaluations;
  for (const Candidate& candidate : candidates) {
    Evaluation evaluation{candidate.name, candidate.kind, {}, candidate.asked};
    for (const int64_t period : plan.periods) {
      for (const int seat : plan.seats) {
        const Advertiser& advertiser = plan.population.seats[static_cast<size_t>(seat)].advertiser;
        CellResult cell;
        cell.period = period;
        cell.seat = seat;
        cell.budget = advertiser.budget * plan.market.budget_scale;
        cell.cpa_limit = advertiser.cpa_limit * plan.market.cpa_scale;
        evaluation.cells.push_back(cell);
      }
    }
    evaluations.push_back(std::move(evaluation));
  }

  // Bidders: the population's seats, then the candidates.
  const auto population_bidders = make_bidders(plan.population, plan.market.bidder_rules(), shape.ticks);
  std::vector<Bidder*> bidders;
  for (const auto& bidder : population_bidders) bidders.push_back(bidder.get());
  const auto first_candidate = static_cast<int>(bidders.size());
  for (const Candidate& candidate : candidates) bidders.push_back(candidate.bidder);

  const auto cells_per_period = static_cast<int64_t>(plan.seats.size() * candidates.size());
  Progress progress("evaluate", static_cast<int64_t>(plan.periods.size()) * cells_per_period * shape.ticks,
                    "ticks");
  int64_t ticks_done = 0;
  const auto market = make_market(plan.market, threads);
  const auto together = static_cast<size_t>(std::min<int64_t>(4, periods_together(plan.market, bidders, 1)));
  for (size_t first = 0; first < plan.periods.size(); first += together) {
    const size_t last = std::min(first + together, plan.periods.size());
    std::vector<Cell> cells;
    std::vector<int> seat_bidder;
    std::vector<CellResult*> results;
    for (size_t c = 0; c < candidates.size(); ++c) {
      for (size_t p = first; p < last; ++p) {
        for (size_t s = 0; s < plan.seats.size(); ++s) {
          cells.push_back(make_cell(plan.population, plan.periods[p], plan.market, plan.seats[s]));
          CellResult& result = evaluations[c].cells[p * plan.seats.size() + s];
          results.push_back(&result);
          for (int seat = 0; seat < shape.seats; ++seat) {
            seat_bidder.push_back(seat == result.seat ? first_candidate + static_cast<int>(c) : seat);
          }
        }
      }
    }
    JudgedSeats sink(results, shape.ticks, progress, ticks_done);
    if (!play(*market, std::move(cells), bidders, seat_bidder, sink)) return {};
  }
  progress.finish();

  for (Evaluation& evaluation : evaluations) {
    for (CellResult& cell : evaluation.cells) {
      cell.score = score(cell.conversions, cell.cost, cell.cpa_limit);
      cell.expected_score = score(cell.expected_conversions, cell.cost, cell.cpa_limit);
    }
  }
  return evaluations;
}

}  // namespace genbid

#include "eval/obedience.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "base/convert.h"
#include "base/text_table.h"
#include "bidding/score.h"
#include "statistics/rank_correlation.h"

namespace genbid::eval {
namespace {

constexpr double kReachable = 0.9;  // of the optimum
constexpr double kSpent = 0.97;     // of the budget

DayTotals day_of(const CellResult& cell) {
  DayTotals day;
  day.budget = cell.budget;
  day.cpa_limit = cell.cpa_limit;
  day.won = cell.expected_conversions;
  day.cost = cell.cost;
  day.score = cell.expected_score;
  day.optimum = cell.optimum;
  return day;
}

bool known(Outcome outcome, const CellResult& cell) {
  return cell.budget > 0.0 && cell.cpa_limit > 0.0 && (outcome != Outcome::kCpa || cell.expected_conversions > 0.0);
}

bool feasible(Outcome outcome, double asked, const CellResult& cell) {
  if (outcome == Outcome::kShareOfOptimum) return asked <= kReachable;
  if (outcome == Outcome::kReturn) return asked * cell.budget / cell.cpa_limit <= kReachable * cell.optimum;
  if (outcome == Outcome::kBudgetUse) return asked <= 1.0;
  return outcome_of(outcome, cell) >= asked || cell.cost < kSpent * cell.budget;
}

// What was asked and what came of one seat and day, over the targets.
struct Pairs {
  std::vector<double> asked;
  std::vector<double> came;

  void add(double target, double value) {
    asked.push_back(target);
    came.push_back(value);
  }
  double correlation() const { return statistics::rank_correlation(asked, came); }
};

// Calls fn(target, cell number, cell) for all cells of which the outcome is known.
template <typename Fn>
void for_each_cell(Outcome outcome, const std::vector<const Evaluation*>& evaluations,
                   const std::vector<double>& targets, const Fn& fn) {
  for (size_t i = 0; i < evaluations.size(); ++i) {
    const std::vector<CellResult>& cells = evaluations[i]->cells;
    for (size_t c = 0; c < cells.size(); ++c) {
      if (known(outcome, cells[c])) fn(targets[i], c, cells[c]);
    }
  }
}

// The cells of the evaluation that was asked for the middle target; null where there is none.
const std::vector<CellResult>* middle(const std::vector<const Evaluation*>& evaluations,
                                      const std::vector<double>& targets) {
  if (targets.empty()) return nullptr;
  std::vector<size_t> order(targets.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return targets[a] < targets[b]; });
  return &evaluations[order[order.size() / 2]]->cells;
}

// Rank correlation of the targets with an outcome that may be another one.
double correlation_with(Outcome outcome, const std::vector<const Evaluation*>& evaluations,
                        const std::vector<double>& targets) {
  Pairs all;
  for_each_cell(outcome, evaluations, targets,
                [&](double asked, size_t, const CellResult& cell) { all.add(asked, outcome_of(outcome, cell)); });
  return all.correlation();
}

}  // namespace

double outcome_of(Outcome outcome, const CellResult& cell) {
  return outcome_kinds()[index_of(outcome)].of(day_of(cell));
}

Obedience obedience(Outcome outcome, const std::vector<const Evaluation*>& evaluations,
                    const std::vector<double>& targets) {
  Obedience result;
  result.num_targets = targets.size();
  Pairs all;
  Pairs perfect;
  const std::vector<CellResult>* const deaf = middle(evaluations, targets);
  std::vector<Pairs> by_cell(evaluations.empty() ? 0 : evaluations.front()->cells.size());
  for_each_cell(outcome, evaluations, targets, [&](double asked, size_t c, const CellResult& cell) {
    const double came = outcome_of(outcome, cell);
    const bool could = feasible(outcome, asked, cell);
    all.add(asked, came);
    by_cell[c].add(asked, came);
    // A perfect policy comes as near as it can.
    const double best = outcome == Outcome::kReturn ? kReachable * cell.optimum * cell.cpa_limit / cell.budget
                                                    : (outcome == Outcome::kShareOfOptimum ? kReachable : came);
    perfect.add(asked, could ? asked : best);
    if (!could || !known(outcome, (*deaf)[c])) return;
    ++result.num_feasible;
    result.mean_error += std::abs(came - asked);
    result.deaf_error += std::abs(outcome_of(outcome, (*deaf)[c]) - asked);
  });
  result.num_cells = all.asked.size();
  for (double* const error : {&result.mean_error, &result.deaf_error}) {
    if (result.num_feasible > 0) *error /= as_double(result.num_feasible);
  }
  result.correlation = all.correlation();
  result.ceiling = perfect.correlation();
  double seats = 0.0;
  double pairs = 0.0;
  for (const Pairs& one : by_cell) {
    if (one.asked.size() < 2) continue;
    result.within += one.correlation();
    seats += 1.0;
    std::vector<size_t> order(one.asked.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return one.asked[a] < one.asked[b]; });
    for (size_t i = 1; i < order.size(); ++i) {
      result.not_falling += one.came[order[i]] >= one.came[order[i - 1]] ? 1.0 : 0.0;
      pairs += 1.0;
    }
  }
  if (seats > 0.0) result.within /= seats;
  if (pairs > 0.0) result.not_falling /= pairs;
  return result;
}

std::string obedience_text(const std::string& who, Outcome outcome, const std::vector<const Evaluation*>& evaluations,
                           const std::vector<double>& targets) {
  if (evaluations.size() < 3) return {};
  const Obedience found = obedience(outcome, evaluations, targets);
  std::string text = who + ", asked for " + std::to_string(found.num_targets) + " values of " + wish_option(outcome) +
                     " (" + outcome_kinds()[index_of(outcome)].unit + ")\n";
  const auto line = [&](const std::string& what, const std::string& value) {
    text += "  " + what + "  " + value + "\n";
  };
  line("mean |came - asked|", number_text("%.3f", found.mean_error) + " over the " +
                                  std::to_string(found.num_feasible) + " of " + std::to_string(found.num_cells) +
                                  " cells in which it could come");
  line("of a deaf policy   ",
       number_text("%.3f", found.deaf_error) + ": what the middle wish brought, whatever is asked");
  line("rank correlation   ", number_text("%.3f", found.correlation) + " over all cells, " +
                                  number_text("%.3f", found.ceiling) + " of a perfect policy; " +
                                  number_text("%.3f", found.within) + " within a seat's day");
  line("a higher wish      ",
       "brought no less in " + number_text("%.0f%%", 100.0 * found.not_falling) + " of neighbouring pairs");
  std::string others;
  for (const OutcomeKind& kind : outcome_kinds()) {
    if (kind.outcome == outcome) continue;
    others += (others.empty() ? "" : ", ") + kind.name + " " +
              number_text("%.2f", correlation_with(kind.outcome, evaluations, targets));
  }
  line("correlation with   ", others);
  return text;
}

}  // namespace genbid::eval

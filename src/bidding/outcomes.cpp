#include "bidding/outcomes.h"

#include <algorithm>
#include <limits>

#include "base/convert.h"
#include "base/named_table.h"
#include "bidding/score.h"

namespace genbid {
namespace {

constexpr double kMaxCpaRatio = 10.0;

double par(const DayTotals& day) { return day.budget / day.cpa_limit; }

double cpa_ratio(const DayTotals& day) {
  return day.cost > 0.0 ? std::min(cpa(day.won, day.cost) / day.cpa_limit, kMaxCpaRatio) : 1.0;
}

double share_of_optimum(const DayTotals& day) {
  if (!day.optimum) return std::numeric_limits<double>::quiet_NaN();
  return *day.optimum > 0.0 ? day.score / *day.optimum : 1.0;  // nothing could be had, and nothing was missed
}

}  // namespace

const std::vector<OutcomeKind>& outcome_kinds() {
  static const std::vector<OutcomeKind> kinds = {
      {Outcome::kReturn, "return", "score / (budget / CPA limit)",
       [](const DayTotals& day) { return day.score / par(day); }},
      {Outcome::kValue, "value", "conversions won / (budget / CPA limit)",
       [](const DayTotals& day) { return day.won / par(day); }},
      {Outcome::kBudgetUse, "budget_use", "money spent / budget",
       [](const DayTotals& day) { return day.cost / day.budget; }},
      {Outcome::kCpa, "cpa", "money spent for a conversion / CPA limit", cpa_ratio},
      {Outcome::kShareOfOptimum, "share_of_optimum", "score / hindsight optimum", share_of_optimum},
  };
  return kinds;
}

const std::string& outcome_name(Outcome outcome) { return outcome_kinds()[index_of(outcome)].name; }

const std::vector<std::string>& outcome_names() {
  static const std::vector<std::string> names = names_in(outcome_kinds());
  return names;
}

Outcome parse_outcome(std::string_view name) { return find_named(outcome_kinds(), name, "outcome of a day").outcome; }

OutcomeValues outcomes_of(const DayTotals& day) {
  OutcomeValues values{};
  for (const OutcomeKind& kind : outcome_kinds()) values[index_of(kind.outcome)] = as_float(kind.of(day));
  return values;
}

OutcomeValues outcomes_before(const DayTotals& so_far) {
  OutcomeValues values{};
  for (const OutcomeKind& kind : outcome_kinds()) {
    if (to_signed(index_of(kind.outcome)) < kNumAdditive) values[index_of(kind.outcome)] = as_float(kind.of(so_far));
  }
  return values;
}

std::string wish_option(Outcome outcome) { return "target_" + outcome_name(outcome); }

}  // namespace genbid

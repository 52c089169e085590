#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What a day came to, and what may be asked of one: one table, which data sets, policies, evaluations and reports read.

namespace genbid {

// Additive ones come first: what a day brings is what each of its ticks brings, so at any tick a part of the wish is
// fulfilled and the rest is to go. The others are of the day as a whole, and the wish for them stays as it is.
enum class Outcome {
  kReturn,          // score in par units: score / (budget / CPA limit)
  kValue,           // conversions won in par units
  kBudgetUse,       // money spent as a share of the budget
  kCpa,             // money spent for a conversion won as a share of the CPA limit
  kShareOfOptimum,  // score as a share of the hindsight optimum
};
inline constexpr int64_t kNumOutcomes = 5;
inline constexpr int64_t kNumAdditive = 3;
inline constexpr size_t index_of(Outcome outcome) { return static_cast<size_t>(outcome); }

// A day, or its first ticks. Par is budget / CPA limit: the conversions of a budget that is spent at exactly the limit.
struct DayTotals {
  double budget = 0.0;     // money
  double cpa_limit = 0.0;  // money per conversion
  double won = 0.0;        // expected or realised conversions
  double cost = 0.0;       // money
  double score = 0.0;      // bidding/score.h, earned_score
  std::optional<double> optimum = {};
};

// One number an outcome. What is not known (the share of an optimum that is not there) is not a number.
using OutcomeValues = std::array<float, static_cast<size_t>(kNumOutcomes)>;

struct OutcomeKind {
  Outcome outcome;
  std::string name;  // "return", "value", "budget_use", "cpa", "share_of_optimum"
  std::string unit;
  double (*of)(const DayTotals& day);
};
// In the order of the enumeration.
const std::vector<OutcomeKind>& outcome_kinds();
const std::string& outcome_name(Outcome outcome);
const std::vector<std::string>& outcome_names();
Outcome parse_outcome(std::string_view name);  // Error for an unknown name

// cpa: at most 10, where almost nothing was won; 1 for a day that spent nothing, which says nothing about what it would
// have paid.
OutcomeValues outcomes_of(const DayTotals& day);
// What of the additive ones has come before a tick; 0 for the others.
OutcomeValues outcomes_before(const DayTotals& so_far);

// What a policy is asked for over a whole day, by outcome.
using Wishes = std::map<Outcome, double>;

// The name of the option that asks for an outcome: "target_return".
std::string wish_option(Outcome outcome);

}  // namespace genbid

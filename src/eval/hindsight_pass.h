#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "eval/evaluation.h"
#include "market/market.h"
#include "oracle/fit.h"
#include "oracle/responses.h"
#include "play/hindsight.h"
#include "play/population.h"

namespace genbid::eval {

// The campaign of a seat that is judged.
Advertiser judged_campaign(const EvaluationPlan& plan, int seat);

// Plays periods with the population in every seat, and finds each judged seat's optimum.
class HindsightPass {
 public:
  HindsightPass(const EvaluationPlan& plan, market::Market& market, bool with_slots);

  // Returns what each seat of the plan could have done, with its plan where asked for; nothing if a stop was asked for.
  std::vector<play::SeatHindsight> play(int64_t period, bool with_plans);
  // Whether a period depends on those before; then what the population remembers after the last one.
  bool is_chain() const { return is_chain_; }
  std::vector<double> memory() const { return memory_of(seated_.bidders); }
  void remember(std::span<const double> memory) { genbid::remember(seated_.bidders, memory); }
  bool with_slots() const { return with_slots_; }

 private:
  const EvaluationPlan& plan_;
  market::Market& market_;
  bool with_slots_;
  std::optional<oracle::Responses> responses_;  // one memory for all periods
  play::SeatedPopulation seated_;
  bool is_chain_;
};

}  // namespace genbid::eval

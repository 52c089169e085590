#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "eval/evaluation.h"
#include "bidding/outcomes.h"

namespace genbid::eval {

// Does a policy do what it is asked for? Of evaluations of one policy, each asked for another value of one outcome of a
// day, cells in one order in all of them.
struct Obedience {
  size_t num_targets = 0;
  size_t num_cells = 0;      // asked for, over all targets
  size_t num_feasible = 0;   // in which what was asked could have come
  double mean_error = 0.0;   // |came - asked| over feasible cells, in the outcome's unit
  double deaf_error = 0.0;   // the same if what the middle target brought had come of every target
  double correlation = 0.0;  // rank correlation of what was asked with what came, over all cells
  double ceiling = 0.0;      // that of a policy to which what was asked came wherever it is feasible
  double within = 0.0;       // mean over seats and days of each one's own correlation
  double not_falling = 0.0;  // share of neighbouring targets of a seat and day of which the higher one brought no less
};

// What came of a cell, in the unit of bidding/outcomes.h.
double outcome_of(Outcome outcome, const CellResult& cell);

// Feasible is a return or share of at most 0.9 of the optimum, and more of anything else where money was left: a budget
// that is spent buys no more. Where nothing was won, a CPA is not known and the cell is left out.
Obedience obedience(Outcome outcome, const std::vector<const Evaluation*>& evaluations,
                    const std::vector<double>& targets);

// For people: the above, and rank correlations with other outcomes. Empty for fewer than three evaluations.
std::string obedience_text(const std::string& who, Outcome outcome, const std::vector<const Evaluation*>& evaluations,
                           const std::vector<double>& targets);

}  // namespace genbid::eval

#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "eval/evaluation.h"
#include "eval/report.h"
#include "statistics/cells.h"
#include "statistics/estimate.h"

namespace genbid::eval {

// Cells of a candidate, of one training of it or of several: what a line of a table is about.
struct Run {
  std::optional<int64_t> training_seed;  // none: nothing was trained
  std::vector<CellResult> cells;
};
struct Contender {
  std::string name;
  std::string kind;  // "policy", "rule" or "hindsight"
  std::vector<Run> runs;
};

// Its expected scores, with the optima as bases.
statistics::CandidateCells shares_of(const Contender& contender);

// A line of a table of one scenario. Intervals are of 95 % (statistics/mean.h, statistics/difference.h): periods are
// what was drawn, and trainings where there are several.
struct SummaryRow {
  std::string name;
  std::string kind;
  int64_t trainings = 0;
  EvaluationMeans mean;  // over all cells
  statistics::Estimate expected_score;
  statistics::Estimate share_of_optimum;
  std::optional<statistics::Estimate> interquartile_share;  // of the cells' shares of the optimum; none without optima
  // Against the reference, in the same cells; none in its own line, and for one that nobody is compared with.
  std::optional<statistics::Estimate> difference;   // of expected scores
  std::optional<statistics::Estimate> improvement;  // the probability of a higher expected score in a cell
  std::optional<double> adjusted_p;                 // Holm's, over all comparisons of the table
};

struct Summary {
  std::string reference;  // empty where there is none
  std::vector<SummaryRow> rows;
};

// The lines in the order given. The reference is the contender of that name; empty: nobody is compared. What is known
// in hindsight is compared with nobody. Error where candidates did not meet the same cells.
Summary summarise(const std::vector<Contender>& contenders, const std::string& reference);

// Whom others are compared with where nothing is said: the first rule, else the first that is not hindsight; empty
// where there is but one.
std::string usual_reference(const std::vector<Contender>& contenders);

// A table: what was judged under one scenario, and nothing else.
struct SummaryTable {
  EvaluationContext context;
  Summary summary;
};
// For a terminal of so many columns; for a Markdown page; and with rows as those of docs/results/*.json.
std::string table_text(const SummaryTable& table, size_t width);
std::string table_markdown(const SummaryTable& table);
nlohmann::ordered_json table_json(const SummaryTable& table);

// "protocol market, rules corrected, population rules48, ..." in lines of their own.
std::string context_text(const EvaluationContext& context);
std::string context_lines(const EvaluationContext& context, size_t width);  // for a terminal
std::string context_line(const EvaluationContext& context);                 // in one line
nlohmann::ordered_json context_json(const EvaluationContext& context);      // as table.json has it

}  // namespace genbid::eval

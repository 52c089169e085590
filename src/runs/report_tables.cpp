#include "runs/report_tables.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "eval/summary.h"
#include "report/outcome_means.h"
#include "report/read_table.h"

namespace genbid::runs {
namespace {

eval::CellResult cell_of(const report::CellOutcome& outcome) {
  eval::CellResult cell;
  cell.period = outcome.period;
  cell.seat = outcome.seat;
  cell.market_seed = outcome.market_seed;
  cell.policy_seed = outcome.policy_seed;
  cell.budget = outcome.budget;
  cell.cpa_limit = outcome.cpa_limit;
  cell.cost = outcome.cost;
  cell.drawn = outcome.drawn;
  cell.conversions = outcome.conversions;
  cell.expected_conversions = outcome.expected_conversions;
  cell.score = outcome.score;
  cell.expected_score = outcome.expected_score;
  cell.optimum = std::isfinite(outcome.optimum) ? outcome.optimum : 0.0;
  return cell;
}

// Candidates that did not meet the same cells stand beside each other without a comparison.
eval::Summary summary_of(const std::vector<eval::Contender>& contenders, const std::string& reference) {
  try {
    return eval::summarise(contenders, reference);
  } catch (const Error&) {
    return eval::summarise(contenders, "");
  }
}

report::TableBlock computed(const report::Judgement& judgement, const std::string& reference,
                            const std::string& where) {
  std::vector<eval::Contender> contenders;
  for (const report::ReportCandidate& one : judgement.candidates) {
    std::vector<eval::CellResult> cells;
    for (const report::CellOutcome& outcome : one.cells) cells.push_back(cell_of(outcome));
    contenders.push_back({one.name, one.kind, {{std::nullopt, std::move(cells)}}});
  }
  const bool named = std::any_of(contenders.begin(), contenders.end(),
                                 [&](const eval::Contender& one) { return one.name == reference; });
  eval::EvaluationContext context;
  context.scenario = judgement.scenario;
  const eval::SummaryTable table = {context,
                                    summary_of(contenders, named ? reference : eval::usual_reference(contenders))};
  const std::string text = eval::table_json(table).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return report::read_table(text, where).front();
}

// The block's lines in the order of the candidates; no lines where it is of others.
report::TableBlock arranged(report::TableBlock block, const report::Judgement& judgement) {
  std::vector<report::TableLine> lines;
  for (const report::ReportCandidate& candidate : judgement.candidates) {
    const double mean = report::mean_expected_score(candidate);
    const auto found = std::find_if(block.lines.begin(), block.lines.end(), [&](const report::TableLine& line) {
      return line.name == candidate.name && std::abs(line.expected_score.mean - mean) <= 1e-9 * std::abs(mean);
    });
    if (found != block.lines.end()) lines.push_back(*found);
  }
  const bool same = block.scenario == judgement.scenario && block.lines.size() == judgement.candidates.size() &&
                    lines.size() == judgement.candidates.size();
  block.lines = same ? std::move(lines) : std::vector<report::TableLine>();
  return block;
}

}  // namespace

void add_tables(const std::string& folder, std::vector<report::Judgement>& judgements) {
  const std::string path = folder + "/table.json";
  std::vector<report::TableBlock> kept;
  if (std::filesystem::exists(path)) kept = report::read_table(read_file(path), path);
  const std::string reference = kept.empty() ? "" : kept.front().reference;
  for (report::Judgement& judgement : judgements) {
    if (!kept.empty()) judgement.table = arranged(kept.front(), judgement);
    if (judgement.table.lines.empty()) judgement.table = computed(judgement, reference, folder);
  }
}

}  // namespace genbid::runs

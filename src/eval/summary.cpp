#include "eval/summary.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/text_table.h"
#include "statistics/difference.h"
#include "statistics/holm.h"
#include "statistics/mean.h"

namespace genbid::eval {
namespace {

using Json = nlohmann::ordered_json;
using statistics::Estimate;

// Cells as statistics read them: values, and bases that they are shares of.
template <typename Value, typename Base>
statistics::CandidateCells cells_of(const Contender& contender, Value value, Base base) {
  statistics::CandidateCells cells{contender.name, {}};
  for (const Run& run : contender.runs) {
    for (const CellResult& cell : run.cells) {
      cells.cells.push_back({{cell.market_seed, cell.period, cell.seat},
                             run.training_seed,
                             cell.policy_seed,
                             value(cell),
                             base(cell)});
    }
  }
  return cells;
}

double expected_score(const CellResult& cell) { return cell.expected_score; }
double optimum(const CellResult& cell) { return cell.optimum; }
double one(const CellResult& /*cell*/) { return 1.0; }

statistics::CandidateCells scores_of(const Contender& contender) { return cells_of(contender, expected_score, one); }

EvaluationMeans means_over(const std::vector<Run>& runs) {
  Evaluation all;
  for (const Run& run : runs) all.cells.insert(all.cells.end(), run.cells.begin(), run.cells.end());
  return means(all);
}

// Trainings of two variants by the same seeds start from the same draws.
statistics::SeedPairing pairing(const Contender& a, const Contender& b) {
  const auto seeds = [](const Contender& contender) {
    std::vector<std::optional<int64_t>> all;
    for (const Run& run : contender.runs) all.push_back(run.training_seed);
    return all;
  };
  const bool paired = seeds(a) == seeds(b) && a.runs.front().training_seed.has_value();
  return paired ? statistics::SeedPairing::kPaired : statistics::SeedPairing::kIndependent;
}

void adjust(std::vector<SummaryRow>& rows) {
  std::vector<double> values;
  for (const SummaryRow& row : rows) {
    if (row.difference && row.difference->p_value) values.push_back(*row.difference->p_value);
  }
  const std::vector<double> adjusted = statistics::holm(values);
  size_t next = 0;
  for (SummaryRow& row : rows) {
    if (row.difference && row.difference->p_value) row.adjusted_p = adjusted[next++];
  }
}

std::string number(const char* form, double value) {
  char text[64];
  std::snprintf(text, sizeof text, form, value);
  return text;
}

// "30.12 ± 2.19": half of the interval, which is symmetric.
std::string with_error(const char* form, const Estimate& estimate, double unit) {
  std::string text = number(form, unit * estimate.value);
  if (!estimate.interval) return text;
  const char* error_form = form[1] == '+' ? "%.2f" : form;
  return text + " ± " + number(error_form, unit * 0.5 * (estimate.interval->high - estimate.interval->low));
}

std::string p_text(const std::optional<double>& p) {
  if (!p) return "";
  return *p < 0.001 ? "<0.001" : number("%.3f", *p);
}

std::vector<std::string> titles(const Summary& summary) {
  std::vector<std::string> names = {"candidate", "expected score", "of optimum", "over CPA", "budget use"};
  if (!summary.reference.empty()) names.insert(names.end(), {"more than " + summary.reference, "p"});
  return names;
}

std::vector<std::string> line(const Summary& summary, const SummaryRow& row) {
  std::vector<std::string> cells = {row.name, with_error("%.2f", row.expected_score, 1.0),
                                    number("%.1f %%", 100.0 * row.share_of_optimum.value),
                                    number("%.1f %%", 100.0 * row.mean.cpa_exceed_share),
                                    number("%.1f %%", 100.0 * row.mean.budget_use)};
  if (summary.reference.empty()) return cells;
  if (row.name == summary.reference) {
    cells.insert(cells.end(), {"reference", ""});
  } else {
    cells.push_back(row.difference ? with_error("%+.2f", *row.difference, 1.0) : "");
    cells.push_back(p_text(row.adjusted_p));
  }
  return cells;
}

void add_interval(Json& json, const char* low, const char* high, const Estimate& estimate) {
  json[low] = estimate.interval ? Json(estimate.interval->low) : Json();
  json[high] = estimate.interval ? Json(estimate.interval->high) : Json();
}

}  // namespace

std::string usual_reference(const std::vector<Contender>& contenders) {
  std::string reference;
  int64_t played = 0;
  bool is_rule = false;
  for (const Contender& contender : contenders) {
    if (contender.kind == "hindsight") continue;
    ++played;
    if (reference.empty() || (!is_rule && contender.kind == "rule")) reference = contender.name;
    is_rule = is_rule || contender.kind == "rule";
  }
  return played > 1 ? reference : "";
}

Summary summarise(const std::vector<Contender>& contenders, const std::string& reference) {
  Summary summary{reference, {}};
  const auto found = std::find_if(contenders.begin(), contenders.end(),
                                  [&](const Contender& contender) { return contender.name == reference; });
  for (const Contender& contender : contenders) {
    SummaryRow& row = summary.rows.emplace_back();
    row.name = contender.name;
    row.kind = contender.kind;
    row.trainings = std::count_if(contender.runs.begin(), contender.runs.end(),
                                  [](const Run& run) { return run.training_seed.has_value(); });
    row.mean = means_over(contender.runs);
    row.expected_score = statistics::mean(scores_of(contender));
    row.share_of_optimum = statistics::mean(cells_of(contender, expected_score, optimum));
    if (found == contenders.end() || contender.name == reference || contender.kind == "hindsight") continue;
    const statistics::SeedPairing seeds = pairing(contender, *found);
    row.difference = statistics::difference(scores_of(contender), scores_of(*found), seeds);
    row.improvement = statistics::probability_of_improvement(scores_of(contender), scores_of(*found), seeds);
  }
  adjust(summary.rows);
  return summary;
}

std::string summary_text(const Summary& summary, size_t width) {
  std::vector<TextColumn> columns;
  for (const std::string& title : titles(summary)) columns.push_back({title});
  columns.front().align = TextColumn::Align::kLeft;
  columns.front().shrinks = true;
  TextTable table(std::move(columns));
  for (const SummaryRow& row : summary.rows) table.add(line(summary, row));
  return table.text(width);
}

std::string summary_markdown(const Summary& summary) {
  const auto row_text = [](const std::vector<std::string>& cells) {
    std::string text = "|";
    for (const std::string& cell : cells) {
      text += ' ';
      for (const char c : cell) text += c == '|' ? std::string("\\|") : std::string(1, c);
      text += " |";
    }
    return text + "\n";
  };
  const std::vector<std::string> names = titles(summary);
  std::string text = row_text(names) + "|---|";
  for (size_t i = 1; i < names.size(); ++i) text += "--:|";
  text += "\n";
  for (const SummaryRow& row : summary.rows) text += row_text(line(summary, row));
  return text;
}

nlohmann::ordered_json summary_json(const Summary& summary) {
  Json rows = Json::array();
  for (const SummaryRow& row : summary.rows) {
    Json json = {{"name", row.name}, {"kind", row.kind}};
    json["trainings"] = row.trainings;
    json["axes"] = row.expected_score.axes.text();
    json["expected_score"] = row.expected_score.value;
    add_interval(json, "expected_low", "expected_high", row.expected_score);
    json["score"] = row.mean.score;
    json["conversions"] = row.mean.conversions;
    json["cpa_exceed_share"] = row.mean.cpa_exceed_share;
    json["budget_use"] = row.mean.budget_use;
    json["share_of_optimum"] = row.share_of_optimum.value;
    add_interval(json, "share_low", "share_high", row.share_of_optimum);
    if (row.difference) {
      Json& difference = json["difference"];
      difference["to"] = summary.reference;
      difference["axes"] = row.difference->axes.text();
      difference["expected_score"] = row.difference->value;
      add_interval(difference, "low", "high", *row.difference);
      if (row.difference->p_value) difference["p"] = *row.difference->p_value;
      if (row.adjusted_p) difference["p_holm"] = *row.adjusted_p;
      difference["probability_of_improvement"] = row.improvement->value;
      add_interval(difference, "improvement_low", "improvement_high", *row.improvement);
    }
    rows.push_back(std::move(json));
  }
  return rows;
}

}  // namespace genbid::eval

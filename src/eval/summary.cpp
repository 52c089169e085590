#include "eval/summary.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/config/config.h"
#include "base/config/period_text.h"
#include "base/text_table.h"
#include "eval/table_parts.h"
#include "statistics/difference.h"
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
      cells.cells.push_back(
          {{cell.market_seed, cell.period, cell.seat}, run.training_seed, cell.policy_seed, value(cell), base(cell)});
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
  std::vector<std::optional<double>> values;
  for (const SummaryRow& row : rows) values.push_back(row.difference ? row.difference->p_value : std::nullopt);
  const auto adjusted = adjusted_p(values);
  for (size_t i = 0; i < rows.size(); ++i) rows[i].adjusted_p = adjusted[i];
}

// The titles of a table's columns; differences have theirs where there is a reference.
std::vector<std::string> titles(const Summary& summary) {
  std::vector<std::string> names = {"candidate", "expected score", "of optimum"};
  if (!summary.reference.empty()) names.insert(names.end(), {"difference", "p"});
  names.insert(names.end(), {"over CPA", "budget use", "score", "IQM"});
  return names;
}

std::vector<std::string> line(const Summary& summary, const SummaryRow& row) {
  std::vector<std::string> cells = {row.name, with_error("%.2f", row.expected_score, 1.0),
                                    number_text("%.1f %%", 100.0 * row.share_of_optimum.value)};
  if (!summary.reference.empty()) {
    const bool compared = row.difference.has_value();
    cells.push_back(compared ? with_error("%+.2f", *row.difference, 1.0) : row.name == summary.reference ? "0" : "");
    cells.push_back(compared ? p_text(row.adjusted_p) : "");
  }
  cells.push_back(number_text("%.1f %%", 100.0 * row.mean.expected_cpa_exceed_share));
  cells.push_back(number_text("%.1f %%", 100.0 * row.mean.budget_use));
  cells.push_back(row.mean.drawn ? number_text("%.2f", row.mean.score) : "-");
  cells.push_back(row.interquartile_share ? number_text("%.1f %%", 100.0 * row.interquartile_share->value) : "-");
  return cells;
}

// What the numbers are, below a table.
std::string foot_text(const Summary& summary) {
  std::vector<Estimate> scores;
  for (const SummaryRow& row : summary.rows) scores.push_back(row.expected_score);
  std::string text = intervals_text(scores);
  if (!summary.reference.empty()) {
    text += "; differences are from " + summary.reference + " in the same cells, p by Holm";
  }
  return text +
         ". Over CPA: by expected conversions; score: realised; IQM: mean of the middle half of the cells' shares "
         "of the optimum.";
}

std::string rows_markdown(const Summary& summary) {
  const std::vector<std::string> names = titles(summary);
  std::string text = markdown_row(names) + markdown_rule(names.size());
  for (const SummaryRow& row : summary.rows) text += markdown_row(line(summary, row));
  return text;
}

Json rows_json(const Summary& summary) {
  Json rows = Json::array();
  for (const SummaryRow& row : summary.rows) {
    Json json = {{"name", row.name}, {"kind", row.kind}};
    json["trainings"] = row.trainings;
    json["axes"] = row.expected_score.axes.text();
    json["expected_score"] = row.expected_score.value;
    add_interval(json, "expected_low", "expected_high", row.expected_score);
    const auto realised = [&](double value) { return row.mean.drawn ? Json(value) : Json(); };
    json["score"] = realised(row.mean.score);
    json["conversions"] = realised(row.mean.conversions);
    json["cpa_exceed_share"] = realised(row.mean.cpa_exceed_share);
    json["expected_cpa_exceed_share"] = row.mean.expected_cpa_exceed_share;
    json["budget_use"] = row.mean.budget_use;
    json["share_of_optimum"] = row.share_of_optimum.value;
    add_interval(json, "share_low", "share_high", row.share_of_optimum);
    if (row.interquartile_share) {
      json["interquartile_share"] = row.interquartile_share->value;
      add_interval(json, "interquartile_low", "interquartile_high", *row.interquartile_share);
    }
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

statistics::CandidateCells shares_of(const Contender& contender) {
  return cells_of(contender, expected_score, optimum);
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
    row.share_of_optimum = statistics::mean(shares_of(contender));
    row.interquartile_share = statistics::interquartile_mean(shares_of(contender));
    if (found == contenders.end() || contender.name == reference || contender.kind == "hindsight") continue;
    const statistics::SeedPairing seeds = pairing(contender, *found);
    row.difference = statistics::difference(scores_of(contender), scores_of(*found), seeds);
    row.improvement = statistics::probability_of_improvement(scores_of(contender), scores_of(*found), seeds);
  }
  adjust(summary.rows);
  return summary;
}

namespace {

// Says who sits where.
std::string seating(const EvaluationContext& context) {
  if (context.in_replay()) return "against logged prices";
  if (!context.on_platform()) return "one seat replaced at a time";
  if (context.mix == "heterogeneous")
    return "every second one the candidate's, the others those of " + context.opponent;
  return "all of them the candidate's" +
         std::string(context.mix == "promotion" ? ", every seventh with twice its budget" : "");
}

}  // namespace

std::string context_text(const EvaluationContext& context) {
  std::string text = "protocol " + context.protocol + (context.on_platform() ? " " + context.mix : "") + ", rules " +
                     context.rules + ", ";
  text += context.in_replay() ? "log " + context.log : "population " + context.population;
  text += ", " + std::to_string(context.seats.size()) + (context.in_replay() ? " advertisers" : " seats") + " x " +
          std::to_string(context.periods.size()) + " periods, " + seating(context);
  text += "\nperiods " + period_ranges(context.periods);
  if (!context.scenario.empty()) text += ", scenario " + context.scenario.substr(0, 8);
  text += "\n";
  if (!context.budget && !context.cpa_limit) return text;
  text += "every advertiser with";
  if (context.budget) text += " budget " + shortest(*context.budget);
  if (context.budget && context.cpa_limit) text += " and";
  if (context.cpa_limit) text += " CPA limit " + shortest(*context.cpa_limit);
  return text + "\n";
}

std::string context_lines(const EvaluationContext& context, size_t width) {
  const std::string lines = context_text(context);
  std::string text;
  for (size_t begin = 0; begin < lines.size();) {
    const size_t end = lines.find('\n', begin);
    text += wrapped("", lines.substr(begin, end - begin), width);
    begin = end + 1;
  }
  return text;
}

std::string context_line(const EvaluationContext& context) {
  std::string text = context_text(context);
  std::replace(text.begin(), text.end() - 1, '\n', ';');
  return text;
}

nlohmann::ordered_json context_json(const EvaluationContext& context) {
  Json json = {{"scenario", context.scenario}, {"protocol", context.protocol}, {"rules", context.rules}};
  json[context.in_replay() ? "log" : "population"] = context.in_replay() ? context.log : context.population;
  json["periods"] = context.periods;
  json["seats"] = context.seats.size();
  return json;
}

std::string table_text(const SummaryTable& table, size_t width) {
  std::vector<TextColumn> columns;
  for (const std::string& title : titles(table.summary)) columns.push_back({title});
  columns.front().align = TextColumn::Align::kLeft;
  columns.front().shrinks = true;
  TextTable rows(std::move(columns));
  for (const SummaryRow& row : table.summary.rows) rows.add(line(table.summary, row));
  return context_lines(table.context, width) + "\n" + rows.text(width) + "\n" +
         wrapped("", foot_text(table.summary), width);
}

std::string table_markdown(const SummaryTable& table) {
  return context_line(table.context) + "\n" + rows_markdown(table.summary) + "\n" + foot_text(table.summary) + "\n";
}

nlohmann::ordered_json table_json(const SummaryTable& table) {
  Json json = context_json(table.context);
  json["reference"] = table.summary.reference;
  json["rows"] = rows_json(table.summary);
  return json;
}

}  // namespace genbid::eval

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/convert.h"
#include "base/files/atomic_file.h"
#include "base/stop_signal.h"
#include "base/text_table.h"
#include "campaigns/click_optimum.h"
#include "data/replaceable.h"
#include "eval/table_parts.h"
#include "runs/campaign_evaluation.h"
#include "runs/program.h"

// What an evaluation of campaigns' days came to, for people and as files.

namespace genbid::runs {
namespace {

using campaigns::CampaignType;
using Json = nlohmann::ordered_json;

constexpr std::array<const char*, perbid::kNumMeans> kKeys{
    "res", "ggf", "gini", "worst_30", "worst_10", "violation_share", "excess"};

std::string number(double value) { return std::isfinite(value) ? number_text("%.4f", value) : ""; }
std::string share(double value) { return number_text("%.1f %%", 100.0 * value); }

struct Cells {
  std::vector<std::string> titles;
  std::vector<std::vector<std::string>> rows;
};

Cells scores_of(const std::vector<CampaignRow>& rows) {
  Cells cells{
      {"candidate", "trainings", "Res", "difference", "p", "GGF", "Gini", "worst 30 %", "worst 10 %", "over", "by"},
      {}};
  for (const CampaignRow& row : rows) {
    cells.rows.push_back(
        {row.name, row.trainings > 0 ? std::to_string(row.trainings) : "", eval::with_error("%.4f", row.res),
         row.difference ? eval::with_error("%+.4f", *row.difference) : "", eval::p_text(row.adjusted_p),
         number(row.means.ggf), number(row.means.gini), number(row.means.worst_30), number(row.means.worst_10),
         share(row.means.violation_share), share(row.means.excess)});
  }
  return cells;
}

Cells types_of(const std::vector<CampaignRow>& rows) {
  Cells cells{{"Res by type", "budget", "ppc", "mixed", "over, by: budget", "ppc", "mixed", "matched rightly"}, {}};
  const auto over = [](const OfType& of) {
    return std::isfinite(of.res) ? share(of.violation_share) + ", " + share(of.excess) : "";
  };
  for (const CampaignRow& row : rows) {
    const auto& of = row.by_type;
    cells.rows.push_back({row.name, number(of[0].res), number(of[1].res), number(of[2].res), over(of[0]), over(of[1]),
                          over(of[2]), row.matching_accuracy ? share(*row.matching_accuracy) : ""});
  }
  return cells;
}

std::string table_of(const Cells& cells, size_t width) {
  std::vector<TextColumn> columns;
  for (const std::string& title : cells.titles) {
    columns.push_back({title, columns.empty() ? TextColumn::Align::kLeft : TextColumn::Align::kRight, columns.empty()});
  }
  TextTable table(columns);
  for (const auto& row : cells.rows) table.add(row);
  return table.text(width);
}

std::string markdown_of(const Cells& cells) {
  std::string text = eval::markdown_row(cells.titles) + eval::markdown_rule(cells.titles.size());
  for (const auto& row : cells.rows) text += eval::markdown_row(row);
  return text;
}

Json json_of(const std::vector<BootstrapNumber>& numbers) {
  Json json = Json::object();
  for (size_t k = 0; k < numbers.size(); ++k) {
    json[kKeys[k]] = {{"value", numbers[k].value}, {"low", numbers[k].low}, {"high", numbers[k].high}};
  }
  return json;
}

Json row_json(const CampaignRow& row, const std::string& reference) {
  Json json = {{"name", row.name}, {"kind", row.kind}, {"trainings", row.trainings}, {"axes", row.res.axes.text()}};
  if (!row.note.empty()) json[row.kind == "rule" ? "settings" : "note"] = row.note;
  for (size_t k = 0; k < kKeys.size(); ++k) json[kKeys[k]] = row.numbers[k].value;
  eval::add_interval(json, "res_low", "res_high", row.res);
  json["intervals"] = json_of(row.numbers);
  for (int type = 0; type < 4; ++type) {
    const OfType& of = at(row.by_type, type);
    if (!std::isfinite(of.res)) continue;
    const std::string name(name_of(static_cast<CampaignType>(type)));
    json["res_" + name] = of.res;
    json["violation_share_" + name] = of.violation_share;
    json["excess_" + name] = of.excess;
  }
  if (row.matching_accuracy) json["matching_accuracy"] = *row.matching_accuracy;
  if (!row.difference) return json;
  Json difference = {{"to", reference}, {"res", row.difference->value}};
  eval::add_interval(difference, "low", "high", *row.difference);
  difference["p_holm"] = row.adjusted_p ? Json(*row.adjusted_p) : Json();
  difference["intervals"] = json_of(row.differences);
  json["difference"] = difference;
  return json;
}

std::string explained(const CampaignEvaluateSummary& summary) {
  return "Differences of Res are from " + summary.reference +
         " on the same days, p by Holm. ± is half of a 95 % interval over campaigns and, where there are several, "
         "trainings. over: days whose clicks cost more than the limit, and by how much of it. The optimum of every day "
         "is a Res of 1.";
}

std::string heading(const CampaignEvaluateSummary& summary) {
  const CampaignDaysConfig& days = summary.config.days;
  return "protocol campaigns, set " + summary.config.set + ", " + grouped(summary.samples) + " samples, " +
         (days.store.empty() ? "seed " + std::to_string(days.campaigns.seed) : days.store);
}

std::string dump(const Json& json) { return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n"; }

}  // namespace

const std::vector<Column<CampaignOutcomeRow>>& campaign_outcome_columns() {
  using Row = CampaignOutcomeRow;
  static const std::vector<Column<Row>> columns = {
      {"candidate", "", [](const Row& r) -> ColumnValue { return r.contender->name; }},
      {"training", "", [](const Row& r) -> ColumnValue { return r.training; }},
      {"campaign", "", [](const Row& r) -> ColumnValue { return r.outcome.campaign; }},
      {"day", "", [](const Row& r) -> ColumnValue { return r.outcome.day; }},
      {"type", "", [](const Row& r) -> ColumnValue { return std::string(name_of(r.outcome.type)); }},
      {"optimum", "value", [](const Row& r) -> ColumnValue { return r.outcome.optimum; }},
      {"value", "value", [](const Row& r) -> ColumnValue { return r.outcome.sums.value; }},
      {"cost", "money", [](const Row& r) -> ColumnValue { return r.outcome.sums.cost; }},
      {"clicks", "clicks", [](const Row& r) -> ColumnValue { return r.outcome.sums.clicks; }},
      {"ppc_ratio", "share", [](const Row& r) -> ColumnValue { return r.outcome.ppc_ratio; }},
      {"res", "", [](const Row& r) -> ColumnValue { return r.outcome.res; }},
      {"agent", "",
       [](const Row& r) -> ColumnValue {
         return r.outcome.agent < 0 ? ColumnValue(std::monostate()) : ColumnValue(r.outcome.agent);
       }},
      {"adapted", "", [](const Row& r) -> ColumnValue { return static_cast<int64_t>(r.outcome.adapted); }},
  };
  return columns;
}

std::string CampaignEvaluateSummary::text(size_t width) const {
  std::string text = heading(*this) + "\n" + table_of(scores_of(rows), width) + wrapped("", explained(*this), width) +
                     "\n" + table_of(types_of(rows), width);
  for (const CampaignRow& row : rows) {
    if (!row.note.empty()) text += wrapped(row.name + ": ", row.note, width);
  }
  return text;
}

std::string CampaignEvaluateSummary::markdown() const {
  return heading(*this) + "\n\n" + markdown_of(scores_of(rows)) + "\n" + explained(*this) + "\n\n" +
         markdown_of(types_of(rows));
}

std::string CampaignEvaluateSummary::table_json() const {
  Json block = {{"name", ""},           {"protocol", "campaigns"},   {"set", config.set},     {"samples", samples},
                {"scenario", scenario}, {"program", program_name()}, {"reference", reference}};
  Json& list = block["rows"] = Json::array();
  for (const CampaignRow& row : rows) list.push_back(row_json(row, reference));
  return dump({{"blocks", Json::array({block})}});
}

std::vector<std::string> CampaignEvaluateSummary::write() const {
  const std::string& dir = config.output.dir;
  std::string csv = csv_header(campaign_outcome_columns());
  for (const CampaignContender& contender : contenders) {
    for (int64_t training = 0; training < std::ssize(contender.trainings); ++training) {
      for (const perbid::Outcome& outcome : at(contender.trainings, training)) {
        append_csv(csv, campaign_outcome_columns(), CampaignOutcomeRow{&contender, training, outcome});
      }
    }
  }
  std::vector<std::string> files = {dir + "/outcomes.csv", dir + "/table.md", dir + "/table.json"};
  const std::string table = markdown();
  const std::string json = table_json();
  const stop_signal::Unhurried together;  // all are of one evaluation
  write_file(files[0], csv);
  write_file(files[1], table);
  write_file(files[2], json);
  return files;
}

}  // namespace genbid::runs

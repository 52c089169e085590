#include <unistd.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/terminal.h"
#include "base/text_table.h"
#include "runs/training.h"

// What a training came to, for people and as JSON.

namespace genbid::runs {
namespace {

// The mean over held-out periods of what a simple predictor is off by.
double mean_of(const std::map<int64_t, double>& by_period) {
  double sum = 0.0;
  for (const auto& [period, value] : by_period) sum += value;
  return by_period.empty() ? 0.0 : sum / static_cast<double>(by_period.size());
}

struct HeldOutRow {
  std::string name;
  train::HeldOutPeriod numbers;
  double seat_mean;
  double copying;
};

std::string errors_table(const std::vector<HeldOutRow>& rows, size_t width) {
  TextTable table({{"held out", TextColumn::Align::kLeft},
                   {"loss"},
                   {"action error"},
                   {"of the last alpha"},
                   {"of the seat's mean"}},
                  "  ");
  for (const HeldOutRow& row : rows) {
    table.add({row.name, number_text("%.4f", row.numbers.loss), number_text("%.2f", row.numbers.action_error),
               number_text("%.2f", row.copying), number_text("%.2f", row.seat_mean)});
  }
  return table.text(width) +
         wrapped("  ",
                 "action error: mean |alpha - what is taught|, beside that of the last alpha once more and of the "
                 "seat's mean in training",
                 width);
}

// Empty for a policy that forecasts nothing.
std::string forecasts_table(const std::vector<HeldOutRow>& rows, size_t width) {
  std::set<std::string> groups;
  for (const HeldOutRow& row : rows) {
    for (const auto& [group, error] : row.numbers.forecast_error) groups.insert(group);
  }
  if (groups.empty()) return {};
  std::vector<TextColumn> columns = {{"forecast", TextColumn::Align::kLeft}};
  for (const std::string& group : groups) columns.push_back({group});
  TextTable table(columns, "  ");
  for (const HeldOutRow& row : rows) {
    std::vector<std::string> cells = {row.name};
    for (const std::string& group : groups) {
      const auto error = row.numbers.forecast_error.find(group);
      cells.push_back(error == row.numbers.forecast_error.end() ? "" : number_text("%.2f", error->second));
    }
    table.add(cells);
  }
  return "\n" + table.text(width) + wrapped("  ", "error of the next state over that of copying the last", width);
}

}  // namespace

std::string TrainingSummary::text() const {
  const size_t width = terminal::width(STDOUT_FILENO);
  std::string text = "step " + std::to_string(training.step) + " of " + std::to_string(steps);
  if (training.loss) text += ", training loss " + number_text("%.4f", *training.loss);
  text += "\n";
  constexpr size_t kListed = 4;  // more periods are in metrics.jsonl
  const std::vector<train::HeldOutPeriod>& periods = training.held_out;
  std::vector<HeldOutRow> rows;
  for (size_t i = 0; periods.size() <= kListed && i < periods.size(); ++i) {
    const int64_t period = periods[i].period;
    rows.push_back(
        {"period " + std::to_string(period), periods[i], seat_mean_error.at(period), copying_error.at(period)});
  }
  if (periods.size() > 1) {
    rows.push_back({"mean of " + std::to_string(periods.size()) + " periods", train::mean_of_periods(periods),
                    mean_of(seat_mean_error), mean_of(copying_error)});
  }
  if (!rows.empty()) {
    text += "at step " + std::to_string(training.held_out_step) + ", with averaged weights:\n";
    text += errors_table(rows, width) + forecasts_table(rows, width);
  }
  if (periods.size() > kListed) text += "  each period's own: metrics.jsonl\n";
  for (const auto& [period, score] : training.tape_scores) {
    if (training.tape_scores.size() > kListed) break;
    text += "on the tape of period " + std::to_string(period) + ", at step " + std::to_string(training.held_out_step) +
            ": expected score " + number_text("%.2f", score) + "\n";
  }
  if (training.best) {
    text += "in the market: expected score " + number_text("%.2f", training.best->expected_score) + " at step " +
            std::to_string(training.best->step) + ", the best that was judged" +
            (training.patience_gone ? "; no better one came, so the training has ended" : "") + "\n";
  }
  return text + "checkpoint: " + training.checkpoint + "\n";
}

std::string TrainingSummary::json() const {
  using Json = nlohmann::ordered_json;
  const auto errors = [](const train::HeldOutPeriod& one, double seat_mean, double copying) {
    Json json = {{"loss", one.loss},
                 {"action_error", one.action_error},
                 {"copying_action_error", copying},
                 {"seat_mean_action_error", seat_mean}};
    if (!one.forecast_error.empty()) json["forecast_error"] = one.forecast_error;
    return json;
  };
  Json json = {{"run", run},
               {"model", model},
               {"step", training.step},
               {"steps", steps},
               {"stopped", training.stopped},
               {"loss", training.loss ? Json(*training.loss) : Json(nullptr)}};
  const std::vector<train::HeldOutPeriod>& periods = training.held_out;
  if (!periods.empty()) {
    Json& held_out = json["held_out"] = {{"step", training.held_out_step}, {"periods", Json::array()}};
    for (const train::HeldOutPeriod& one : periods) {
      Json row = {{"period", one.period}};
      row.update(errors(one, seat_mean_error.at(one.period), copying_error.at(one.period)));
      held_out["periods"].push_back(row);
    }
    held_out["mean"] = errors(train::mean_of_periods(periods), mean_of(seat_mean_error), mean_of(copying_error));
  }
  for (const auto& [period, score] : training.tape_scores) {
    json["tape_scores"].push_back({{"step", training.held_out_step}, {"period", period}, {"expected_score", score}});
  }
  if (training.best) {
    json["best"] = {{"step", training.best->step}, {"expected_score", training.best->expected_score}};
  }
  json["checkpoint"] = training.checkpoint;
  json["seconds"] = seconds;
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace genbid::runs

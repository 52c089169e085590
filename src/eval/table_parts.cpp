#include "eval/table_parts.h"

#include "base/text_table.h"
#include "statistics/holm.h"

namespace genbid::eval {

using Json = nlohmann::ordered_json;
using statistics::Estimate;

std::string with_error(const std::string& form, const Estimate& estimate, double unit) {
  std::string text = number_text(form.c_str(), unit * estimate.value);
  if (!estimate.interval) return text;
  std::string error_form = form;
  if (error_form[1] == '+') error_form.erase(1, 1);
  return text + " ± " +
         number_text(error_form.c_str(), unit * 0.5 * (estimate.interval->high - estimate.interval->low));
}

std::string p_text(const std::optional<double>& p) {
  if (!p) return "";
  return *p < 0.001 ? "<0.001" : number_text("%.3f", *p);
}

std::vector<std::optional<double>> adjusted_p(const std::vector<std::optional<double>>& values) {
  std::vector<double> there;
  for (const std::optional<double>& value : values) {
    if (value) there.push_back(*value);
  }
  const std::vector<double> adjusted = statistics::holm(there);
  std::vector<std::optional<double>> all = values;
  size_t next = 0;
  for (std::optional<double>& value : all) {
    if (value) value = adjusted[next++];
  }
  return all;
}

std::string intervals_text(const std::vector<Estimate>& estimates) {
  const Estimate* widest = nullptr;  // the one over the most trainings
  for (const Estimate& one : estimates) {
    if (!one.interval) continue;
    if (widest == nullptr || one.axes.training_seeds > widest->axes.training_seeds) widest = &one;
  }
  if (widest == nullptr) return "One period: no intervals";
  const std::string over = "± is half of a 95 % interval over " + std::to_string(widest->axes.periods) + " periods";
  const int64_t trainings = widest->axes.training_seeds;
  if (trainings == 0) return over;
  return over + (trainings == 1 ? ", of one training" : " and, where there are several, trainings");
}

std::string markdown_row(const std::vector<std::string>& cells) {
  std::string text = "|";
  for (const std::string& cell : cells) {
    text += ' ';
    for (const char c : cell) text += c == '|' ? std::string("\\|") : std::string(1, c);
    text += " |";
  }
  return text + "\n";
}

std::string markdown_rule(size_t num_columns) {
  std::string text = "|---|";
  for (size_t i = 1; i < num_columns; ++i) text += "--:|";
  return text + "\n";
}

void add_interval(Json& json, const char* low, const char* high, const Estimate& estimate) {
  json[low] = estimate.interval ? Json(estimate.interval->low) : Json();
  json[high] = estimate.interval ? Json(estimate.interval->high) : Json();
}

}  // namespace genbid::eval

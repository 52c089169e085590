#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/columns.h"
#include "statistics/estimate.h"

// What tables of results have in common, whatever was judged.

namespace genbid::eval {

// "30.12 ± 2.19": half of the interval, which is symmetric. `form` is printf's, for the number; that of the error has
// no sign.
std::string with_error(const std::string& form, const statistics::Estimate& estimate, double unit = 1.0);
// "0.012", "<0.001"; empty for none.
std::string p_text(const std::optional<double>& p);
// Adjusts p-values by Holm's method; those that are missing stay so and do not count.
std::vector<std::optional<double>> adjusted_p(const std::vector<std::optional<double>>& values);
// "± is half of a 95 % interval over 6 periods", of the first that has one; "One period: no intervals".
std::string intervals_text(const std::vector<statistics::Estimate>& estimates);
// "| a | b |" and a newline.
std::string markdown_row(const std::vector<std::string>& cells);
// The row under the titles: the first column to the left, the others to the right.
std::string markdown_rule(size_t num_columns);
// Adds the ends of the interval under the names `low` and `high`, null where there is none.
void add_interval(nlohmann::ordered_json& json, const char* low, const char* high,
                  const statistics::Estimate& estimate);

// A row as an object; an empty value is null.
template <typename Row>
nlohmann::ordered_json columns_json(const std::vector<Column<Row>>& columns, const Row& row) {
  auto json = nlohmann::ordered_json::object();
  for (const Column<Row>& column : columns) {
    const ColumnValue value = column.get(row);
    if (const auto* count = std::get_if<int64_t>(&value)) json[column.name] = *count;
    if (const auto* number = std::get_if<double>(&value)) json[column.name] = *number;
    if (const auto* words = std::get_if<std::string>(&value)) json[column.name] = *words;
    if (std::holds_alternative<std::monostate>(value)) json[column.name] = nullptr;
  }
  return json;
}

}  // namespace genbid::eval

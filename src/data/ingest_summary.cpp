#include "data/ingest_summary.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/terminal.h"
#include "base/text_table.h"

namespace genbid::data {
namespace {

std::string plural(int64_t count, const std::string& one, const std::string& many) {
  return grouped(count) + " " + (count == 1 ? one : many);
}

std::string size_text(int64_t bytes) {
  char text[32];
  const double value = static_cast<double>(bytes);
  if (value < 1e6) {
    std::snprintf(text, sizeof text, "%.1f kB", value / 1e3);
  } else if (value < 1e9) {
    std::snprintf(text, sizeof text, "%.1f MB", value / 1e6);
  } else {
    std::snprintf(text, sizeof text, "%.2f GB", value / 1e9);
  }
  return text;
}

// 7..20, 22, 25..27
std::string ranges(const std::vector<int64_t>& values) {
  std::string text;
  for (size_t i = 0; i < values.size();) {
    size_t end = i;
    while (end + 1 < values.size() && values[end + 1] == values[end] + 1) ++end;
    if (!text.empty()) text += ", ";
    text += std::to_string(values[i]);
    if (end > i) text += ".." + std::to_string(values[end]);
    i = end + 1;
    if (text.size() > 70 && i < values.size()) return text + ", ...";
  }
  return text;
}

std::string line(const std::string& name, const std::string& value) {
  std::string head = "  " + name;
  head.resize(std::max<size_t>(head.size() + 1, 20), ' ');
  return wrapped(head, value, terminal::width(STDOUT_FILENO));
}

std::string spread_table(const IngestSummary& summary) {
  TextTable table({{"", TextColumn::Align::kLeft}, {"min"}, {"5 %"}, {"median"}, {"95 %"}, {"max"}}, "  ");
  const auto add = [&](const char* name, const Spread& s) {
    std::vector<std::string> cells = {name};
    for (const double value : {s.min, s.low, s.median, s.high, s.max}) cells.push_back(number_text("%.4g", value));
    table.add(cells);
  };
  add("score", summary.score);
  add("expected score", summary.expected_score);
  add("budget use", summary.budget_use);
  add("alpha", summary.alpha);
  return table.text(terminal::width(STDOUT_FILENO));
}

std::string check_text(int64_t checked, int64_t different, const std::string& first) {
  if (checked == 0) return "no rows to check";
  if (different == 0) return "all " + plural(checked, "row agrees", "rows agree");
  return grouped(different) + " of " + plural(checked, "row differs", "rows differ") +
         (first.empty() ? "" : ", first " + first);
}

}  // namespace

Spread spread(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    const double rank = std::ceil(share * static_cast<double>(values.size()));
    return values[static_cast<size_t>(std::max(rank, 1.0)) - 1];
  };
  return {values.front(), at(0.05), at(0.5), at(0.95), values.back()};
}

std::string IngestSummary::text() const {
  std::string out =
      wrapped("Ingested ",
              plural(num_trajectories, "trajectory", "trajectories") + ", " + plural(num_rows, "row", "rows") +
                  ", from " + plural(num_files, "file", "files") + " (" + size_text(bytes_read) + ")",
              terminal::width(STDOUT_FILENO));
  if (raw_logs) {
    out += line("raw rows", grouped(num_raw_rows) + " of " + plural(num_impressions, "impression", "impressions") +
                                (rows_in_order ? "" : ", not in the order of ticks, impressions and advertisers"));
  }
  out += line("periods", ranges(periods) + " (" + grouped(static_cast<int64_t>(periods.size())) + ")");
  out += line("advertisers", grouped(num_advertisers));
  if (num_short > 0) {
    out += line("short", plural(num_short, "trajectory", "trajectories") +
                             " end before the last tick, the shortest after " + plural(shortest, "tick", "ticks"));
  }
  if (nan_by_period.empty()) {
    out += line("missing values", "none");
  } else {
    int64_t total = 0;
    std::string by_period;
    size_t listed = 0;
    for (const auto& [period, count] : nan_by_period) {
      total += count;
      if (listed++ < 12) {
        by_period += (by_period.empty() ? "" : ", ") + std::to_string(period) + ": " + grouped(count);
      }
    }
    if (listed > 12) by_period += ", ...";
    out += line("missing values",
                grouped(total) + (raw_logs ? ", left out of means and sums (by period " : ", stored as 0 (by period ") +
                    by_period + ")");
  }
  if (raw_logs) {
    if (!open_ends.empty()) {
      out +=
          line("note", "isEnd is not 1 in the last tick of period " + ranges(open_ends) + ": was the log cut short?");
    }
  } else {
    if (num_bad_rows > 0 || num_left_out > 0) {
      out +=
          line("bad rows", grouped(num_bad_rows) + " skipped, " + plural(num_left_out, "trajectory", "trajectories") +
                               " left out" +
                               (num_incomplete > 0 ? ", " + grouped(num_incomplete) + " for the ticks they have" : ""));
      for (const std::string& message : bad_rows) out += "    " + message + "\n";
      if (num_bad_rows + num_incomplete > static_cast<int64_t>(bad_rows.size())) out += "    ...\n";
    } else {
      out += line("bad rows", "none");
    }
    std::string features = check_text(features_checked, features_different, first_feature_difference);
    if (features_checked < num_rows) {
      features += "; " + plural(num_rows - features_checked, "row", "rows") +
                  " of trajectories with missing values not checked";
    }
    out += line("feature check", features);
    out += line("next_state check", check_text(next_states_checked, next_states_different, ""));
    if (!output.empty()) out += line("labels", "none: trajectory files have no bids (`genbid simulate` makes labels)");
  }

  out += "\n" + spread_table(*this);
  if (!action_outliers.empty()) out += "\n" + wrapped("  warning: ", action_outliers, terminal::width(STDOUT_FILENO));
  out += "\n";
  if (!market_log.empty()) out += "Market log: " + market_log + " (" + size_text(market_log_bytes) + ")\n";
  if (output.empty()) return out;
  out += "Store: " + output + " (" + size_text(output_bytes) + ", feature set " + feature_set + ", " +
         std::to_string(num_features) + " features)\n";
  return out;
}

namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Spread& s) {
  return {{"min", s.min}, {"low", s.low}, {"median", s.median}, {"high", s.high}, {"max", s.max}};
}

}  // namespace

std::string IngestSummary::json() const {
  Json missing = Json::object();
  for (const auto& [period, count] : nan_by_period) missing[std::to_string(period)] = count;
  Json json = {{"num_files", num_files}, {"bytes_read", bytes_read}, {"num_trajectories", num_trajectories},
               {"num_rows", num_rows},   {"periods", periods},       {"num_advertisers", num_advertisers},
               {"num_short", num_short}, {"shortest", shortest},     {"missing_values", missing}};
  if (raw_logs) {
    json["num_raw_rows"] = num_raw_rows;
    json["num_impressions"] = num_impressions;
    json["rows_in_order"] = rows_in_order;
    json["open_ends"] = open_ends;
  } else {
    json["num_bad_rows"] = num_bad_rows;
    json["num_incomplete"] = num_incomplete;
    json["num_left_out"] = num_left_out;
    json["bad_rows"] = bad_rows;
    json["features_checked"] = features_checked;
    json["features_different"] = features_different;
    json["next_states_checked"] = next_states_checked;
    json["next_states_different"] = next_states_different;
  }
  json["score"] = json_of(score);
  json["expected_score"] = json_of(expected_score);
  json["budget_use"] = json_of(budget_use);
  json["alpha"] = json_of(alpha);
  if (!action_outliers.empty()) json["action_outliers"] = action_outliers;
  if (!market_log.empty()) json["market_log"] = {{"file", market_log}, {"bytes", market_log_bytes}};
  if (!output.empty()) {
    json["store"] = {
        {"file", output}, {"bytes", output_bytes}, {"feature_set", feature_set}, {"num_features", num_features}};
  }
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace genbid::data

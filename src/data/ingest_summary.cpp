#include "data/ingest_summary.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace genbid::data {
namespace {

// 48,384
std::string grouped(int64_t value) {
  const std::string digits = std::to_string(value);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

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
  std::string text = "  " + name;
  text.resize(std::max<size_t>(text.size() + 1, 20), ' ');
  return text + value + "\n";
}

std::string spread_line(const std::string& name, const Spread& s) {
  char text[128];
  std::snprintf(text, sizeof text, "%-16s%10.4g%10.4g%10.4g%10.4g%10.4g", name.c_str(), s.min, s.low, s.median, s.high,
                s.max);
  return "  " + std::string(text) + "\n";
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
  std::string out = "Ingested " + plural(num_trajectories, "trajectory", "trajectories") + ", " +
                    plural(num_rows, "row", "rows") + ", from " + plural(num_files, "file", "files") + " (" +
                    size_text(bytes_read) + ")\n";
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
  }

  char head[128];
  std::snprintf(head, sizeof head, "%-16s%10s%10s%10s%10s%10s", "", "min", "5 %", "median", "95 %", "max");
  out += "\n  " + std::string(head) + "\n";
  out += spread_line("score", score);
  out += spread_line("expected score", expected_score);
  out += spread_line("budget use", budget_use);
  out += spread_line("alpha", alpha);
  if (!action_outliers.empty()) out += "\n  warning: " + action_outliers + "\n";
  out += "\n";
  if (!market_log.empty()) out += "Market log: " + market_log + " (" + size_text(market_log_bytes) + ")\n";
  if (output.empty()) return out;
  out += "Store: " + output + " (" + size_text(output_bytes) + ", feature set " + feature_set + ", " +
         std::to_string(num_features) + " features)\n";
  return out;
}

}  // namespace genbid::data

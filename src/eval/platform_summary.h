#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "eval/platform_metrics.h"
#include "eval/report.h"
#include "statistics/estimate.h"

// Tables of protocol `platform`: as eval/summary.h, but of numbers of whole periods in place of cells.

namespace genbid::eval {

// Periods of a candidate, of one training of it or of several.
struct PlatformRun {
  std::optional<int64_t> training_seed;  // none: nothing was trained
  std::vector<PlatformPart> parts;
};
struct PlatformContender {
  std::string name;
  std::string kind;
  std::vector<PlatformRun> runs;
};

// By how much a number differs from the reference's, period by period.
struct PlatformDifference {
  statistics::Estimate estimate;
  std::optional<double> adjusted_p;  // Holm's, over all comparisons of the table
};

// A line: all seats of a candidate's market, or a group of them. Intervals are of 95 %; periods are what was drawn, and
// trainings where there are several. A period has one number, so they need two periods.
struct PlatformRow {
  std::string name;
  std::string kind;
  std::string group;  // "all", ...
  int64_t trainings = 0;
  std::vector<statistics::Estimate> metrics = {};  // as platform_columns()
  // As compared_metrics(); empty in the reference's own lines, and where nobody is compared.
  std::vector<PlatformDifference> differences = {};

  std::string label() const { return group == "all" ? name : name + ": " + group; }
};
const std::vector<std::string>& compared_metrics();  // "expected_score", "revenue", "gini"

struct PlatformSummary {
  std::string reference;  // empty where there is none
  std::vector<PlatformRow> rows;
};
// The lines in the order given, a candidate's groups one below the other. Each group is compared with the same group of
// the reference. Error where candidates did not meet the same periods.
PlatformSummary summarise_platform(const std::vector<PlatformContender>& contenders, const std::string& reference);
// Whom others are compared with where nothing is said, as usual_reference() of eval/summary.h.
std::string usual_reference(const std::vector<PlatformContender>& contenders);

struct PlatformTable {
  EvaluationContext context;
  PlatformSummary summary;
};
std::string table_text(const PlatformTable& table, size_t width);
std::string table_markdown(const PlatformTable& table);
nlohmann::ordered_json table_json(const PlatformTable& table);

}  // namespace genbid::eval

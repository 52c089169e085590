#pragma once

#include <string>
#include <vector>

#include "report/line_chart.h"
#include "report/report_input.h"

namespace genbid::report {

// A heading with its figures; left out where it has none.
struct Section {
  std::string heading;
  std::string note;                  // plain text
  std::vector<std::string> figures;  // HTML; empty ones do not count
};

inline constexpr size_t kMostPoints = 80;  // of a line in a chart

// Whether lines are read more easily on a logarithmic axis.
bool falls_far(const std::vector<Series>& series);

// Curves of metrics.jsonl.
std::vector<Section> training_sections(const std::vector<MetricCurve>& metrics);

// Candidates that charts show: the best by expected score, at most kNumStyles of them. A candidate's place in the list
// is its style in all charts.
std::vector<const ReportCandidate*> charted_candidates(const Judgement& judgement);

// What cells came to: distributions of scores and CPA, calibration, shares of seats, what was asked and what came. `id`
// begins the ids of its figures.
std::vector<Section> outcome_sections(const std::vector<const ReportCandidate*>& candidates, const std::string& id);

// How days went, tick by tick: pacing beside what was best, alpha, win and cost curves.
std::vector<Section> day_sections(const std::vector<const ReportCandidate*>& candidates, const BestSpend& best,
                                  const std::string& id);

}  // namespace genbid::report

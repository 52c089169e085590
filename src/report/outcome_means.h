#pragma once

#include <functional>
#include <map>
#include <optional>

#include "report/binning.h"
#include "report/report_input.h"

namespace genbid::report {

using CellValue = std::function<double(const CellOutcome& cell)>;

// Means of a value over the cells of each period; values that are not finite do not count.
std::map<int64_t, double> means_by_period(const ReportCandidate& candidate, const CellValue& value);

// The mean over cells, with the interval of the periods' means: cells of one period share its impressions and are no
// independent values. No interval of a single period.
MeanInterval period_mean(const ReportCandidate& candidate, const CellValue& value);

// The sum of one value over the sum of another, with an interval from the periods' ratios. Nothing where the sum below
// is not above 0.
std::optional<MeanInterval> period_ratio(const ReportCandidate& candidate, const CellValue& above,
                                         const CellValue& below);

double mean_expected_score(const ReportCandidate& candidate);  // 0 without cells

}  // namespace genbid::report

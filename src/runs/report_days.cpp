#include "runs/report_days.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>
#include <tuple>

#include "eval/job_store.h"
#include "report/section.h"
#include "runs/evaluate_candidates.h"

namespace genbid::runs {
namespace {

constexpr size_t kMostCells = 5000;  // of a candidate: means of more look the same

std::vector<std::string> cell_files(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code why;  // no folder: a replay, or an evaluation that kept nothing
  for (std::filesystem::directory_iterator entry(folder, why); !why && entry != std::filesystem::directory_iterator();
       entry.increment(why)) {
    if (entry->path().extension() == ".safetensors") files.push_back(entry->path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Which day of which seat it is, and how it ended: days of other settings end with another cost.
using Ending = std::tuple<int64_t, int64_t, double>;

std::set<Ending> endings(const report::ReportCandidate& candidate) {
  std::set<Ending> all;
  for (const report::CellOutcome& cell : candidate.cells) all.insert({cell.period, cell.seat, cell.cost});
  return all;
}

void append(std::vector<double>& all, const auto& values) { all.insert(all.end(), values.begin(), values.end()); }

// The ticks of the first day say how long days are.
void add_day(const eval::CellResult& cell, const eval::CellDay& day, report::CandidateDays& days) {
  const auto ticks = std::ssize(day.alpha);
  if (days.ticks == 0) days.ticks = ticks;
  if (ticks == 0 || ticks != days.ticks || !(cell.budget > 0.0) || !(cell.cpa_limit > 0.0)) return;
  days.budget.push_back(cell.budget);
  days.cpa_limit.push_back(cell.cpa_limit);
  for (const float alpha : day.alpha) days.alpha.push_back(alpha > 0.0F ? alpha : std::nan(""));
  append(days.spend, day.cost);
  append(days.value, day.value);
  append(days.wins, day.wins);
  append(days.price, day.price);
}

void read_candidate(const std::string& folder, report::ReportCandidate& candidate) {
  const std::set<Ending> known = endings(candidate);
  for (const std::string& path : cell_files(folder + "/cells/" + folder_name(candidate.name))) {
    const eval::PeriodCells job = eval::read_period_cells(path);
    for (size_t i = 0; i < job.cells.size() && candidate.days.num_cells() < kMostCells; ++i) {
      const eval::CellResult& cell = job.cells[i];
      if (known.contains({cell.period, cell.seat, cell.cost})) add_day(cell, job.days[i], candidate.days);
    }
  }
}

}  // namespace

void read_days(const std::string& folder, std::vector<report::Judgement>& judgements) {
  for (report::Judgement& judgement : judgements) {
    const std::vector<const report::ReportCandidate*> charted = report::charted_candidates(judgement);
    for (report::ReportCandidate& candidate : judgement.candidates) {
      if (std::find(charted.begin(), charted.end(), &candidate) != charted.end()) read_candidate(folder, candidate);
    }
  }
}

}  // namespace genbid::runs

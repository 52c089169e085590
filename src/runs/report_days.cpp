#include "runs/report_days.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
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
  std::error_code why;  // no folder: an evaluation that kept nothing
  for (std::filesystem::directory_iterator entry(folder, why); !why && entry != std::filesystem::directory_iterator();
       entry.increment(why)) {
    if (entry->path().extension() == ".safetensors") files.push_back(entry->path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Period, seat and cost of a day: in an evaluation of other settings the same day ends with another cost.
using Ending = std::tuple<int64_t, int64_t, double>;

std::set<Ending> endings(const report::ReportCandidate& candidate) {
  std::set<Ending> all;
  for (const report::CellOutcome& cell : candidate.cells) all.insert({cell.period, cell.seat, cell.cost});
  return all;
}

void append(std::vector<double>& all, const auto& values) { all.insert(all.end(), values.begin(), values.end()); }

// The ticks of the first day say how long days are.
void add_day(const eval::CellResult& cell, const CellDay& day, report::CandidateDays& days) {
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

// DIR/hindsight/SCENARIO-SEATS (eval/job_store.h) of the folder or of one above it; empty where there is none. A folder
// of other seats does no harm: a seat's day is known by its optimum.
std::string hindsight_of(const std::string& folder, const std::string& scenario) {
  constexpr int kMostUp = 4;
  if (scenario.empty()) return {};
  std::filesystem::path place = std::filesystem::absolute(folder).lexically_normal();
  for (int up = 0; up <= kMostUp; ++up) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(place / "hindsight", ignored)) {
      if (entry.path().filename().string().starts_with(scenario.substr(0, 16))) return entry.path().string();
    }
    place = place.parent_path();
  }
  return {};
}

// A seat of a day is known by its optimum, a number of its own.
void read_best(const std::string& folder, report::Judgement& judgement) {
  const std::string hindsight = hindsight_of(folder, judgement.scenario);
  if (hindsight.empty() || judgement.candidates.empty()) return;
  std::map<double, double> budgets;
  for (const report::CellOutcome& cell : judgement.candidates.front().cells) {
    if (std::isfinite(cell.optimum) && cell.budget > 0.0) budgets[cell.optimum] = cell.budget;
  }
  report::BestSpend& best = judgement.best;
  for (const std::string& path : cell_files(hindsight)) {
    for (const oracle::SeatOptima& seat : eval::read_hindsight_day(path).seats) {
      const auto budget = budgets.find(seat.per_tick.score);
      const auto ticks = std::ssize(seat.per_tick_costs);
      if (budget == budgets.end() || ticks == 0 || best.budget.size() == kMostCells) continue;
      if (best.ticks == 0) best.ticks = ticks;
      if (ticks != best.ticks) continue;
      best.budget.push_back(budget->second);
      append(best.spend, seat.per_tick_costs);
    }
  }
}

}  // namespace

void read_days(const std::string& folder, std::vector<report::Judgement>& judgements) {
  for (report::Judgement& judgement : judgements) {
    read_best(folder, judgement);
    const std::vector<const report::ReportCandidate*> charted = report::charted_candidates(judgement);
    for (report::ReportCandidate& candidate : judgement.candidates) {
      if (std::find(charted.begin(), charted.end(), &candidate) != charted.end()) read_candidate(folder, candidate);
    }
  }
}

}  // namespace genbid::runs

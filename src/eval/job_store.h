#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eval/cell.h"
#include "eval/platform_metrics.h"
#include "oracle/optima.h"

namespace genbid::eval {

// Which job of an evaluation: its place, and what decides its content.
struct JobKey {
  std::string folder;    // the candidate's in the cells' folder, or the scenario's in that of hindsight
  std::string identity;  // a hash of all that decides what comes out, but for what follows
  int64_t period = 0;
  int64_t market_seed = 1;
  int64_t policy_seed = 1;
};

// What every judged seat of a period could have done best.
struct HindsightDay {
  std::vector<oracle::SeatOptima> seats;  // as planned
  bool has_slots = false;
  std::vector<double> memory;  // as in PeriodCells
};

// What became of a period of a platform; no days by ticks.
struct PlatformPeriodCells {
  std::vector<PlatformCell> cells;  // all seats
  std::vector<double> memory = {};  // as in PeriodCells
};

// Jobs of evaluations that are done, one file each, so that an evaluation that is stopped or killed goes on, several
// processes share one, and a report finds each day by ticks. Files are safetensors (base/files/safetensors.h),
// described in data/README.md, and are there whole or not at all.
//
//   CELLS/CANDIDATE/period-22.safetensors           of seeds other than 1: period-22.market-2.policy-3.safetensors
//   HINDSIGHT/SCENARIO-SEATS/period-22.safetensors
class JobStore {
 public:
  // `program`: which one this is, recorded with each job; not a part of its identity: most changes of the program
  // change no number, so what another one has played is used, and it is said once.
  JobStore(std::string cells_folder, std::string hindsight_folder, std::string program = {})
      : cells_folder_(std::move(cells_folder)),
        hindsight_folder_(std::move(hindsight_folder)),
        program_(std::move(program)) {}

  // Nothing where there is no such file, or one of another identity: it is to be played again then. Error for a file
  // that is no job's, or is damaged: each has a hash of what it holds, but for those of earlier programs.
  std::optional<PeriodCells> find_cells(const JobKey& key) const;
  std::optional<HindsightDay> find_hindsight(const JobKey& key) const;
  std::optional<PlatformPeriodCells> find_platform(const JobKey& key) const;
  // Replaces what was there.
  void keep_cells(const JobKey& key, const PeriodCells& job) const;
  void keep_hindsight(const JobKey& key, const HindsightDay& day) const;
  void keep_platform(const JobKey& key, const PlatformPeriodCells& job) const;  // a file of cells with more columns

  std::string cells_path(const JobKey& key) const;
  const std::string& program() const { return program_; }

 private:
  void note_program(const std::string& program) const;

  std::string cells_folder_;
  std::string hindsight_folder_;
  std::string program_;
  mutable bool noted_ = false;
};

// The cells of a file that keep_cells wrote, whatever their identity. Error for any other file.
PeriodCells read_period_cells(const std::string& path);
// The same of a file that keep_hindsight wrote.
HindsightDay read_hindsight_day(const std::string& path);

}  // namespace genbid::eval

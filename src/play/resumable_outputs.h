#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/threads.h"
#include "play/outputs.h"
#include "play/trajectory_recorder.h"

namespace genbid::play {

// Where a run's outputs lie in output.dir until they are whole.
inline constexpr const char* kUnfinishedFolder = "unfinished";

// trajectories.h5, periods.csv and tape.h5, if there is one, of a run that may be killed at any moment. Started again,
// it goes on where it was, and comes to the same bytes as a run that was not killed. The files grow in DIR/unfinished,
// beside an account of themselves:
//
//   settings.yaml    what the run was started with (run_identity.h): another run does not go on with it
//   progress.yaml    how many periods are written, and how long periods.csv is with them
//   trajectories.h5  of full size from the beginning, filled in place (data/trajectory_store_file.h)
//   periods.csv
//   tape.h5          likewise (data/tape_store_file.h)
//
// The folder appears as a whole. Now and then, after a group of periods, first the rows are flushed to disk and then
// progress.yaml is replaced by renaming, so that it never promises what is not there. What lies behind its account,
// rows of a group that was cut off, is written again. So a kill costs seconds, nothing is copied at the end, and memory
// does not grow with the number of periods.
class ResumableOutputs : public RunOutputs {
 public:
  // Begins, or goes on with what is in `dir`; with a tape or without. Throws an Error if that was made with other
  // settings, of which it names the first, if another process is working on it, or if outputs of another kind of run
  // lie there.
  ResumableOutputs(const std::string& dir, TrajectoryRecorder recorder, const market::MarketShape& shape,
                   bool with_tape, int64_t num_periods, const std::string& identity, Threads& threads);
  ~ResumableOutputs() override;

  int64_t periods_done() const override;
  void start(std::span<const Population> populations, std::span<const market::Cell> cells) override;
  void on_tick(int64_t cell, int tick, std::span<const market::SeatTick> seats) override;
  void label(std::vector<data::TrajectoryLabels> labels) override;
  void tape(data::TapeColumns columns) override;
  void finish_cells() override;
  std::vector<PeriodSummary> summaries() const override;
  std::vector<std::string> commit() override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// How many periods an interrupted run has written to `dir`, for a progress line; 0 if there is no such run.
int64_t unfinished_periods(const std::string& dir);
// Which program began that run; empty if it is not known.
std::string unfinished_program(const std::string& dir);

}  // namespace genbid::play

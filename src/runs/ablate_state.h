#pragma once

#include <optional>
#include <string>

#include "runs/ablate_cells.h"
#include "runs/ablate_config.h"

namespace genbid::runs {

// What is known of a cell on disk: cell.json in its folder.
enum class CellState {
  kNew,
  kRunning,      // in flight, or its process was killed
  kInterrupted,  // stopped by a signal
  kFailed,
  kDone,
};
const char* state_name(CellState state);

struct CellRecord {
  CellState state = CellState::kNew;
  std::string error;     // of a failed one: the last line that it wrote
  std::string identity;  // AblateCell::identity()
};

// Error for a file that is not a cell's, or is damaged.
CellRecord read_record(const AblateCell& cell);
void write_record(const AblateCell& cell, const CellRecord& record);

// Nobody else runs the cell while this lives.
class CellLock {
 public:
  // Nothing where another process has it.
  static std::optional<CellLock> take(const AblateCell& cell);
  ~CellLock();
  CellLock(CellLock&& other) noexcept;
  CellLock& operator=(CellLock&& other) noexcept;

 private:
  explicit CellLock(int file) : file_(file) {}
  int file_;
};

// The experiment's folder: experiment.json says what its base is, which everything in the folder is compared with.
// Makes it, or checks that it is this one: Error that names what differs, of the base or of a cell that is there, and
// says how to go on.
void open_experiment(const AblateConfig& config, const std::vector<AblateCell>& cells);

}  // namespace genbid::runs

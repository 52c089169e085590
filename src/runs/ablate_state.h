#pragma once

#include <optional>
#include <string>
#include <vector>

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
  std::string error;         // of a failed one: the last line that it wrote
  std::string identity;      // AblateCell::identity
  std::string program = {};  // which one wrote it
};

// Error for a file that is not a cell's, or is damaged.
CellRecord read_record(const std::string& cell_folder);
inline CellRecord read_record(const AblateCell& cell) { return read_record(cell.folder); }
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

// Where a cell lies in the experiment's folder, for who reads it without the configs.
struct JudgedPlace {
  std::string market;  // empty where there is but the evaluation's own
  std::string folder;  // of result.json
};
struct CellPlace {
  std::string variant;
  std::optional<int64_t> seed;  // none: nothing is trained
  std::string folder;
  std::vector<JudgedPlace> judged;

  std::string label() const;  // AblateCell::label()
};
// By variant, then by seed; folders as the cells have them.
std::vector<CellPlace> places_of(const std::vector<AblateCell>& cells);

// experiment.json: its cells are those of the last call, their folders relative to the experiment's.
struct ExperimentRecord {
  std::string name;
  std::string reference;
  std::vector<CellPlace> cells;
};
// Error for a file that is not an experiment's, or is damaged.
ExperimentRecord read_experiment(const std::string& path);

// The experiment's folder: experiment.json says what its base is, which everything in the folder is compared with, and
// which cells there are; config.yaml is the config. Makes it, or checks that it is this one: Error that names what
// differs, of the base or of a cell that is there, and says how to go on; or for a config.yaml that is somebody's own.
void open_experiment(const AblateConfig& config, const std::vector<AblateCell>& cells);

}  // namespace genbid::runs

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "base/files/run_dir.h"
#include "policy/saved_policy.h"

// A training that is judged in a market as it goes on keeps its best checkpoint. Held-out losses do not tell which that
// is: they measure how alike a policy's alphas are to its labels, not what they bring.

namespace genbid::train {

// What judges the policy that is being trained.
class Judge {
 public:
  virtual ~Judge() = default;
  // Its mean expected score over the tuning periods, as it is now. Nothing if a stop was asked for.
  virtual std::optional<double> expected_score() = 0;
  virtual int64_t num_cells() const = 0;  // market evaluations that a judgement costs
};

struct SelectConfig {
  int64_t every = 0;     // steps between judgements, and one at the end; 0: none
  int64_t patience = 0;  // the training ends after so many judgements without a better one; 0: at its last step

  void fields(ConfigVisitor& v);
};

struct Judgement {
  int64_t step = 0;
  double expected_score = 0.0;
};

// The judgements of a run, kept in its best.json:
//   {"market_evaluations": 480, "periods": [21], "days": "...", "step": 1500, "checkpoint": "step-00001500",
//    "expected_score": 34.1, "tried": [{"step": 500, "expected_score": 33.2}, ...]}
class BestCheckpoint {
 public:
  // Reads what the run has; of a run that goes on (info.step), what came later is left out, as it will come again.
  // `info` says which days are judged.
  BestCheckpoint(const RunDir& run, const SelectConfig& config, int64_t num_cells, const policy::CheckpointInfo& info);

  bool has(int64_t step) const;
  // Adds a judgement and writes the file. Steps come in order.
  void add(const Judgement& judgement);
  std::optional<Judgement> best() const;  // of equal ones the first
  bool patience_is_gone() const;

 private:
  const RunDir& run_;
  SelectConfig config_;
  int64_t num_cells_;
  std::vector<int64_t> periods_;
  std::string days_;
  std::vector<Judgement> judgements_;
};

inline constexpr const char* kBestFile = "best.json";

// The checkpoint that a run's best.json names; empty if the run has none. Error if it names none of the run's.
std::string best_checkpoint_of(const RunDir& run);

}  // namespace genbid::train

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runs/ablate_config.h"
#include "runs/evaluate_config.h"
#include "runs/train_run.h"

namespace genbid::runs {

// An evaluation of a cell.
struct JudgedMarket {
  std::string name;         // empty where there is but the evaluation's own
  EvaluateConfig evaluate;  // resolved
  std::string market = {};  // what its market is, for hindsight that cells share: YAML
};

// A cell of an experiment: a variant, trained with one seed, and judged in each market; or judged alone.
struct AblateCell {
  std::string variant;
  std::optional<int64_t> seed;          // of the training; none: nothing is trained
  std::string folder;                   // an ordinary run, with evaluation/ in it, or one for each market
  std::optional<TrainRunConfig> train;  // resolved
  std::vector<JudgedMarket> markets;

  // What decides what comes out, as YAML: without places, threads and what is only logged; a store by what it holds.
  std::string identity = {};
  // The same without settings that earlier programs did not know and nobody changed (PrintFor::kComparing).
  std::string lean_identity = {};
  // The same as earlier programs wrote it, which knew fewer files by content.
  std::string earlier_identity = {};

  std::string label() const;  // "wide, seed 2"
};

// All cells, by variant in the order of the config, the base first, then by seed. ConfigError for a key that neither
// config has, a value out of range, two variants of one name, a reference that is none: it names the variant.
std::vector<AblateCell> ablate_cells(const AblateConfig& config);

// The names of the variants in that order.
std::vector<std::string> variant_names(const std::vector<AblateCell>& cells);
// The one that others are compared with.
std::string reference_of(const AblateConfig& config, const std::vector<AblateCell>& cells);

}  // namespace genbid::runs

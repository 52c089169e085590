#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "runs/evaluate_config.h"

namespace genbid::runs {

// What a variant changes: keys of the training's config and of the evaluation's, as on the command line
// ("model.width=256", "market.cpa_scale=0.8").
struct VariantConfig {
  std::string name;               // in tables and of its folder; empty: made from what it sets
  std::string train;              // another training config than the experiment's
  std::vector<std::string> set;   // section.key=value
  std::vector<std::string> grid;  // section.key=[value, value]: a variant for each combination
  // Who is judged; none: what the cell has trained. A rule bidder, a checkpoint or what is known in hindsight is not
  // trained; `trained` with options is what the cell has trained, asked for something.
  std::vector<CandidateConfig> policy;

  void fields(ConfigVisitor& v);
};

// One of several markets that all cells are judged in: what it changes in the evaluation's config.
struct JudgedMarketConfig {
  std::string name;
  std::vector<std::string> set;

  void fields(ConfigVisitor& v);
};

// `kind: ablate`: the same training and evaluation with variants, over training seeds.
struct AblateConfig {
  std::string name;
  std::string dir = "runs/experiments";
  std::string train;                        // config of the trainings; empty: variants name theirs, or train nothing
  std::string evaluate;                     // config of the evaluations; its `policy` counts for nothing
  std::vector<std::string> set;             // what all cells change in these configs
  std::vector<JudgedMarketConfig> markets;  // empty: the evaluation's own
  PeriodList seeds{{1}};                    // train.seed
  std::string base = "base";                // the name of `train` and `evaluate` as they are
  std::string reference;                    // what the others are compared with; empty: the base, or the first variant
  std::vector<VariantConfig> variants;
  bool fail_fast = false;  // no further cell is begun once one has failed
  int64_t jobs = 0;        // cells at a time; 0: as many processes as processors
  std::string shard;       // "0/3": a third of the cells; whoever finds all of them done writes the table

  std::string folder() const { return dir + "/" + name; }
  void fields(ConfigVisitor& v);
};

}  // namespace genbid::runs

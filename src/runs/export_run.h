#pragma once

#include <string>

#include "base/config/config.h"
#include "export/bundle_writer.h"

namespace genbid::runs {

// Of agents of campaigns: which agent each campaign gets, by how they would have done on its last days.
struct MatchingConfig {
  std::string store;        // of days; empty: the days of the training
  std::string set = "all";  // or train, validation, test: the campaigns of which set
  std::string of = "next";  // which day it is for: the one after a campaign's newest, or "newest": that one itself
  int64_t days_back = 1;    // before it; later ones count more
  int64_t threads = 0;

  bool is_default() const;  // but for threads
  void fields(ConfigVisitor& v);
};

struct ExportConfig {
  std::string checkpoint;         // a checkpoint or a run folder, as `genbid evaluate` takes it
  std::string output;             // the folder of bundles
  std::string weights = "ema";    // or "raw"
  std::string version;            // empty: a hash of the content
  std::string layout = "bundle";  // or "triton"
  MatchingConfig matching;        // of agents of campaigns alone
  std::string constraint;         // what may stand over its bids in an evaluation: no bundle holds it

  void fields(ConfigVisitor& v);
};

struct ExportSummary {
  std::string model;
  std::string checkpoint;
  bool of_agents = false;  // of campaigns
  int64_t matched = 0;     // campaigns with an agent of their own
  exporting::BundleSummary bundle;

  std::string text() const;
  std::string json() const;
};

// `genbid export` as a function: a checkpoint becomes a bundle for bidding servers.
ExportSummary export_checkpoint(const ExportConfig& config);

}  // namespace genbid::runs

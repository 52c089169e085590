#pragma once

#include <string>

#include "base/config/config.h"
#include "export/bundle_writer.h"

namespace genbid::runs {

struct ExportConfig {
  std::string checkpoint;         // a checkpoint or a run folder, as `genbid evaluate` takes it
  std::string output;             // the folder of bundles
  std::string weights = "ema";    // or "raw"
  std::string version;            // empty: a hash of the content
  std::string layout = "bundle";  // or "triton"
  std::string constraint;         // what may stand over its bids in an evaluation: no bundle holds it

  void fields(ConfigVisitor& v);
};

struct ExportSummary {
  std::string model;
  std::string checkpoint;
  exporting::BundleSummary bundle;

  std::string text() const;
  std::string json() const;
};

// `genbid export` as a function: a checkpoint becomes a bundle for bidding servers.
ExportSummary export_checkpoint(const ExportConfig& config);

}  // namespace genbid::runs

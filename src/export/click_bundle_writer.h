#pragma once

#include <string>
#include <vector>

#include "export/bundle_writer.h"
#include "export/trace.h"
#include "serve/click_bundle.h"

namespace genbid::exporting {

// A function of rows that is exported, with so many rows of inputs such as it gets, to compare what comes of both.
struct SampledFunction {
  TracedFunction function;
  std::function<std::vector<TraceTensor>(int64_t rows, int64_t seed)> draw;
};

// Agents of campaigns and what is known of them. Of `info` the writer fills in version and files.
struct ClickBundleSource {
  std::vector<SampledFunction> agents;
  std::vector<SampledFunction> profile;  // one, or none
  std::vector<serve::MatchedCampaign> matched;
  serve::ClickBundleInfo info;
};

// As write_bundle(): traces, writes the folder, reads it again, compares every graph with its function over made-up
// slots, and only then puts it in place.
BundleSummary write_click_bundle(const ClickBundleSource& source, const BundleOptions& options);

}  // namespace genbid::exporting

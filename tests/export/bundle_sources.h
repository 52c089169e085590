#pragma once

#include <string>

#include "export/bundle_writer.h"
#include "export/day_columns.h"

namespace genbid::test {

// A small policy with what `genbid export` would know of it.
inline exporting::BundleSource bundle_source(const std::string& variant) {
  exporting::BundleSource source;
  source.policy = fitted_policy(variant);
  source.shape = kShape;
  source.info.model = variant.substr(0, variant.find('.'));
  source.info.program = "genbid test";
  source.info.ticks = kDayTicks;
  source.info.observation = kSeen;
  for (const std::string& name : feature_names(FeatureSet::kConstraint)) {
    source.info.features.push_back({name, feature_unit(name), {}, {}});
  }
  return source;
}

}  // namespace genbid::test

#pragma once

#include <memory>
#include <string>

#include "base/threads.h"
#include "campaigns/samples.h"

namespace genbid::runs {

// Which campaigns' days: those of a store, or made by laws.
struct CampaignDaysConfig {
  std::string store;  // empty: made
  campaigns::CampaignLaws campaigns;
  campaigns::SampleSets samples;

  void fields(ConfigVisitor& v);
};

std::unique_ptr<campaigns::Samples> make_samples(const CampaignDaysConfig& config, Threads& threads);
// Says which days they are, for checkpoints and results: settings, or what a store was made of, behind kStoreText.
inline constexpr const char* kStoreText = "store of ";
std::string days_text(const CampaignDaysConfig& config, const campaigns::Samples& samples);
// Error where a set that is needed has no samples.
void check_set(const campaigns::Samples& samples, campaigns::SetOfSamples set);

}  // namespace genbid::runs

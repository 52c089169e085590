#pragma once

#include <memory>
#include <string>

#include "base/threads.h"
#include "campaigns/samples.h"

namespace genbid::runs {

// Which campaigns' days: made by laws.
struct CampaignDaysConfig {
  campaigns::CampaignLaws campaigns;
  campaigns::SampleSets samples;

  void fields(ConfigVisitor& v);
};

std::unique_ptr<campaigns::Samples> make_samples(const CampaignDaysConfig& config, Threads& threads);
// Says which days they are, for checkpoints and results.
std::string days_text(const CampaignDaysConfig& config);

}  // namespace genbid::runs

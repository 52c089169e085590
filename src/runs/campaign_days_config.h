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

// Memory of made days that each thread holds at once.
double bytes_to_play(const campaigns::CampaignLaws& laws, int num_threads, double days_a_thread);
// Error where there is less memory than these bytes of samples and of days.
void refuse_memory(const campaigns::CampaignLaws& laws, const campaigns::SampleSets& sets, double rows, double days);

// Error where made campaigns do not fit into the memory.
std::unique_ptr<campaigns::Samples> make_samples(const CampaignDaysConfig& config, Threads& threads);
// Says which days they are, for checkpoints and results: settings, or what a store was made of, behind kStoreText.
inline constexpr const char* kStoreText = "store of ";
std::string days_text(const CampaignDaysConfig& config, const campaigns::Samples& samples);
// Error where a set that is needed has no samples.
void check_set(const campaigns::Samples& samples, campaigns::SetOfSamples set);

}  // namespace genbid::runs

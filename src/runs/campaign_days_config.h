#pragma once

#include <memory>
#include <optional>
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

// What decides the content of a store of made days; its `config`.
inline constexpr IntRange kStoredDaysBefore{0, 31};
struct MadeStoreConfig {
  std::string protocol = "campaigns";
  campaigns::CampaignLaws campaigns;
  campaigns::SampleSets samples;
  struct Output {
    int64_t days_before = 0;
    void fields(ConfigVisitor& v);
  } output;

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
// The laws and sets of which it speaks, be it of a store of made days; nothing of a store of logs.
std::optional<CampaignDaysConfig> made_days(const std::string& days_text);
// Error where a set that is needed has no samples.
void check_set(const campaigns::Samples& samples, campaigns::SetOfSamples set);

}  // namespace genbid::runs

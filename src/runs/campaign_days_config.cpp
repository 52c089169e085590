#include "runs/campaign_days_config.h"

#include "base/convert.h"
#include "base/error.h"
#include "base/progress.h"
#include "data/campaign_store.h"

namespace genbid::runs {

void CampaignDaysConfig::fields(ConfigVisitor& v) {
  v.path("store", store, true);
  if (!store.empty()) return;
  v.section("campaigns", campaigns);
  v.section("samples", samples);
}

std::unique_ptr<campaigns::Samples> make_samples(const CampaignDaysConfig& config, Threads& threads) {
  if (!config.store.empty()) return std::make_unique<data::StoredSamples>(config.store);
  Progress progress("Drawing campaigns", config.samples.count(), "campaigns");
  auto samples = std::make_unique<campaigns::MadeSamples>(config.campaigns, config.samples, threads,
                                                          [&](int64_t done) { progress.update(done); });
  return samples;
}

std::string days_text(const CampaignDaysConfig& config, const campaigns::Samples& samples) {
  const auto* const stored = dynamic_cast<const data::StoredSamples*>(&samples);
  if (stored == nullptr) return print_config(config, "", PrintFor::kComparing);
  return kStoreText + std::to_string(samples.all().size()) + " samples, " + std::to_string(stored->num_days()) +
         " days, " + std::to_string(stored->num_impressions()) + " impressions\n" + stored->info().sources + "\n" +
         stored->info().config;
}

void check_set(const campaigns::Samples& samples, campaigns::SetOfSamples set) {
  const auto [begin, end] = samples.range(set);
  if (begin < end) return;
  throw Error("samples: found none in the set " + name_of(set) + ", expected one at least");
}

}  // namespace genbid::runs

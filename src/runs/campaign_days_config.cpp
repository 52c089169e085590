#include "runs/campaign_days_config.h"

namespace genbid::runs {

void CampaignDaysConfig::fields(ConfigVisitor& v) {
  v.section("campaigns", campaigns);
  v.section("samples", samples);
}

std::unique_ptr<campaigns::Samples> make_samples(const CampaignDaysConfig& config, Threads& threads) {
  return std::make_unique<campaigns::MadeSamples>(config.campaigns, config.samples, threads);
}

std::string days_text(const CampaignDaysConfig& config) { return print_config(config, ""); }

}  // namespace genbid::runs

#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "campaigns/campaign_days.h"

namespace genbid::runs {

// `kind: simulate` with `protocol: campaigns`, without these two keys.
struct CampaignsConfig {
  campaigns::CampaignLaws campaigns;
  campaigns::SampleSets samples;
  struct Output {
    std::string dir;
    void fields(ConfigVisitor& v);
  } output;
  int64_t threads = 0;

  void fields(ConfigVisitor& v);
};

// Of one set: what kinds of campaigns it has, and how far yesterday's best bid comes (statistics/inequality.h).
struct CampaignsOfSet {
  std::string set;
  int64_t samples = 0;
  std::array<double, 4> type_shares{};  // by CampaignType
  double res = 0.0;
  double ggf = 0.0;
  double gini = 0.0;
  double worst_30 = 0.0;  // mean of the worst 30 % and 10 %, one sample at least
  double worst_10 = 0.0;
  double violation_share = 0.0;  // of samples whose clicks cost more than the limit
};

struct CampaignsSummary {
  std::string file;  // DIR/samples.csv
  double impressions = 0.0;
  std::vector<CampaignsOfSet> sets;

  std::string text(size_t width) const;
  std::string json() const;
};

// Writes DIR/samples.csv, whole or not at all. A signal ends the process before that (stop_signal.h, watch).
CampaignsSummary simulate_campaigns(const CampaignsConfig& config, const std::function<void(int64_t)>& done);

}  // namespace genbid::runs

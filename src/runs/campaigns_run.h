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
    bool days = false;        // also DIR/campaign_days.h5, every impression of the samples' days
    int64_t days_before = 1;  // and of so many days before each, where there are such

    void fields(ConfigVisitor& v);
  } output;
  int64_t threads = 0;

  void fields(ConfigVisitor& v);
  // What `done` counts to: samples, and where days are written each once more.
  int64_t num_steps() const;
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
  std::string file;   // DIR/samples.csv
  std::string store;  // DIR/campaign_days.h5; empty: not written
  int64_t bytes = 0;  // of it
  int64_t days = 0;   // in it
  double impressions = 0.0;
  std::vector<CampaignsOfSet> sets;

  std::string text(size_t width) const;
  std::string json() const;
};

// Writes DIR/samples.csv, and DIR/campaign_days.h5 where it is asked for, each whole or not at all. A signal ends the
// process before that (stop_signal.h, watch). Logs what the days will take.
CampaignsSummary simulate_campaigns(const CampaignsConfig& config, const std::function<void(int64_t)>& done);

}  // namespace genbid::runs

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "data/ingest.h"

namespace genbid::data {

// `kind: ingest` with `protocol: campaigns`, without these two keys.
struct CampaignIngestConfig {
  std::vector<std::string> input;  // logs, read one behind the other
  std::string campaigns;           // the table of their limits
  std::string output;              // a store of campaigns' days
  struct Settings {                // what decides the content of the store besides the files
    int64_t slots = 96;
    int64_t days_before = 1;         // kept of each campaign, where there are so many
    double validation_share = 0.16;  // of campaigns, where the table has no sets
    double test_share = 0.12;

    void fields(ConfigVisitor& v);
  } settings;
  int64_t threads = 0;  // 0: one a processor

  void fields(ConfigVisitor& v);
};

struct CampaignIngestSummary {
  int64_t num_files = 0;  // logs
  int64_t bytes_read = 0;
  int64_t num_impressions = 0;    // read
  int64_t num_days = 0;           // read
  std::array<int64_t, 3> sets{};  // samples of each
  int64_t num_without_day_before = 0;
  bool sets_of_table = false;
  std::string output;
  int64_t output_bytes = 0;
  int64_t stored_impressions = 0;
  int64_t stored_days = 0;

  std::string text(size_t width) const;  // a block of lines for a person
  std::string json() const;              // the same numbers; one document
};

// Reads logs of one's own (data/README.md) into a store of campaigns' days: the last day of each campaign is its
// sample, the days before it are what is known. Memory grows with the days that are kept of the largest campaign. It
// returns nothing if a stop signal came (base/stop_signal.h); then, as after an Error, no store is left behind.
std::optional<CampaignIngestSummary> ingest_campaigns(const CampaignIngestConfig& config,
                                                      const IngestControl& control = {});

}  // namespace genbid::data

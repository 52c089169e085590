#pragma once

#include <optional>
#include <string>

#include "base/config/config.h"
#include "data/campaign_ingest.h"
#include "data/ingest.h"
#include "play/log_tape.h"

namespace genbid::runs {

// `kind: ingest`.
struct IngestRunConfig {
  data::IngestConfig ingest;
  std::string output_online_lp_table;  // alone: of the raw log of one period
  bool labels = false;                 // of raw logs' trajectories: the best alphas in hindsight (play/log_labels.h)
  std::string output_tape;             // of market logs, or of raw logs beside output_market_log; empty: none
  play::LogTapeSettings tape;

  void fields(ConfigVisitor& v);
};

// What there is to tell, for people and as one JSON document.
struct IngestReport {
  std::string text;
  std::string json;
};

// Reads logs into stores, or makes an OnlineLP table of one. Empty if a stop was asked for, with everything whole or
// not there.
std::optional<IngestReport> ingest(const IngestRunConfig& config);
// Of campaigns that pay by the click.
std::optional<IngestReport> ingest_campaigns(const data::CampaignIngestConfig& config);

}  // namespace genbid::runs

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "bidders/bidder_config.h"
#include "play/simulate.h"
#include "replay/replay.h"

namespace genbid::runs {

// Who is judged: a checkpoint, a run folder, a rule bidder with its options, or what could have been known afterwards.
struct CandidateConfig {
  std::string policy;
  std::string name;  // in tables; empty: made from the policy
  // What is asked for (policy/batch.h) in place of the policy's own wish.
  std::optional<double> target_return;  // par units
  std::optional<double> target_cpa;     // share of the CPA limit
  std::string weights = "ema";
  std::string choice = "per_tick";  // hindsight
  bidders::BidderConfig rule;

  bool is_rule() const;
  bool knows_the_day() const { return policy == "teacher" || policy == "hindsight_alpha" || policy == "hindsight"; }

  void fields(ConfigVisitor& v);
};

// `kind: evaluate`.
struct EvaluateConfig {
  std::vector<CandidateConfig> policy;
  std::string protocol = "market";
  play::MarketRunConfig market;  // protocol market
  replay::ReplayConfig replay;   // protocol replay
  bool allow_seen_periods = false;
  int64_t cache_megabytes = 1024;  // for traffic that is played more than once; beyond it, it is made again
  int64_t threads = 0;

  struct Output {
    std::string dir;
    void fields(ConfigVisitor& v) { v.required_path("dir", dir); }
  } output;

  bool in_market() const { return protocol == "market"; }
  Rules bidder_rules() const;
  const std::vector<int64_t>& periods() const { return (in_market() ? market.periods : replay.periods).values; }
  // The categories of the seats to be played; a log names its own.
  std::vector<int> categories() const;
  int64_t seed() const { return in_market() ? market.seed : replay.seed; }

  void fields(ConfigVisitor& v);
};

}  // namespace genbid::runs

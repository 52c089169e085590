#pragma once

#include <cstdint>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "bidders/bidder_config.h"
#include "eval/evaluation.h"
#include "eval/platform_evaluation.h"
#include "play/simulate.h"
#include "bidding/outcomes.h"
#include "replay/replay.h"

namespace genbid::runs {

// Section `model` of a candidate: `set` lays settings of the model over those that it was trained with, as
// `sampling_levels=2`. Weights must fit what comes of it.
struct ModelSettingsConfig {
  std::vector<std::string> set;

  void fields(ConfigVisitor& v);
};

// What may stand beside a policy: wishes and weights, the options of a rule bidder, or a choice of hindsight.
struct CandidateOptions {
  std::string policy;  // a checkpoint, a run folder, a rule bidder, or what could have been known afterwards
  // What is asked for in place of the policy's own wishes, by outcome of a day: target_return, target_cpa, ...
  // (bidding/outcomes.h, which has their units).
  std::array<std::optional<double>, static_cast<size_t>(kNumOutcomes)> targets;
  std::string weights = "ema";
  ModelSettingsConfig model;
  std::string choice = "per_tick";  // hindsight
  bidders::BidderConfig rule;

  bool is_rule() const;
  bool knows_the_day() const { return policy == "teacher" || policy == "hindsight_alpha" || policy == "hindsight"; }
  Wishes wishes() const;
  bool is_policy() const { return !is_rule() && !knows_the_day(); }
  // All but `policy`, which decides which there are.
  void option_fields(ConfigVisitor& v);
};

// One of those that a selection is over: a checkpoint of the run, options in place of the candidate's, or both.
struct SelectOption : CandidateOptions {
  std::string checkpoint;  // "step-00000100"; "checkpoints": each that the run has; empty: the candidate's

  void fields(ConfigVisitor& v);
};

// Which of several is judged: the one with the highest mean expected score on days that are for tuning.
struct SelectConfig {
  CandidateOptions candidate;  // whose options these are
  std::vector<SelectOption> over;
  PeriodList periods;

  bool on() const { return !over.empty(); }
  void fields(ConfigVisitor& v);
};

struct CandidateConfig;

// Section `act`: what stands between what a candidate asks for and its bid.
struct ActConfig {
  std::vector<CandidateConfig>
      constraint;  // at most one: a bidder or policy that restrains its bids (bidding/bidder.h)

  void fields(ConfigVisitor& v);
};

struct CandidateConfig : CandidateOptions {
  std::string name;  // in tables; empty: made from the policy
  ActConfig act;
  SelectConfig select;

  void fields(ConfigVisitor& v);
};

// Section `platform`: who sits where under protocol platform (eval/platform_evaluation.h).
struct PlatformConfig {
  std::string mix = "homogeneous";
  std::vector<CandidateConfig> opponent;  // heterogeneous: one, who has the other seats; else none
  bool optimum = true;                    // whether every seat's optimum is found

  void fields(ConfigVisitor& v);
};

// `kind: evaluate`.
struct EvaluateConfig {
  static inline const std::vector<std::string> kProtocols{"market", "platform", "replay"};

  std::vector<CandidateConfig> policy;
  std::string protocol = "market";
  play::MarketRunConfig market;  // protocols market and platform
  PlatformConfig platform;       // protocol platform
  replay::ReplayConfig replay;   // protocol replay
  PeriodList seats;              // protocol market: those that are judged; empty: all
  PeriodList market_seeds;       // in a market: markets with other draws on the same days; empty: market.seed
  PeriodList policy_seeds{{1}};  // of policies' noise
  std::string reference;         // the candidate that others are compared with; empty: the first rule, else the first
  bool allow_seen_periods = false;
  int64_t cache_megabytes = 1024;  // for traffic that is played more than once; beyond it, it is made again
  int64_t threads = 0;
  std::string device = "cpu";  // where policies act

  struct Output {
    std::string dir;
    std::string hindsight;  // where optima are kept; empty: hindsight/ in dir
    std::string shard;      // "0/3": plays a third of the jobs; whoever finds all of them there writes the results

    void fields(ConfigVisitor& v);
  } output;

  bool in_market() const { return protocol != "replay"; }
  bool on_platform() const { return protocol == "platform"; }
  BiddingRules bidder_rules() const;
  const std::vector<int64_t>& periods() const { return (in_market() ? market.periods : replay.periods).values; }
  // The categories of the seats to be played; a log names its own.
  std::vector<int> categories() const;
  std::vector<int> judged_seats() const;         // in a market
  std::vector<int64_t> seeds_of_market() const;  // in a market

  void fields(ConfigVisitor& v);
};

}  // namespace genbid::runs

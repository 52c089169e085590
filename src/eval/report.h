#pragma once

#include <optional>
#include <string>
#include <vector>

#include "eval/evaluation.h"
#include "eval/platform_evaluation.h"

namespace genbid::eval {

// What an evaluation was made under; printed and saved with every number.
struct EvaluationContext {
  std::string rules;
  std::string population;  // market
  std::vector<int64_t> periods;
  std::vector<int64_t> seats;
  int64_t seed = 0;
  std::vector<int64_t> market_seeds = {};  // where there are several; the first is `seed`
  std::string protocol = "market";         // or replay
  std::string log = {};                    // replay: the log's name
  std::string program = {};                // which one judged; empty: not said
  std::string scenario = {};               // hash of the settings; results of another one stand in other tables
  std::string settings = {};               // YAML: the resolved settings, without paths, periods, seats and seeds
  // Protocol replay: what every advertiser has, in place of what the log says of each.
  std::optional<double> budget = {};
  std::optional<double> cpa_limit = {};
  // Protocol platform: who sits where.
  std::string mix = {};
  std::string opponent = {};  // its name; empty: none

  bool in_replay() const { return protocol == "replay"; }
  bool on_platform() const { return protocol == "platform"; }
};

// result.json (docs/using.md, "Output"): no thread counts, times or paths in it.
std::string result_json(const Evaluation& evaluation, const EvaluationContext& context);
std::string result_json(const PlatformEvaluation& evaluation, const EvaluationContext& context);

// Whether a file's text is such a result: another result may replace it.
bool is_result_json(const std::string& text);

}  // namespace genbid::eval

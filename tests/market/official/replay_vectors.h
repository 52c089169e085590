#pragma once

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

// Runs of AuctionNet's offline evaluation (tests/golden/offline_eval): a line of text for each total, and what each
// call of the environment gave.
namespace genbid::test {

struct ReplayCall {
  int64_t num_pv = 0;
  int64_t num_wins = 0;
  double cost = 0.0;
  double sum_probability = 0.0;
  std::vector<int64_t> conversions;  // places in the tick
  double first_pvalue = 0.0;
  double first_price = 0.0;
};

struct ReplayRun {
  double reward = 0.0, cost = 0.0, cpa = 0.0, score = 0.0;
  std::vector<ReplayCall> calls;
};

inline ReplayRun read_replay_run(const std::string& path) {
  std::ifstream file(path);
  const auto json = nlohmann::json::parse(file);
  const auto total = [&](const std::string& name) {
    for (const std::string line : json.at("summary")) {
      if (line.starts_with(name)) return std::strtod(line.c_str() + name.size(), nullptr);
    }
    throw std::runtime_error(path + ": no " + name);
  };
  const auto hex = [](const std::string& text) { return std::strtod(text.c_str(), nullptr); };
  ReplayRun run{total("Total Reward: "), total("Total Cost: "), total("CPA-real: "), total("Score: "), {}};
  for (const auto& call : json.at("env_calls")) {
    run.calls.push_back({call.at("n"), call.at("n_won"), hex(call.at("cost_hex")), hex(call.at("sum_value_hex")),
                         call.at("conversion_rows"), hex(call.at("first_pv_hex")), hex(call.at("first_lwc_hex"))});
  }
  return run;
}

}  // namespace genbid::test

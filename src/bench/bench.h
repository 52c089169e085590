#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

// Benchmarks print one JSON object a line: {"name", "value", "unit", "settings"}; unit is s, ms, us, bytes or per_s.
// Each checks its answer before it is timed.

namespace genbid::bench {

struct Benchmark {
  std::string name;  // "act.diffbid"
  std::function<void(int threads)> run;
};

struct Setting {
  int threads = 1;             // of LibTorch
  std::string device = "cpu";  // of step.MODEL, which alone run elsewhere
  bool small = false;          // step.MODEL on few and small steps, to see that it works
};

std::vector<Benchmark> market_benchmarks();           // market.* (rules corrected), oracle.*
std::vector<Benchmark> official_market_benchmarks();  // market.official_*
std::vector<Benchmark> data_benchmarks();             // ingest.*, raw_log.*
std::vector<Benchmark> policy_benchmarks();           // act.MODEL, train_step.MODEL
std::vector<Benchmark> campaign_benchmarks();         // campaigns.*
std::vector<Benchmark> agent_benchmarks();            // campaigns.train_step.ACTOR
std::vector<Benchmark> tape_benchmarks();             // train_step.market.MODEL
std::vector<Benchmark> serving_benchmarks();
std::vector<Benchmark> rank_benchmarks();                        // ranks.sum.MODEL
std::vector<Benchmark> step_benchmarks(const Setting& setting);  // step.MODEL

void print_figure(const std::string& name, double value, const std::string& unit,
                  const nlohmann::ordered_json& settings);
// Largest resident memory of this process so far, bytes.
double peak_memory();

// Runs those whose name begins with `prefix`; on another device than the CPU, step.MODEL alone. Error if there are
// none. `as_list`: the objects of all lines as one JSON array.
int run_benchmarks(const std::string& prefix, const Setting& setting, bool as_list = false);
std::string bench_help();

// Median seconds of a call: at least `min_calls` of them and half a second in all, after one that is not counted.
double median_seconds(const std::function<void()>& call, int min_calls = 5);

}  // namespace genbid::bench

#include "bench/bench.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "base/convert.h"
#include "base/error.h"

namespace genbid::bench {

double median_seconds(const std::function<void()>& call, int min_calls) {
  using Clock = std::chrono::steady_clock;
  const auto seconds = [](Clock::time_point from) {
    return std::chrono::duration<double>(Clock::now() - from).count();
  };
  call();
  std::vector<double> times;
  const auto start = Clock::now();
  while (to_int(times.size()) < min_calls || seconds(start) < 0.5) {
    const auto begin = Clock::now();
    call();
    times.push_back(seconds(begin));
  }
  const auto middle = times.begin() + to_signed(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

namespace {

// Where figures are gathered in place of being printed at once. Benchmarks run one after another.
nlohmann::ordered_json* figures = nullptr;

}  // namespace

void print_figure(const std::string& name, double value, const std::string& unit,
                  const nlohmann::ordered_json& settings) {
  const nlohmann::ordered_json line = {{"name", name}, {"value", value}, {"unit", unit}, {"settings", settings}};
  if (figures != nullptr) {
    figures->push_back(line);
    return;
  }
  std::printf("%s\n", line.dump().c_str());
  std::fflush(stdout);
}

double peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return 1024.0 * as_double(usage.ru_maxrss);
}

namespace {

std::vector<Benchmark> all_benchmarks(const Setting& setting) {
  if (setting.device != "cpu") return step_benchmarks(setting);
  std::vector<Benchmark> all = market_benchmarks();
  for (const auto& more :
       {official_market_benchmarks(), data_benchmarks(), policy_benchmarks(), serving_benchmarks(), tape_benchmarks(),
        campaign_benchmarks(), agent_benchmarks(), rank_benchmarks(), step_benchmarks(setting)})
    all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace

int run_benchmarks(const std::string& prefix, const Setting& setting, bool as_list) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  if (as_list) figures = &list;
  const std::vector<Benchmark> benchmarks = all_benchmarks(setting);
  bool found = false;
  std::string names;
  for (const Benchmark& benchmark : benchmarks) {
    names += (names.empty() ? "" : ", ") + benchmark.name;
    if (!benchmark.name.starts_with(prefix)) continue;
    found = true;
    benchmark.run(setting.threads);
  }
  figures = nullptr;
  if (!found) throw ConfigError("bench: found prefix '" + prefix + "', expected the beginning of one of " + names);
  if (as_list) std::printf("%s\n", list.dump(1).c_str());
  return 0;
}

std::string bench_help() {
  std::string help =
      "  genbid bench act\n"
      "\n"
      "PREFIX      benchmarks whose name begins with it:\n";
  for (const Benchmark& benchmark : all_benchmarks({})) help += "              " + benchmark.name + "\n";
  return help +
         "\nPrints one JSON object a line: name, value (the median call), unit, settings. After an act.MODEL come "
         "lines\n"
         "act.MODEL.operator: the LibTorch operators that take the most of it, without those that they call.\n"
         "step.MODEL has a line a part of a training step, and .whole, the step as a training makes it.";
}

}  // namespace genbid::bench

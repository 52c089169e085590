#include "app/bench.h"

#include <algorithm>
#include <chrono>

#include "base/error.h"

namespace genbid {

double median_seconds(const std::function<void()>& call, int min_calls) {
  using Clock = std::chrono::steady_clock;
  const auto seconds = [](Clock::time_point from) { return std::chrono::duration<double>(Clock::now() - from).count(); };
  call();
  std::vector<double> times;
  const auto start = Clock::now();
  while (static_cast<int>(times.size()) < min_calls || seconds(start) < 0.5) {
    const auto begin = Clock::now();
    call();
    times.push_back(seconds(begin));
  }
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

int run_benchmarks(const std::string& prefix, int threads) {
  const std::vector<Benchmark> benchmarks = policy_benchmarks();
  bool found = false;
  std::string names;
  for (const Benchmark& benchmark : benchmarks) {
    names += (names.empty() ? "" : ", ") + benchmark.name;
    if (!benchmark.name.starts_with(prefix)) continue;
    found = true;
    benchmark.run(threads);
  }
  if (!found) throw ConfigError("bench: found prefix '" + prefix + "', expected the beginning of one of " + names);
  return 0;
}

std::string bench_help() {
  std::string help =
      "  genbid bench act\n"
      "\n"
      "PREFIX      benchmarks whose name begins with it:\n";
  for (const Benchmark& benchmark : policy_benchmarks()) help += "              " + benchmark.name + "\n";
  return help +
         "\nPrints one JSON object a line: name, value (the median call), unit, settings. After an act.MODEL come lines\n"
         "act.MODEL.operator: the LibTorch operators that take the most of it, without those that they call.";
}

}  // namespace genbid

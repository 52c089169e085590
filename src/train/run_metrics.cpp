#include "train/run_metrics.h"

#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "data/replaceable.h"

namespace genbid::train {
namespace {

int64_t last_step(int64_t step) { return step > 0 ? step : -1; }

// What the run had measured when it was stopped: the newest value of each metric.
MetricValues newest_of(const std::string& path) {
  std::istringstream lines(read_file(path));
  std::map<std::string, double> newest;
  for (std::string line; std::getline(lines, line);) {
    const auto values = nlohmann::json::parse(line);
    for (const auto& [name, value] : values.items()) {
      if (name != "step" && value.is_number()) newest[name] = value.get<double>();
    }
  }
  return {newest.begin(), newest.end()};
}

}  // namespace

RunMetrics::RunMetrics(const RunDir& run, int64_t step, const std::string& prometheus)
    : lines_(run.file("metrics.jsonl"), last_step(step)), events_(run.path(), last_step(step)) {
  if (prometheus.empty()) return;
  data::check_replaceable("train.prometheus", prometheus, "a run's numbers for Prometheus",
                          [](const std::string& path) { return data::begins_with(path, kPrometheusFileBegins); });
  prometheus_.emplace(prometheus, run.path());
  prometheus_->write(step, newest_of(run.file("metrics.jsonl")));
}

void RunMetrics::write(int64_t step, const MetricValues& values) {
  lines_.write(step, values);
  events_.write(step, values);
  write_prometheus(step, values, true);
}

void RunMetrics::ended(int64_t step) { write_prometheus(step, {}, false); }

void RunMetrics::write_prometheus(int64_t step, const MetricValues& values, bool running) {
  if (!prometheus_) return;
  prometheus_trouble_.clear();
  try {
    prometheus_->write(step, values, running);
  } catch (const Error& error) {  // the next numbers come with all that is known
    prometheus_trouble_ = error.what();
  }
}

std::string RunMetrics::retry() {
  lines_.retry();
  events_.retry();
  for (const std::string& trouble : {lines_.trouble(), events_.trouble(), prometheus_trouble_}) {
    if (!trouble.empty()) return trouble;
  }
  return {};
}

}  // namespace genbid::train

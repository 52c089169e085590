#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/event_file.h"
#include "base/files/run_dir.h"
#include "base/metrics.h"
#include "base/prometheus.h"

namespace genbid::train {

// Where a run's numbers go, the same in all places: metrics.jsonl, TensorBoard's event files beside it, and a
// Prometheus text file where one is asked for. Each number is there as soon as it was written; a run that goes on
// takes back what a kill had left beyond its checkpoint. Once they are there, numbers that cannot be written (a full
// disk, a shared folder that is away) are kept and written later.
class RunMetrics {
 public:
  // `step`: behind which the run goes on; 0 starts anew. `prometheus`: a path, or empty for none. Throws a ConfigError
  // if another file than a run's numbers lies there.
  RunMetrics(const RunDir& run, int64_t step, const std::string& prometheus);

  void write(int64_t step, const MetricValues& values);
  void ended(int64_t step);  // nothing more is coming
  // Writes what is kept, if it can be. Returns why something is still kept; empty: nothing is.
  std::string retry();

 private:
  MetricsWriter lines_;
  EventWriter events_;
  void write_prometheus(int64_t step, const MetricValues& values, bool running);

  std::optional<PrometheusFile> prometheus_;
  std::string prometheus_trouble_;
};

}  // namespace genbid::train

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace genbid {

using MetricValues = std::vector<std::pair<std::string, double>>;

// metrics.jsonl: one JSON object a line, `{"step": 100, "train/loss": 0.5, ...}`. A value that is not finite
// is written as null.
class MetricsWriter {
 public:
  // Appends. A last line cut by a kill is removed, and so are lines of steps beyond `last_step` (a resumed
  // run writes them again); -1 starts anew.
  MetricsWriter(const std::string& path, int64_t last_step);
  ~MetricsWriter();

  void write(int64_t step, const MetricValues& values);  // flushed at once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace genbid

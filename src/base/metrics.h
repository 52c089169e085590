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
  // Appends to the file. A last line that a kill cut off is removed, and so are the lines of steps beyond `last_step`,
  // because a resumed run writes them again. With -1 the file starts anew.
  MetricsWriter(const std::string& path, int64_t last_step);
  ~MetricsWriter();

  void write(int64_t step, const MetricValues& values);  // flushed at once, or kept where that fails
  void retry();                                          // to write what is kept
  const std::string& trouble() const;                    // why something is kept; empty: nothing is

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace genbid

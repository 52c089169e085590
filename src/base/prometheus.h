#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/metrics.h"

namespace genbid {

// A text file for Prometheus' node exporter (its textfile collector reads *.prom of a folder): the newest value of
// every metric, whole at every moment.
//
//   genbid_train_step{run="runs/mine"} 1500
//   genbid_train_loss{run="runs/mine"} 0.53
//   genbid_train_loss_part{run="runs/mine",part="inverse"} 0.11
//   genbid_held_out_loss{run="runs/mine",period="8"} 0.61
//
// "train/loss" becomes genbid_train_loss; a last part "period_8" becomes the label period="8"; what else stands behind
// the second part becomes the label part, of a name that ends in _part, so that sums over labels count nothing twice.
class PrometheusFile {
 public:
  // Error where nothing can be written there.
  PrometheusFile(std::string path, std::string run);

  // Keeps the values, and writes all that were kept: the step, and whether the run is `running`.
  void write(int64_t step, const MetricValues& values, bool running = true);

 private:
  std::string text(int64_t step, bool running) const;

  std::string path_;
  std::string run_;
  std::map<std::string, double> latest_;
};

// How such a file begins, whatever was measured.
inline constexpr const char* kPrometheusFileBegins = "# TYPE genbid_";

// The names of all metrics, each with its samples (labels, value), in Prometheus' text exposition format 0.0.4.
using PrometheusSamples = std::vector<std::pair<std::string, double>>;
std::string prometheus_text(const std::map<std::string, PrometheusSamples>& families);
// name="value", escaped, with bytes that are no UTF-8 replaced.
std::string prometheus_label(const std::string& name, const std::string& value);

}  // namespace genbid

#include "report/profile.h"

#include <algorithm>

#include "report/line_chart.h"

namespace genbid::report {

std::span<const double> profile_shares() {
  static constexpr double kShares[] = {0.0, 0.2, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98, 1.0};
  return kShares;
}

std::string profile_figure(const std::vector<ProfileLine>& lines, const std::string& id, const std::string& who,
                           const std::string& repeated) {
  if (lines.empty()) return {};
  LineChart chart;
  const bool bands = lines.size() <= kMostProfileBands;
  std::string note = "The share of the cells that reach more than a share of their optimum: the higher, the better.";
  if (bands) {
    note += " Bands are 95 % intervals over " + repeated + " where there are several, each for its place alone.";
  }
  chart.caption = {id + "-profile", "Performance profile", note,
                   "For each " + who + " the share of its cells above each share of the optimum."};
  chart.x_name = "share of the optimum";
  chart.y_name = "share of the cells above it";
  chart.y_least = 0.0;
  chart.y_most = 1.0;
  chart.names_at_ends = false;  // all of them end where nobody is
  const std::span<const double> shares = profile_shares();
  for (const ProfileLine& line : lines) {
    Series series{line.name, line.style, {shares.begin(), shares.end()}, {}, {}, {}, false};
    for (const MeanInterval& above : line.above) {
      series.y.push_back(above.mean);
      if (!bands) continue;
      series.low.push_back(std::max(above.low.value_or(above.mean), 0.0));
      series.high.push_back(std::min(above.high.value_or(above.mean), 1.0));
    }
    chart.series.push_back(std::move(series));
  }
  return line_figure(chart);
}

}  // namespace genbid::report

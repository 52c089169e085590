#include "report/binning.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/convert.h"
#include "statistics/distributions.h"

namespace genbid::report {
Thinned thinned(std::span<const double> x, std::span<const double> y, size_t most) {
  Thinned result;
  if (x.size() <= most) {
    result.x.assign(x.begin(), x.end());
    result.y.assign(y.begin(), y.end());
    return result;
  }
  for (size_t bin = 0; bin < most; ++bin) {
    const size_t begin = bin * x.size() / most;
    const size_t end = (bin + 1) * x.size() / most;
    double sum_x = 0.0;
    double sum_y = 0.0;
    double low = std::numeric_limits<double>::infinity();
    double high = -low;
    size_t count = 0;
    for (size_t i = begin; i < end; ++i) {
      sum_x += x[i];
      if (!std::isfinite(y[i])) continue;
      sum_y += y[i];
      low = std::min(low, y[i]);
      high = std::max(high, y[i]);
      ++count;
    }
    const double none = std::numeric_limits<double>::quiet_NaN();
    result.x.push_back(sum_x / as_double(end - begin));
    result.y.push_back(count > 0 ? sum_y / as_double(count) : none);
    result.low.push_back(count > 0 ? low : none);
    result.high.push_back(count > 0 ? high : none);
  }
  return result;
}

double quantile(std::span<const double> sorted, double q) {
  const double place = q * as_double(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], place - as_double(below));
}

std::vector<double> histogram(std::span<const double> values, std::span<const double> edges) {
  std::vector<double> shares(edges.size() - 1, 0.0);
  if (values.empty()) return shares;
  for (const double value : values) {
    size_t bin = shares.size() - 1;
    if (value < edges.back()) {
      const auto above = std::upper_bound(edges.begin(), edges.end(), value) - edges.begin();
      bin = to_size(std::max<std::ptrdiff_t>(above - 1, 0));
    }
    shares[bin] += 1.0 / as_double(values.size());
  }
  return shares;
}

std::vector<double> even_edges(double low, double high, int bins) {
  std::vector<double> edges;
  for (int i = 0; i <= bins; ++i) edges.push_back(low + (high - low) * i / bins);
  return edges;
}

std::vector<std::vector<size_t>> equal_groups(std::span<const double> values, size_t bins) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  bins = std::min(bins, order.size());
  std::vector<std::vector<size_t>> groups;
  for (size_t bin = 0; bin < bins; ++bin) {
    groups.emplace_back(order.begin() + to_signed(bin * order.size() / bins),
                        order.begin() + to_signed((bin + 1) * order.size() / bins));
  }
  return groups;
}

MeanInterval mean_interval(std::span<const double> values) {
  const auto n = as_double(values.size());
  MeanInterval result;
  result.mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  if (values.size() < 2) return result;
  double squares = 0.0;
  for (const double value : values) squares += (value - result.mean) * (value - result.mean);
  const double half = statistics::student_quantile(0.975, n - 1.0) * std::sqrt(squares / (n - 1.0) / n);
  result.low = result.mean - half;
  result.high = result.mean + half;
  return result;
}

double gini(std::span<const double> sorted) {
  double sum = 0.0;
  double weighted = 0.0;
  for (size_t i = 0; i < sorted.size(); ++i) {
    sum += sorted[i];
    weighted += as_double(i + 1) * sorted[i];
  }
  const auto n = as_double(sorted.size());
  return sum > 0.0 ? 2.0 * weighted / (n * sum) - (n + 1.0) / n : 0.0;
}

}  // namespace genbid::report

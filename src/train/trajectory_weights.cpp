#include "train/trajectory_weights.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

#include "base/convert.h"
#include "base/error.h"

namespace genbid::train {
namespace {

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / as_double(values.size());
}

std::vector<double> outcomes(const Dataset& training, Outcome which) {
  const at::Tensor one = training.outcome_MO().select(1, static_cast<int64_t>(index_of(which)));
  const at::Tensor here = one.to(at::kCPU, at::kDouble).contiguous();
  return {here.const_data_ptr<double>(), here.const_data_ptr<double>() + here.numel()};
}

// A seat has better and worse days than its own usual one, whoever it is.
std::vector<double> less_mean_of_seat(const Dataset& training, std::vector<double> values) {
  const auto seat_of = [&](size_t m) { return std::pair(training.store_of(to_signed(m)), training.seats()[m]); };
  std::map<std::pair<int64_t, int64_t>, std::vector<double>> by_seat;
  for (size_t m = 0; m < values.size(); ++m) by_seat[seat_of(m)].push_back(values[m]);
  for (size_t m = 0; m < values.size(); ++m) values[m] -= mean_of(by_seat[seat_of(m)]);
  return values;
}

std::vector<double> exponentials(std::vector<double> values, double temperature, double limit) {
  const double mean = mean_of(values);
  double square = 0.0;
  for (const double value : values) square += (value - mean) * (value - mean);
  const double deviation = std::sqrt(square / as_double(values.size()));
  for (double& value : values) {
    const double z = deviation > 0.0 ? (value - mean) / deviation : 0.0;
    value = std::min(std::exp(z / temperature), limit);
  }
  return values;
}

void check_optima(const Dataset& training, const std::vector<double>& shares) {
  for (size_t m = 0; m < shares.size(); ++m) {
    if (!std::isnan(shares[m])) continue;
    throw Error("data.weights: found share_of_optimum, and " + training.store_path(to_signed(m)) +
                " does not know the optimum of its days; expected a store with labels (genbid simulate with "
                "output.labels=true writes them)");
  }
}

}  // namespace

const std::vector<std::string>& weighing_names() {
  static const std::vector<std::string> names = {"uniform", "length", "return", "share_of_optimum", "advantage"};
  return names;
}

Weighing parse_weighing(const std::string& name) {
  const auto& names = weighing_names();
  return static_cast<Weighing>(std::find(names.begin(), names.end(), name) - names.begin());
}

bool is_exponential(Weighing weighing) { return weighing != Weighing::kUniform && weighing != Weighing::kLength; }

std::vector<double> trajectory_weights(const Dataset& training, Weighing weighing, double temperature, double limit) {
  std::vector<double> weights(to_size(training.num_trajectories()), 1.0);
  if (weighing == Weighing::kUniform) return weights;
  if (weighing == Weighing::kLength) {
    weights.assign(training.lengths().begin(), training.lengths().end());
  } else {
    const bool share = weighing == Weighing::kShareOfOptimum;
    std::vector<double> values = outcomes(training, share ? Outcome::kShareOfOptimum : Outcome::kReturn);
    if (share) check_optima(training, values);
    if (weighing == Weighing::kAdvantage) values = less_mean_of_seat(training, std::move(values));
    weights = exponentials(std::move(values), temperature, limit);
  }
  const double mean = mean_of(weights);
  for (double& weight : weights) weight /= mean;
  return weights;
}

}  // namespace genbid::train

#include "report/axis.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace genbid::report {
namespace {

// The smallest of 1, 2, 5 times a power of ten that is not below `least`.
double round_step(double least) {
  const double power = std::pow(10.0, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= least * (1.0 - 1e-9)) return factor * power;
  }
  return 10.0 * power;
}

std::string without_zeros(std::string text) {
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

// `decimals` behind the point of value / unit.
std::string in_unit(double value, double unit, const char* name, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value / unit);
  return std::string(text) + name;
}

// "2e-5": the exponent without its zero.
std::string scientific(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*e", digits, value);
  std::string result = text;
  const size_t e = result.find('e');
  const int exponent = std::stoi(result.substr(e + 1));
  return without_zeros(result.substr(0, e)) + "e" + std::to_string(exponent);
}

// Labels of multiples of `step` whose largest is `largest`.
std::string linear_label(double value, double step, double largest) {
  if (std::abs(value) < step * 1e-6) return "0";
  const int step_power = static_cast<int>(std::floor(std::log10(step) + 1e-9));
  const int power = static_cast<int>(std::floor(std::log10(largest) + 1e-9));
  if (largest < 1e-3 || largest >= 1e15) return scientific(value, std::clamp(power - step_power, 0, 12));
  double unit = 1.0;
  const char* name = "";
  if (largest >= 1e9) {
    unit = 1e9;
    name = "G";
  } else if (largest >= 1e6) {
    unit = 1e6;
    name = "M";
  } else if (largest >= 1e4) {
    unit = 1e3;
    name = "k";
  }
  const int decimals = static_cast<int>(std::lround(std::log10(unit))) - step_power;
  return in_unit(value, unit, name, std::clamp(decimals, 0, 12));
}

std::string log_label(double value) {
  const double size = std::abs(value);
  if (size < 1e-3 || size >= 1e12) return scientific(value, 2);
  if (size >= 1e9) return without_zeros(in_unit(value, 1e9, "", 3)) + "G";
  if (size >= 1e6) return without_zeros(in_unit(value, 1e6, "", 3)) + "M";
  if (size >= 1e4) return without_zeros(in_unit(value, 1e3, "", 3)) + "k";
  return without_zeros(in_unit(value, 1.0, "", 6));
}

void widen(double& low, double& high, Scale scale) {
  if (!std::isfinite(low) || !std::isfinite(high) || low > high) {
    low = scale == Scale::kLog ? 0.1 : 0.0;
    high = 1.0;
  }
  if (high - low > 1e-12 * std::max(std::abs(low), std::abs(high))) return;
  if (scale == Scale::kLog) {
    low /= 2.0;
    high *= 2.0;
    return;
  }
  const double around = low == 0.0 ? 1.0 : std::abs(low) / 2.0;
  low = low == 0.0 ? 0.0 : low - around;
  high += around;
}

void mark_linear(Axis& axis, int most_marks, bool rounded) {
  for (double step = round_step((axis.high - axis.low) / std::max(most_marks - 1, 1));; step = round_step(1.5 * step)) {
    const double first = rounded ? std::floor(axis.low / step + 1e-9) : std::ceil(axis.low / step - 1e-9);
    const double last = rounded ? std::ceil(axis.high / step - 1e-9) : std::floor(axis.high / step + 1e-9);
    if (last - first + 1.0 > most_marks) continue;
    if (rounded) {
      axis.low = first * step;
      axis.high = last * step;
    }
    const double largest = std::max(std::abs(first), std::abs(last)) * step;
    for (double i = first; i <= last; ++i) {
      axis.marks.push_back(i * step);
      axis.labels.push_back(linear_label(i * step, step, largest));
    }
    return;
  }
}

void mark_log(Axis& axis, int most_marks, bool rounded) {
  const auto power = [](double value) { return std::pow(10.0, value); };
  if (rounded) {  // out to 1, 2 or 5 times a power of ten
    const double below = power(std::floor(std::log10(axis.low) + 1e-9));
    axis.low = axis.low >= 5.0 * below ? 5.0 * below : axis.low >= 2.0 * below ? 2.0 * below : below;
    axis.high = round_step(axis.high);
  }
  const int first = static_cast<int>(std::floor(std::log10(axis.low) - 1e-9));
  const int last = static_cast<int>(std::ceil(std::log10(axis.high) + 1e-9));
  const auto add = [&](double value) {
    if (value < axis.low * (1.0 - 1e-9) || value > axis.high * (1.0 + 1e-9)) return;
    axis.marks.push_back(value);
    axis.labels.push_back(log_label(value));
  };
  for (int e = first; e <= last; ++e) {
    for (const double factor : {1.0, 2.0, 5.0}) add(factor * power(e));
  }
  for (int every = 1; std::ssize(axis.marks) > most_marks; ++every) {
    axis.marks.clear();
    axis.labels.clear();
    for (int e = first; e <= last; ++e) {
      if (e % every == 0) add(power(e));
    }
  }
}

}  // namespace

double Axis::share(double value) const {
  if (scale == Scale::kLog) return std::log(value / low) / std::log(high / low);
  return (value - low) / (high - low);
}

Axis make_axis(double low, double high, int most_marks, Scale scale, bool rounded) {
  widen(low, high, scale);
  Axis axis{scale, low, high, {}, {}};
  most_marks = std::max(most_marks, 2);
  if (scale == Scale::kLinear) {
    mark_linear(axis, most_marks, rounded);
  } else {
    mark_log(axis, most_marks, rounded);
  }
  return axis;
}

}  // namespace genbid::report

#include "numpy/pandas_number.h"

#include <array>
#include <charconv>
#include <limits>
#include <string>

#include "numpy/python_float.h"

namespace genbid::numpy {
namespace {

constexpr int kMaxDigits = 17;
constexpr int kMaxExponent = 308;

// 1e0 to 1e308, correctly rounded.
const std::array<double, kMaxExponent + 1>& powers_of_ten() {
  static const auto powers = [] {
    std::array<double, kMaxExponent + 1> table{};
    for (int exponent = 0; exponent <= kMaxExponent; ++exponent) {
      const std::string text = "1e" + std::to_string(exponent);
      std::from_chars(text.data(), text.data() + text.size(), table[static_cast<size_t>(exponent)]);
    }
    return table;
  }();
  return powers;
}

bool is_digit(char c) { return '0' <= c && c <= '9'; }

}  // namespace

double parse_as_pandas(std::string_view text) {
  size_t at = 0;
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) ++at;
  double number = 0.0;
  int exponent = 0;
  int num_digits = 0;
  for (; at < text.size() && is_digit(text[at]); ++at) {
    if (num_digits < kMaxDigits) {
      number = number * 10.0 + (text[at] - '0');
      ++num_digits;
    } else {
      ++exponent;
    }
  }
  if (at < text.size() && text[at] == '.') {
    for (++at; at < text.size() && is_digit(text[at]); ++at) {
      if (num_digits == kMaxDigits) continue;
      number = number * 10.0 + (text[at] - '0');
      ++num_digits;
      --exponent;
    }
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && text[at] == '+') ++at;
    int written = 0;
    std::from_chars(text.data() + at, text.data() + text.size(), written);
    exponent += written;
  }
  if (exponent > kMaxExponent) {
    number = std::numeric_limits<double>::infinity();
  } else if (exponent > 0) {
    number *= powers_of_ten()[static_cast<size_t>(exponent)];
  } else if (exponent < -2 * kMaxExponent) {
    number = 0.0;
  } else if (exponent < -kMaxExponent) {
    number /= powers_of_ten()[static_cast<size_t>(-exponent - kMaxExponent)];
    number /= powers_of_ten()[kMaxExponent];
  } else {
    number /= powers_of_ten()[static_cast<size_t>(-exponent)];
  }
  return negative ? -number : number;
}

double as_read_by_pandas(double value) {
  std::array<char, kMaxPythonFloat> text;
  const char* end = print_python_float(text.data(), value);
  return parse_as_pandas({text.data(), static_cast<size_t>(end - text.data())});
}

}  // namespace genbid::numpy

#include "numpy/pandas_number.h"

#include <array>
#include <charconv>
#include <limits>
#include <string>

#include "base/convert.h"
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
      std::from_chars(text.data(), text.data() + text.size(), at(table, exponent));
    }
    return table;
  }();
  return powers;
}

bool is_digit(char c) { return '0' <= c && c <= '9'; }

}  // namespace

double parse_as_pandas(std::string_view text) {
  size_t next = 0;
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) ++next;
  double number = 0.0;
  int exponent = 0;
  int num_digits = 0;
  for (; next < text.size() && is_digit(text[next]); ++next) {
    if (num_digits < kMaxDigits) {
      number = number * 10.0 + (text[next] - '0');
      ++num_digits;
    } else {
      ++exponent;
    }
  }
  if (next < text.size() && text[next] == '.') {
    for (++next; next < text.size() && is_digit(text[next]); ++next) {
      if (num_digits == kMaxDigits) continue;
      number = number * 10.0 + (text[next] - '0');
      ++num_digits;
      --exponent;
    }
  }
  if (next < text.size() && (text[next] == 'e' || text[next] == 'E')) {
    ++next;
    if (next < text.size() && text[next] == '+') ++next;
    int written = 0;
    std::from_chars(text.data() + next, text.data() + text.size(), written);
    exponent += written;
  }
  if (exponent > kMaxExponent) {
    number = std::numeric_limits<double>::infinity();
  } else if (exponent > 0) {
    number *= at(powers_of_ten(), exponent);
  } else if (exponent < -2 * kMaxExponent) {
    number = 0.0;
  } else if (exponent < -kMaxExponent) {
    number /= at(powers_of_ten(), -exponent - kMaxExponent);
    number /= powers_of_ten()[kMaxExponent];
  } else {
    number /= at(powers_of_ten(), -exponent);
  }
  return negative ? -number : number;
}

double as_read_by_pandas(double value) {
  std::array<char, kMaxPythonFloat> text;
  const char* end = print_python_float(text.data(), value);
  return parse_as_pandas({text.data(), to_size(end - text.data())});
}

}  // namespace genbid::numpy

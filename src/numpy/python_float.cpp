#include "numpy/python_float.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/convert.h"

namespace genbid::numpy {
namespace {

char* copy(char* to, std::string_view text) { return std::copy(text.begin(), text.end(), to); }

}  // namespace

char* print_python_float(char* to, double value) {
  constexpr int kRoom = kMaxPythonFloat;
  if (std::bit_cast<uint64_t>(value) == 0) return copy(to, "0.0");
  const double size = std::abs(value);
  if (size >= 1e-4 && size < 1e16) {
    if (size < 1e6 && value == as_double(static_cast<int32_t>(value))) {
      return copy(std::to_chars(to, to + kRoom, static_cast<int32_t>(value)).ptr, ".0");
    }
    // In fixed notation a whole number of this size has all of its digits, because no shorter text reads back as the
    // same double.
    char* end = std::to_chars(to, to + kRoom, value, std::chars_format::fixed).ptr;
    return std::memchr(to, '.', to_size(end - to)) != nullptr ? end : copy(end, ".0");
  }
  if (value == 0.0) return copy(to, "-0.0");
  if (std::isnan(value)) return to;
  return std::to_chars(to, to + kRoom, value, std::chars_format::scientific).ptr;  // also inf
}

}  // namespace genbid::numpy

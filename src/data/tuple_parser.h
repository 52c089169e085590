#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace genbid::data {

struct TupleParse {
  size_t count = 0;    // numbers found, stored or not
  size_t num_nan = 0;  // of the stored ones
  bool good = true;
  size_t error_at = 0;  // where in the text it stopped being a list of numbers
};

// A list of numbers as Python, NumPy and PyTorch print it: `(1.0, 47, 3e-05)`, `[1, 2]`, `[ 1.  2.5\n 3. ]`,
// `(np.float64(0.97), np.int64(3), nan)`, `array([1., 2.], dtype=float32)`, with or without brackets, separated by
// commas, spaces or line feeds. `nan`, `None`, `null` and `NA` give NaN; infinities are refused. Stores the first
// out.size() numbers and counts on.
TupleParse parse_tuple(std::string_view text, std::span<double> out);

}  // namespace genbid::data

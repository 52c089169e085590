#include <array>
#include <cmath>

#include "base/config/config.h"
#include "data/tuple_parser.h"
#include "fuzz.h"

// Python tuples: the numbers of an accepted one, printed as a tuple, are the same numbers.

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace genbid;
  const std::string_view text = fuzz::text_of(data, size);
  std::array<double, 16> values = {};
  const data::TupleParse parse = data::parse_tuple(text, values);
  if (!parse.good) {
    fuzz::require(parse.error_at <= size, "an error lies in the text");
    return 0;
  }
  std::string printed = "(";
  size_t num_nan = 0;
  const size_t stored = std::min(parse.count, values.size());
  for (size_t i = 0; i < stored; ++i) {
    fuzz::require(!std::isinf(values[i]), "infinities are refused");
    if (std::isnan(values[i])) ++num_nan;
    printed += (i > 0 ? ", " : "") + (std::isnan(values[i]) ? std::string("nan") : shortest(values[i]));
  }
  fuzz::require(num_nan == parse.num_nan, "missing values are counted");
  printed += ")";
  std::array<double, 16> again = {};
  const data::TupleParse second = data::parse_tuple(printed, again);
  fuzz::require(second.good && second.count == stored && second.num_nan == num_nan, "a printed tuple is read");
  for (size_t i = 0; i < stored; ++i) {
    fuzz::require(std::isnan(values[i]) ? std::isnan(again[i]) : values[i] == again[i], "a printed number is the same");
  }
  return 0;
}

#pragma once

#include <string_view>

namespace genbid::numpy {

// A decimal number as the default reader of pandas (1.2 and later, float_precision=None) takes it: the first 17 digits,
// zeros in front included, gathered in a double, then one multiplication or division by a power of ten. 0.0006481...
// so has 13 digits left. `text` is a number without spaces, as print_python_float() prints it.
double parse_as_pandas(std::string_view text);

// What pandas reads where Python has written `value`: how AuctionNet's numbers look to what reads its logs.
double as_read_by_pandas(double value);

}  // namespace genbid::numpy

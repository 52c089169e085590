#pragma once

namespace genbid::numpy {

inline constexpr int kMaxPythonFloat = 32;  // characters

// repr(value) of Python: the shortest digits that read back, fixed where the decimal exponent is in [-4, 15], else
// scientific with an exponent of at least two digits; `.0` for whole numbers. Returns the end. NaN is empty, as pandas
// writes it.
char* print_python_float(char* to, double value);

}  // namespace genbid::numpy

#pragma once

namespace genbid::numpy {

inline constexpr int kMaxPythonFloat = 32;  // characters

// Writes repr(value) as Python does and returns the end. It is the shortest text that reads back as the same number: in
// fixed notation where the decimal exponent is in [-4, 15], elsewhere in scientific notation with an exponent of at
// least two digits. Whole numbers end in `.0`. NaN is an empty text, as pandas writes it.
char* print_python_float(char* to, double value);

}  // namespace genbid::numpy

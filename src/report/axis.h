#pragma once

#include <string>
#include <vector>

namespace genbid::report {

enum class Scale { kLinear, kLog };

// A chart's axis. Its labelled places are called marks (a tick is an auction time).
struct Axis {
  Scale scale = Scale::kLinear;
  double low = 0.0;
  double high = 1.0;                // above low
  std::vector<double> marks;        // rising, within [low, high]
  std::vector<std::string> labels;  // of the marks

  double share(double value) const;  // where the value lies between low (0) and high (1)
};

// An axis that shows all values from `low` to `high` with at most `most_marks` marks (2 or more). Marks of a linear
// axis are multiples of 1, 2 or 5 times a power of ten; those of a logarithmic one are 1, 2 and 5 times powers of ten,
// or powers of ten alone. `rounded`: the ends are moved out to marks; else they stay where they are. A range without
// length, or one that is not finite, is widened. Logarithmic: `low` is above 0.
Axis make_axis(double low, double high, int most_marks, Scale scale, bool rounded);

}  // namespace genbid::report

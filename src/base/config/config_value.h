#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/config/config.h"

// Turns the scalars of config files from text into values. Only the config reader and printer use this.

namespace genbid {

// A decimal, 0x or 0o integer, or a real number without a fraction whose double is exact (1e5, 3.0).
std::optional<int64_t> parse_integer(const std::string& text);
// A decimal number, `.inf` or `-.inf`. Nothing if it does not fit a double; not a number is no value of a setting.
std::optional<double> parse_real(const std::string& text);

// "an integer in [1, 10]", "a number of at least 0"
std::string describe(const IntRange& range);
std::string describe(const RealRange& range);

// `7..20`, or `[7..9, 12]` where the periods are not one run.
std::string period_text(const PeriodList& periods);
// `[0.5, 2]`, or `1` where both ends are one number.
std::string interval_text(const RealInterval& interval);
// A number as YAML: shortest(), with YAML's names for what is not finite.
std::string real_text(double value);

}  // namespace genbid

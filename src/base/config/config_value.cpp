#include "base/config/config_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>
#include <string_view>
#include <system_error>

#include "base/convert.h"
#include "base/error.h"
#include "base/shown.h"

namespace genbid {
namespace {

constexpr int64_t kMaxPeriod = std::numeric_limits<int32_t>::max();  // room for dates such as 20260131
constexpr int64_t kMaxPeriods = 1'000'000;

template <typename T, typename... Base>
std::optional<T> parse_all(std::string_view text, Base... base) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base...);
  if (error != std::errc() || stop != end || text.empty()) return std::nullopt;
  return value;
}

// YAML allows a leading plus and from_chars does not, so it is cut off here. A second sign behind it is an error to
// both.
std::optional<std::string_view> without_plus(std::string_view text) {
  if (!text.starts_with('+')) return text;
  text.remove_prefix(1);
  if (text.starts_with('-')) return std::nullopt;
  return text;
}

template <typename Range, typename Text>
std::string describe_range(const char* article_noun, const Range& range, bool low, bool high, Text text) {
  std::string noun = article_noun;
  if (low && high) return noun + " in [" + text(range.low) + ", " + text(range.high) + "]";
  if (low) return noun + " of at least " + text(range.low);
  if (high) return noun + " of at most " + text(range.high);
  return noun;
}

std::string with_article(const std::string& noun) {
  const bool vowel = std::string_view("aeiou").find(noun.front()) != std::string_view::npos;
  return (vowel ? "an " : "a ") + noun;
}

}  // namespace

std::optional<int64_t> parse_integer(const std::string& text) {
  if (text.starts_with("0x") || text.starts_with("0o")) {
    const bool sign = text.size() > 2 && text[2] == '-';
    if (sign) return std::nullopt;
    return parse_all<int64_t>(std::string_view(text).substr(2), text[1] == 'x' ? 16 : 8);
  }
  const std::optional<std::string_view> digits = without_plus(text);
  if (!digits) return std::nullopt;
  if (const auto integer = parse_all<int64_t>(*digits, 10)) return integer;
  // Plain digits that do not fit an integer must not be read as a rounded double.
  if (text.find_first_of(".eE") == std::string::npos) return std::nullopt;
  const std::optional<double> real = parse_real(text);
  if (!real || std::trunc(*real) != *real || std::abs(*real) > 0x1p53) return std::nullopt;
  return static_cast<int64_t>(*real);
}

std::optional<double> parse_real(const std::string& text) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (text == ".inf" || text == "+.inf") return kInfinity;
  if (text == "-.inf") return -kInfinity;
  // from_chars also knows the names inf and nan, which YAML reads as strings.
  if (text.find_first_not_of("0123456789.eE+-") != std::string::npos) return std::nullopt;
  const std::optional<std::string_view> digits = without_plus(text);
  if (!digits) return std::nullopt;
  return parse_all<double>(*digits);
}

std::string describe(const IntRange& range) {
  return describe_range("an integer", range, range.low > std::numeric_limits<int64_t>::min(),
                        range.high < std::numeric_limits<int64_t>::max(),
                        [](int64_t value) { return std::to_string(value); });
}

std::string describe(const RealRange& range) {
  return describe_range("a number", range, range.low > -std::numeric_limits<double>::infinity(),
                        range.high < std::numeric_limits<double>::infinity(), real_text);
}

std::string shortest(double value) {
  char text[32];
  const auto result = std::to_chars(text, text + sizeof(text), value);
  return {text, result.ptr};
}

std::string real_text(double value) {
  if (std::isnan(value)) return ".nan";
  if (std::isinf(value)) return value > 0 ? ".inf" : "-.inf";
  return shortest(value);
}

void PeriodReader::append(const std::string& text, const std::string& where, std::string_view one) {
  const std::string noun(one);
  const auto fail = [&](const std::string& expected) {
    throw ConfigError(where + ": found '" + shown(text) + "', expected " + expected);
  };
  const size_t dots = text.find("..");
  const auto first = parse_all<int64_t>(std::string_view(text).substr(0, dots), 10);
  const auto last = dots == std::string::npos ? first : parse_all<int64_t>(std::string_view(text).substr(dots + 2), 10);
  if (!first || !last) fail(with_article(noun) + " such as 21 or a range such as 7..20");
  if (*first < 0 || *last < 0 || *first > kMaxPeriod || *last > kMaxPeriod) {
    fail(noun + "s in [0, " + std::to_string(kMaxPeriod) + "]");
  }
  if (*first > *last) fail("the smaller " + noun + " first");
  if (*last - *first >= kMaxPeriods - std::ssize(periods_)) {
    fail("at most " + std::to_string(kMaxPeriods) + " " + noun + "s");
  }
  const auto after = ranges_.upper_bound(*last);  // the range before it is the last to begin in time
  if (after != ranges_.begin() && std::prev(after)->second >= *first) {
    // If several ranges overlap with this one, the message names the first.
    auto met = std::prev(after);
    while (met != ranges_.begin() && std::prev(met)->second >= *first) --met;
    fail("each " + noun + " once (" + std::to_string(std::max(met->first, *first)) + " is there already)");
  }
  ranges_[*first] = *last;
  for (int64_t period = *first; period <= *last; ++period) periods_.push_back(period);
}

std::string interval_text(const RealInterval& interval) {
  if (interval.low == interval.high) return real_text(interval.low);
  return "[" + real_text(interval.low) + ", " + real_text(interval.high) + "]";
}

std::string period_text(const PeriodList& periods) {
  const std::vector<int64_t>& values = periods.values;
  std::string text;
  size_t num_runs = 0;
  for (size_t begin = 0, end = 0; begin < values.size(); begin = end, ++num_runs) {
    end = begin + 1;
    while (end < values.size() && values[end] == values[end - 1] + 1) ++end;
    if (num_runs > 0) text += ", ";
    text += std::to_string(values[begin]);
    if (end - begin > 1) text += ".." + std::to_string(values[end - 1]);
  }
  return num_runs == 1 ? text : "[" + text + "]";
}

}  // namespace genbid

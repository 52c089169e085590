#include "base/config/period_text.h"

#include <algorithm>

namespace genbid {

std::string period_ranges(std::vector<int64_t> periods) {
  constexpr size_t kMost = 80;  // characters, about
  std::sort(periods.begin(), periods.end());
  periods.erase(std::unique(periods.begin(), periods.end()), periods.end());
  std::string text;
  for (size_t begin = 0, end = 0; begin < periods.size(); begin = end) {
    if (text.size() > kMost) return text + ", ... (" + std::to_string(periods.size()) + " in all)";
    end = begin + 1;
    while (end < periods.size() && periods[end] == periods[end - 1] + 1) ++end;
    if (!text.empty()) text += ", ";
    text += std::to_string(periods[begin]);
    if (end - begin > 1) text += (end - begin == 2 ? ", " : "..") + std::to_string(periods[end - 1]);
  }
  return text.empty() ? "none" : text;
}

}  // namespace genbid

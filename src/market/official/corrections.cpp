#include "market/official/corrections.h"

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace genbid::market::official {
namespace {

constexpr std::array<std::pair<std::string_view, bool Corrections::*>, 5> kTable = {{
    {"draws", &Corrections::draws},
    {"reserve", &Corrections::reserve},
    {"zero_bids", &Corrections::zero_bids},
    {"drops", &Corrections::drops},
    {"pid", &Corrections::pid},
}};

std::optional<Corrections> find_corrections(std::span<const std::string> names) {
  Corrections found;
  for (const std::string& name : names) {
    bool known = false;
    for (const auto& [entry, member] : kTable) {
      if (entry != name || found.*member) continue;
      found.*member = true;
      known = true;
    }
    if (!known) return std::nullopt;
  }
  return found;
}

}  // namespace

const std::vector<std::string>& correction_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& [entry, member] : kTable) all.emplace_back(entry);
    return all;
  }();
  return names;
}

bool are_corrections(std::span<const std::string> names) { return find_corrections(names).has_value(); }

Corrections parse_corrections(std::span<const std::string> names) {
  const auto found = find_corrections(names);
  if (!found) throw Error("corrections: an unknown name, or one that is there twice");
  return *found;
}

}  // namespace genbid::market::official

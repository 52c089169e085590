#pragma once

#include <span>
#include <string>
#include <vector>

#include "report/report_input.h"

namespace genbid::report {

// Shares of the optimum at which a profile is drawn: closer where most cells are.
std::span<const double> profile_shares();

// The share of somebody's cells above each of them.
struct ProfileLine {
  std::string name;
  int style = 0;  // of palette.h
  std::vector<MeanInterval> above;
};

inline constexpr size_t kMostProfileBands = 3;  // more of them hide each other

// The performance profile of Agarwal et al. (NeurIPS 2021): whose curve lies above another's everywhere is better
// whatever is asked of a cell. `repeated` says what intervals are over, `who` whose lines they are: "candidate". Empty
// without lines.
std::string profile_figure(const std::vector<ProfileLine>& lines, const std::string& id, const std::string& who,
                           const std::string& repeated);

}  // namespace genbid::report

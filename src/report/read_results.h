#pragma once

#include <string>
#include <vector>

#include "report/report_input.h"

namespace genbid::report {

// The result.json files of an evaluation's folder: the one in it, or those in its subfolders, in the order of their
// names. Empty if there is none.
std::vector<std::string> result_files(const std::string& folder);

// Reads them. Candidates that were judged under the same conditions (protocol, rules, population or log,
// periods, seats, seed, campaign, scenario) come together; what else the files say, such as the program, is in
// `versions`. Error that names the file, and the key, of what is
// no result of `genbid evaluate`.
struct Results {
  std::vector<Judgement> judgements;
  std::vector<Fact> versions;
};
Results read_results(const std::vector<std::string>& files);

}  // namespace genbid::report

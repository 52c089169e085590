#pragma once

#include <map>
#include <string>
#include <vector>

#include "report/report_input.h"
#include "report/section.h"

// The parts of an experiment's page.

namespace genbid::report {

// Each variant's style in all charts, by its place: the best of the first block first.
std::map<std::string, int> variant_styles(const Experiment& experiment);

// Expected scores and differences of a block, with a row for each of its best lines; and the profile of those of them
// whose cells it has.
std::vector<Section> block_sections(const TableBlock& block, const std::map<std::string, int>& styles,
                                    const std::string& id);

// The loss and what was held out against steps: for each variant the median over its trainings.
std::vector<Section> variant_curves(const Experiment& experiment, const std::map<std::string, int>& styles);

// All cells by variant, with their states and links.
std::string cells_html(const std::vector<ExperimentCell>& cells);

}  // namespace genbid::report

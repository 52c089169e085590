#pragma once

#include <string>
#include <vector>

#include "report/markup.h"
#include "report/report_input.h"
#include "report/row_chart.h"

// What stands in tables of results (table.json), as a table of a page and as charts, so that page and table agree.

namespace genbid::report {

// The block's lines, the best by expected score first; equal ones stay in their order.
std::vector<const TableLine*> best_first(const TableBlock& block);

// Lines as a table of numbers, at most `most_rows` of them.
Table lines_table(const std::vector<const TableLine*>& lines, size_t most_rows);
// How to read it.
std::string lines_note(const TableBlock& block);

// A row of a chart: whose, and its style.
struct StyledLine {
  const TableLine* line;
  int style;
};
// Expected scores with their intervals.
RowChart score_chart(const std::vector<StyledLine>& lines, const std::string& id);
// Differences from the reference with their intervals; one that dwarfs the others is cut at the chart's edge. Without
// rows where nobody is compared.
RowChart difference_chart(const std::vector<StyledLine>& lines, const std::string& reference, const std::string& id);

// One SVG file that needs nothing else: a chart of differences for each block, or of scores where nobody is compared.
std::string differences_svg(const std::string& title, const std::vector<TableBlock>& blocks);

// Four digits of the mean (three decimals below 1), and as many decimals in its interval.
std::string value_with_interval(const MeanInterval& mean, bool signs);
// One decimal; a dash for what is not finite.
std::string percent(double share);
// Three decimals, or that it is below all of them.
std::string p_text(const std::optional<double>& p);

}  // namespace genbid::report

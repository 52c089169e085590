#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/markup.h"

namespace genbid::report {

// What stands around a chart, whatever its kind.
struct Caption {
  std::string id;           // unique in the page: letters, digits and dashes
  std::string title;        // what it shows
  std::string note;         // how to read it; below the title
  std::string description;  // what a person who does not see it should know
};

struct LegendEntry {
  std::string name;
  int style = 0;
};

// A <figure>: title, note, both drawings, a legend for the narrow one (empty: none), and the numbers behind it.
std::string figure_html(const Caption& caption, const std::string& wide, const std::string& narrow,
                        const std::vector<LegendEntry>& legend, const Table& numbers, bool named);

}  // namespace genbid::report

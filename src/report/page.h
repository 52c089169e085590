#pragma once

#include <string>

#include "report/report_input.h"

namespace genbid::report {

// How every page begins; a page replaces only its like.
inline constexpr const char* kPageBegins = "<!doctype html>\n<!-- genbid report -->\n";

// A whole page: HTML that is well-formed XML, without scripts, and without anything that lies elsewhere. What it shows
// is bounded whatever the input's size: of the best kNumStyles candidates in charts, hundreds in tables, and lines
// of at most kMostPoints points. It stays below 2 MB.
std::string page_html(const ReportInput& input);

}  // namespace genbid::report

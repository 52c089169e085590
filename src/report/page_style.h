#pragma once

#include <string>

namespace genbid::report {

// The page's style sheet: light and dark as the reader's system is set, one drawing of each chart on wide screens and
// another on narrow ones, and black on white on paper.
std::string page_style();

// The part of it that charts need, for an SVG file that stands alone.
std::string chart_style();

}  // namespace genbid::report

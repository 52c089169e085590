#include "report/palette.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "report/page_style.h"

namespace genbid::report {
namespace {

// WCAG 2.2, relative luminance.
double luminance(std::string_view colour) {
  const double weights[] = {0.2126, 0.7152, 0.0722};
  double sum = 0.0;
  for (size_t i = 0; i < 3; ++i) {
    const double c = std::stoi(std::string(colour.substr(1 + 2 * i, 2)), nullptr, 16) / 255.0;
    sum += weights[i] * (c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4));
  }
  return sum;
}

double contrast(std::string_view a, std::string_view b) {
  const double x = luminance(a) + 0.05;
  const double y = luminance(b) + 0.05;
  return std::max(x, y) / std::min(x, y);
}

// WCAG 2.2, 1.4.11: parts of a graphic that are needed to understand it.
TEST(Palette, EveryColourStandsOutFromItsBackground) {
  EXPECT_NEAR(contrast("#000000", "#ffffff"), 21.0, 1e-9);
  for (const SeriesColour& colour : kSeriesColours) {
    EXPECT_GE(contrast(colour.light, kLightBackground), 3.0) << colour.light;
    EXPECT_GE(contrast(colour.dark, kDarkBackground), 3.0) << colour.dark;
  }
}

TEST(Palette, StylesDifferInMarkerAndMostlyInDash) {
  std::set<std::string> markers;
  for (int style = 0; style < kNumStyles; ++style) markers.insert(marker_path(style, 0.0, 0.0));
  EXPECT_EQ(markers.size(), static_cast<size_t>(kNumStyles));
  EXPECT_GE(std::set<std::string_view>(kDashes.begin(), kDashes.end()).size(), 9U);
}

// So that the style sheet needs no escaping in a page that is XML too.
TEST(Palette, TheStyleSheetHasEveryColourAndNoMarkup) {
  const std::string style = page_style();
  EXPECT_EQ(style.find_first_of("<&"), std::string::npos);
  for (const SeriesColour& colour : kSeriesColours) {
    EXPECT_NE(style.find(colour.light), std::string::npos);
    EXPECT_NE(style.find(colour.dark), std::string::npos);
  }
}

}  // namespace
}  // namespace genbid::report

#include "report/draw.h"

#include <gtest/gtest.h>

#include "report/markup.h"
#include "report/well_formed.h"

namespace genbid::report {
namespace {

TEST(Draw, LabelsOfTheXAxisKeepApart) {
  for (const double high : {1.7e-7, 0.0019, 0.9, 47.0, 8300.0, 149000.0, 2.6e7}) {
    for (const double low : {0.0, 0.6 * high}) {
      for (const double width : {120.0, 290.0, 500.0}) {
        SCOPED_TRACE(std::to_string(low) + " to " + std::to_string(high) + " on " + std::to_string(width));
        const Axis axis = fitting_x_axis(low, high, width, Scale::kLinear);
        ASSERT_GE(axis.marks.size(), 1U);
        for (size_t i = 1; i < axis.marks.size(); ++i) {
          const double middles = (axis.share(axis.marks[i]) - axis.share(axis.marks[i - 1])) * width;
          EXPECT_GT(middles, (text_width(axis.labels[i], kLetter) + text_width(axis.labels[i - 1], kLetter)) / 2.0);
        }
      }
    }
  }
}

TEST(Draw, AWideAxisHasManyMarks) { EXPECT_GE(fitting_x_axis(0.0, 47.0, 500.0, Scale::kLinear).marks.size(), 5U); }

TEST(Draw, CoordinatesHaveOneDecimalAtMost) {
  EXPECT_EQ(coordinate(12.0), "12");
  EXPECT_EQ(coordinate(12.34), "12.3");
  EXPECT_EQ(coordinate(-0.25), "-0.3");
  EXPECT_EQ(coordinate(0.04), "0");
  EXPECT_EQ(coordinate(-7.5), "-7.5");
}

TEST(Draw, AnSvgTellsWhatItShows) {
  const std::string svg = svg_element("a", kWide, 10.0, "<t>", "d & d", svg_text(1.0, 2.0, "x < y"));
  EXPECT_EQ(test::WellFormed::fault(svg), "");
  EXPECT_NE(svg.find("aria-labelledby=\"a-wide-title a-wide-desc\""), std::string::npos);
  EXPECT_NE(svg.find("<desc id=\"a-wide-desc\">d &amp; d</desc>"), std::string::npos);
}

}  // namespace
}  // namespace genbid::report

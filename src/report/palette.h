#pragma once

#include <array>
#include <string>
#include <string_view>

// What tells the series of a chart apart: a colour that people with any colour vision can see on the page's
// background (contrast of at least 3 : 1), and a dash and a marker for those to whom two colours look alike, and on
// paper without colours.

namespace genbid::report {

inline constexpr int kNumStyles = 10;
// The styles of lines that no candidate drew.
inline constexpr int kReference = -1;  // what is even, perfect, as asked
inline constexpr int kPossible = -2;   // what was possible

struct SeriesColour {
  std::string_view light;  // on kLightBackground
  std::string_view dark;   // on kDarkBackground
};

inline constexpr std::string_view kLightBackground = "#ffffff";
inline constexpr std::string_view kDarkBackground = "#14171c";

// Neighbours differ in lightness as well as in hue. After Okabe and Ito's palette, darkened and lightened for contrast.
inline constexpr std::array<SeriesColour, kNumStyles> kSeriesColours = {{{"#005fa8", "#6ab7ff"},
                                                                         {"#d1580b", "#ff9a52"},
                                                                         {"#00805c", "#3fd0a0"},
                                                                         {"#b8549a", "#f09ad2"},
                                                                         {"#7a5c00", "#e6c84a"},
                                                                         {"#2e8bc9", "#a6dcff"},
                                                                         {"#3c3c3c", "#d8d8d8"},
                                                                         {"#b01030", "#ff7f90"},
                                                                         {"#5a48b0", "#b3a6ff"},
                                                                         {"#4f7f1f", "#aedb70"}}};

// For stroke-dasharray; empty: a solid line.
inline constexpr std::array<std::string_view, kNumStyles> kDashes = {"",     "7 3",     "2 2", "9 3 2 3",     "5 2",
                                                                     "12 3", "3 3 1 3", "",    "6 2 2 2 2 2", "1 3"};

// For stroke-dasharray, of any style.
std::string_view dash_of(int style);

// The marker of a series' style as the data of an SVG path around (x, y), about 8 units wide.
std::string marker_path(int style, double x, double y);

// "s3"; "ref" for kReference, "best" for kPossible: the class that gives an element its colour.
std::string style_class(int style);

}  // namespace genbid::report

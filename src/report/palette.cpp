#include "report/palette.h"

#include "base/convert.h"
#include "report/draw.h"

namespace genbid::report {
namespace {

// Corners of the markers, around 0.
constexpr std::array<std::string_view, kNumStyles> kMarkers = {
    "m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z",               // disc
    "m-3.2 -3.2h6.4v6.4h-6.4z",                                    // square
    "m0 -4.2l4 7.2h-8z",                                           // triangle
    "m0 -4.6l4.2 4.6l-4.2 4.6l-4.2 -4.6z",                         // diamond
    "m0 4.2l4 -7.2h-8z",                                           // triangle, down
    "m-1.3 -4h2.6v2.7h2.7v2.6h-2.7v2.7h-2.6v-2.7h-2.7v-2.6h2.7z",  // plus
    "m-4 0l2 -3.6h4l2 3.6l-2 3.6h-4z",                             // hexagon
    "m-1.3 -4h2.6v8h-2.6z",                                        // post
    "m-4 -2.6l1.4 -1.4l2.6 2.6l2.6 -2.6l1.4 1.4l-2.6 2.6l2.6 2.6l-1.4 1.4l-2.6 -2.6l-2.6 2.6l-1.4 -1.4l2.6 -2.6z",  // x
    "m-4 -3.5h8l-8 7h8z",  // hourglass
};

}  // namespace

std::string marker_path(int style, double x, double y) {
  return "M" + coordinate(x) + " " + coordinate(y) + std::string(at(kMarkers, style % kNumStyles));
}

std::string_view dash_of(int style) {
  if (style == kReference) return "4 3";
  if (style == kPossible) return "9 3 1 3 1 3";
  return at(kDashes, style % kNumStyles);
}

std::string style_class(int style) {
  if (style == kReference) return "ref";
  if (style == kPossible) return "best";
  return "s" + std::to_string(style % kNumStyles);
}

}  // namespace genbid::report

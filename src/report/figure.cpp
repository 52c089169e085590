#include "report/figure.h"

#include "report/draw.h"
#include "report/palette.h"

namespace genbid::report {
namespace {

std::string legend_html(const Legend& legend) {
  std::string html = "<ul class=\"legend" + std::string(legend.always ? " always" : "") + "\">\n";
  for (const LegendEntry& entry : legend.entries) {
    html += "<li><svg class=\"key\" viewBox=\"0 0 28 12\" aria-hidden=\"true\">";
    html += svg_path("M0 6H28", "line " + style_class(entry.style), dash_of(entry.style));
    if (entry.style >= 0) html += svg_marker(entry.style, 14.0, 6.0);
    html += "</svg><span>" + escaped(entry.name) + "</span></li>\n";
  }
  return html + "</ul>\n";
}

}  // namespace

std::string figure_html(const Caption& caption, const std::string& wide, const std::string& narrow,
                        const Legend& legend, const Table& numbers, bool named) {
  std::string html = "<figure id=\"" + caption.id + "\">\n<figcaption>" + escaped(caption.title) + "</figcaption>\n";
  if (!caption.note.empty()) html += "<p class=\"note\">" + escaped(caption.note) + "</p>\n";
  html += wide + narrow;
  if (!legend.entries.empty()) html += legend_html(legend);
  return html + "<details><summary>Numbers</summary>\n" + table_html(numbers, named) + "</details>\n</figure>\n";
}

}  // namespace genbid::report

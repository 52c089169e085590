#include "report/page_style.h"

#include "report/palette.h"

namespace genbid::report {
namespace {

// Of what charts are drawn of.
constexpr const char* kChartRules = R"(
svg text { font: 12px "Helvetica Neue", Helvetica, Arial, "Liberation Sans", sans-serif; fill: var(--text); }
.axis { stroke: var(--soft); stroke-width: 1; fill: none; }
.grid { stroke: var(--grid); stroke-width: 1; fill: none; }
.line { stroke: var(--c); stroke-width: 2; fill: none; stroke-linejoin: round; }
.line.ref { stroke-width: 1.5; }
.leader { stroke: var(--c); stroke-width: 1; fill: none; opacity: 0.55; }
.bar { stroke: var(--c); stroke-width: 2; fill: none; }
.band { fill: var(--c); stroke: none; opacity: 0.16; }
.area { fill: var(--c); stroke: none; opacity: 0.6; }
.median { stroke: var(--text); stroke-width: 2; fill: none; }
.mark { fill: var(--c); stroke: var(--back); stroke-width: 0.8; }
.ref { --c: var(--soft); }
.best { --c: var(--text); }
)";

constexpr const char* kRules = R"(
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 16px; max-width: 1220px; background: var(--back); color: var(--text);
  font: 15px/1.45 "Helvetica Neue", Helvetica, Arial, "Liberation Sans", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 24px; line-height: 1.2; margin: 8px 0 12px; }
h2 { font-size: 19px; margin: 36px 0 8px; padding-top: 10px; border-top: 1px solid var(--grid); }
h3 { font-size: 16px; margin: 26px 0 6px; }
a { color: var(--link); }
nav ul { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: 2px 16px; }
.facts { display: grid; grid-template-columns: minmax(0, max-content) minmax(0, 1fr); gap: 3px 16px; margin: 8px 0; }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; }
code, pre { font: 13px/1.4 "DejaVu Sans Mono", Menlo, Consolas, monospace; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--panel); padding: 10px 12px;
    border-radius: 6px; }
.note { color: var(--soft); font-size: 13px; margin: 2px 0 8px; }
.figures { display: grid; grid-template-columns: minmax(0, 1fr); gap: 24px 28px; }
figure { margin: 0; min-width: 0; }
figcaption { font-weight: 600; }
svg { display: block; width: 100%; height: auto; }
svg.wide { max-width: 760px; }
svg.narrow { display: none; }
.legend { display: none; list-style: none; margin: 4px 0; padding: 0; flex-wrap: wrap; gap: 2px 16px; font-size: 13px; }
.legend.always { display: flex; }
.legend li { display: flex; align-items: center; gap: 6px; min-width: 0; }
svg.key { flex: none; width: 28px; height: 12px; }
details { margin: 4px 0; font-size: 13px; }
summary { color: var(--link); cursor: pointer; width: max-content; }
.scroll { overflow: auto; max-height: 420px; }
table { border-collapse: collapse; font-size: 13px; overflow-wrap: normal; }
th, td { padding: 3px 9px; text-align: right; border-bottom: 1px solid var(--grid); vertical-align: top; }
th { font-weight: 600; }
.name { text-align: left; }
table.cards { width: 100%; font-size: 14px; }
table.cards td { white-space: nowrap; }
table.cards th.name { overflow-wrap: anywhere; min-width: 130px; }
table.cards td:nth-child(2), table.cards th:nth-child(2) { text-align: left; }
@media (min-width: 1100px) {
  .figures { grid-template-columns: repeat(2, minmax(0, 1fr)); }
}
@media screen and (max-width: 1039px) {
  table.cards, table.cards tbody, table.cards tr, table.cards tbody th, table.cards td { display: block; }
  table.cards thead { display: none; }
  table.cards tr { padding: 8px 0; border-bottom: 1px solid var(--grid); }
  table.cards tbody th, table.cards td, table.cards td:nth-child(2) { border: 0; min-width: 0;
    padding: 1px 0; text-align: left; }
  table.cards td { display: flex; justify-content: space-between; gap: 12px; white-space: normal; }
  table.cards td::before { content: attr(data-label); color: var(--soft); }
}
@media screen and (max-width: 599px) {
  body { padding: 12px; }
  svg.wide { display: none; }
  svg.narrow { display: block; max-width: 560px; }
  .legend { display: flex; }
  .facts { grid-template-columns: fit-content(38%) minmax(0, 1fr); }
}
@media print {
  body { max-width: none; padding: 0; font-size: 11pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  nav, details { display: none; }
  table.cards { font-size: 8.5pt; }
  table.cards td { white-space: normal; padding: 2px 5px; }
  svg.wide { max-width: 140mm; }
  figure, table.cards tr { break-inside: avoid; }
  h2, h3, figcaption { break-after: avoid; }
  a { color: inherit; }
}
)";

std::string variables(bool dark) {
  std::string text =
      dark ? "--back: " + std::string(kDarkBackground) +
                 "; --text: #e8eaee; --soft: #a3aab5; --grid: #323843; --panel: #1d2128; --link: #8cc4ff;"
           : "--back: " + std::string(kLightBackground) +
                 "; --text: #16191f; --soft: #5a616c; --grid: #dfe2e7; --panel: #f4f5f7; --link: #00549a;";
  for (size_t i = 0; i < kSeriesColours.size(); ++i) {
    text +=
        " --s" + std::to_string(i) + ": " + std::string(dark ? kSeriesColours[i].dark : kSeriesColours[i].light) + ";";
  }
  return ":root { " + text + " }\n";
}

}  // namespace

std::string chart_style() {
  std::string style = ":root { color-scheme: light dark; }\n" + variables(false);
  style += "@media screen and (prefers-color-scheme: dark) {\n" + variables(true) + "}\n";  // paper stays white
  for (size_t i = 0; i < kSeriesColours.size(); ++i) {
    const std::string number = std::to_string(i);
    style += ".s" + number + " { --c: var(--s" + number + "); }\n";
  }
  return style + kChartRules;
}

std::string page_style() { return chart_style() + kRules; }

}  // namespace genbid::report

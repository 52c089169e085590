#include <gtest/gtest.h>
#include <stdio.h>
#include <sys/wait.h>

#include <cstdlib>
#include <string>

#include "base/files/atomic_file.h"
#include "base/temporary_folder.h"
#include "report/markup.h"
#include "report/page.h"
#include "report/sample_input.h"

// What a browser makes of a page. Widths of letters are only known there.

namespace genbid::report {
namespace {

std::string output_of(const std::string& command) {
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return {};
  std::string text;
  char buffer[4096];
  size_t count = 0;
  while ((count = ::fread(buffer, 1, sizeof buffer, pipe)) > 0) text.append(buffer, count);
  return ::pclose(pipe) == 0 ? text : std::string();
}

std::string find_chromium() {
  const std::string found = output_of("command -v chromium || command -v chromium-browser || command -v google-chrome");
  return found.substr(0, found.find('\n'));
}

// Opens the pages in frames of several widths, and says in its own text what does not fit:
// - a frame that must be scrolled sideways, and parts that reach beyond its edge, but for tables in scrolling boxes;
// - text of a chart that meets another, reaches out of its chart, or is too small to read.
constexpr const char* kChecker = R"(<script>
function check(frame, out) {
  const page = frame.contentDocument, root = page.documentElement, width = frame.width;
  const say = (what) => out.push('width ' + width + ': ' + what);
  page.querySelectorAll('details').forEach((one) => { one.open = true; });
  if (root.scrollWidth > root.clientWidth) say('the page is ' + root.scrollWidth + ' wide');
  page.querySelectorAll('body *').forEach((one) => {
    const box = one.getBoundingClientRect();
    if (box.width === 0 || one.closest('.scroll')) return;
    if (box.right > root.clientWidth + 0.6 || box.left < -0.6) say('cut: ' + one.outerHTML.slice(0, 90));
    if (!one.closest('svg') && one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0) {
      say('does not fit itself: ' + one.outerHTML.slice(0, 90));
    }
  });
  let texts = 0, charts = 0;
  page.querySelectorAll('svg').forEach((svg) => {
    const frame_box = svg.getBoundingClientRect();
    if (frame_box.width === 0) return;
    const shown = [...svg.querySelectorAll('text')].map((one) => [one.textContent, one.getBoundingClientRect()]);
    if (shown.length > 0) ++charts;
    shown.forEach(([text, box], i) => {
      ++texts;
      const name = svg.getAttribute('aria-labelledby') + ": '" + text + "'";
      if (box.height < 10) say('too small: ' + name);
      if (box.left < frame_box.left - 0.6 || box.right > frame_box.right + 0.6 || box.top < frame_box.top - 1.5 ||
          box.bottom > frame_box.bottom + 1.5) say('cut text ' + name);
      shown.slice(i + 1).forEach(([other, second]) => {
        const x = Math.min(box.right, second.right) - Math.max(box.left, second.left);
        const y = Math.min(box.bottom, second.bottom) - Math.max(box.top, second.top);
        if (x > 0.5 && y > 1.5) say('overlap ' + name + " and '" + other + "'");
      });
    });
  });
  say(charts + ' charts, ' + texts + ' texts');
}
window.onload = () => {
  const out = [];
  document.querySelectorAll('iframe').forEach((frame) => check(frame, out));
  document.body.textContent = 'FINDINGS\n' + out.join('\n') + '\nEND';
};
</script>)";

std::string findings(const std::string& chromium, const std::string& page) {
  const test::TemporaryFolder folder;
  std::string outer = "<!doctype html><meta charset=\"utf-8\"><body>";
  for (const char* width : {"320", "400", "700", "960", "1200"}) {
    outer += "<iframe width=\"" + std::string(width) + "\" height=\"900\" srcdoc=\"" + escaped(page) + "\"></iframe>";
  }
  write_file(folder.path("check.html"), outer + kChecker);
  const std::string text = output_of("timeout 300 '" + chromium +
                                     "' --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run "
                                     "--virtual-time-budget=20000 --user-data-dir='" +
                                     folder.path("profile") + "' --dump-dom 'file://" + folder.path("check.html") +
                                     "' 2>'" + folder.path("errors") + "'");
  const size_t begin = text.find("FINDINGS\n");
  const size_t end = text.find("\nEND", begin);
  if (begin == std::string::npos || end == std::string::npos) return "no answer: " + text.substr(0, 2000);
  return text.substr(begin + 9, end - begin - 9);
}

class Rendered : public ::testing::Test {
 protected:
  void SetUp() override {
    chromium_ = find_chromium();
    if (!chromium_.empty()) return;
    // Who asked for the tools (scripts/test.sh --peers) wants to know that one is missing.
    if (std::getenv("GENBID_PEERS") != nullptr) FAIL() << "found no chromium, expected it (scripts/setup.sh --peers)";
    GTEST_SKIP() << "found no chromium (scripts/setup.sh --peers)";
  }
  // Each width shows all charts, and there is nothing else to say.
  void expect_fits(const ReportInput& input, int fewest_charts = 16) {
    const std::string page = page_html(input);
    int charts = 0;
    for (size_t at = page.find("<figure"); at != std::string::npos; at = page.find("<figure", at + 1)) ++charts;
    ASSERT_GE(charts, fewest_charts);
    const std::string found = findings(chromium_, page);
    std::string rest = found;
    for (const char* width : {"320", "400", "700", "960", "1200"}) {
      const std::string line = "width " + std::string(width) + ": " + std::to_string(charts) + " charts, ";
      const size_t at = rest.find(line);
      ASSERT_NE(at, std::string::npos) << line << " expected in\n" << found;
      rest.erase(at, rest.find("texts", at) + 5 - at);
    }
    EXPECT_EQ(rest.find_first_not_of('\n'), std::string::npos) << rest;
  }
  std::string chromium_;
};

TEST_F(Rendered, NothingOverlapsOrIsCutWithTenCandidates) { expect_fits(test::sample_input(10, 3000)); }

TEST_F(Rendered, NothingOverlapsOrIsCutForCampaigns) {
  ReportInput input;
  input.title = "Evaluation campaigns";
  input.campaigns = test::sample_campaigns(10);
  expect_fits(input, 4);
}

TEST_F(Rendered, NothingOverlapsOrIsCutWithOneCandidateAndLargeNumbers) {
  ReportInput input = test::sample_input(1, 7);
  for (MetricCurve& metric : input.metrics) {
    for (double& value : metric.values) value *= 1e7;
    for (double& step : metric.steps) step *= 12345.0;
  }
  for (CellOutcome& cell : input.judgements[0].candidates[0].cells) {
    cell.expected_score *= 1e6;
    cell.expected_conversions *= 1e6;
    cell.conversions *= 1e6;
    cell.optimum *= 1e6;
  }
  expect_fits(input);
}

TEST_F(Rendered, NothingOverlapsOrIsCutInAnExperiment) { expect_fits(test::sample_experiment(12, 3000), 6); }

// The test must see what it looks for.
TEST_F(Rendered, AnOverlapAndACutAreFound) {
  const std::string found = findings(
      chromium_,
      "<!doctype html><html><body style=\"margin:0\"><svg class=\"wide\" aria-labelledby=\"x\" viewBox=\"0 0 300 50\" "
      "width=\"300\"><text x=\"10\" y=\"20\">first</text><text x=\"12\" y=\"22\">second</text>"
      "<text x=\"290\" y=\"45\">beyond</text></svg><div style=\"width:500px\">wide</div></body></html>");
  EXPECT_NE(found.find("overlap x: 'first' and 'second'"), std::string::npos) << found;
  EXPECT_NE(found.find("cut text x: 'beyond'"), std::string::npos) << found;
  EXPECT_NE(found.find("width 400: the page is 500 wide"), std::string::npos) << found;
}

}  // namespace
}  // namespace genbid::report

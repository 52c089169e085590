#include "report/page.h"

#include <algorithm>
#include <map>
#include <vector>

#include "base/convert.h"
#include "report/campaign_section.h"
#include "report/comparison.h"
#include "report/experiment_section.h"
#include "report/markup.h"
#include "report/page_style.h"
#include "report/palette.h"
#include "report/section.h"

namespace genbid::report {
namespace {

constexpr size_t kMostRows = 400;         // of all tables of candidates
constexpr size_t kMostCharted = 3;        // judgements with charts
constexpr size_t kMostChartedBlocks = 8;  // scenarios of an experiment with charts
constexpr size_t kMostText = 100 * 1024;  // of the config, in bytes
constexpr size_t kMostSettings = 20 * 1024;
constexpr size_t kMostFacts = 60;
constexpr size_t kMostFactText = 2000;

// At most `most` bytes, cut between characters.
std::string cut(const std::string& text, size_t most) {
  if (text.size() <= most) return text;
  size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

std::string facts_html(const std::vector<Fact>& facts) {
  if (facts.empty()) return {};
  std::string html = "<dl class=\"facts\">\n";
  for (size_t i = 0; i < std::min(facts.size(), kMostFacts); ++i) {
    html += "<dt>" + escaped(facts[i].name) + "</dt><dd>" + escaped(cut(facts[i].text, kMostFactText)) + "</dd>\n";
  }
  if (facts.size() > kMostFacts) {
    html += "<dt>and</dt><dd>" + std::to_string(facts.size() - kMostFacts) + " more</dd>\n";
  }
  return html + "</dl>\n";
}

// The parts of the page, and the list of links to them.
class Page {
 public:
  void heading(const std::string& text) {
    const std::string id = "part-" + std::to_string(++count_);
    body_ += "<h2 id=\"" + id + "\">" + escaped(text) + "</h2>\n";
    links_ += "<li><a href=\"#" + id + "\">" + escaped(text) + "</a></li>\n";
  }
  void note(const std::string& text) { body_ += "<p class=\"note\">" + escaped(text) + "</p>\n"; }
  void html(const std::string& html) { body_ += html; }
  void section(const Section& section, bool own_part) {
    const bool any = std::any_of(section.figures.begin(), section.figures.end(),
                                 [](const std::string& figure) { return !figure.empty(); });
    if (!any) return;
    if (own_part) {
      heading(section.heading);
    } else {
      body_ += "<h3>" + escaped(section.heading) + "</h3>\n";
    }
    if (!section.note.empty()) note(section.note);
    body_ += "<div class=\"figures\">\n";
    for (const std::string& figure : section.figures) body_ += figure;
    body_ += "</div>\n";
  }

  std::string links() const { return "<nav><ul>\n" + links_ + "</ul></nav>\n"; }
  const std::string& body() const { return body_; }

 private:
  int count_ = 0;
  std::string links_;
  std::string body_;
};

// Expected scores and differences of candidates as the table has them.
Section table_section(const Judgement& judgement, const std::vector<const ReportCandidate*>& charted,
                      const std::string& id) {
  std::vector<StyledLine> lines;
  for (const ReportCandidate* one : charted) {
    const auto place = to_size(one - judgement.candidates.data());
    lines.push_back({&judgement.table.lines[place], to_int(lines.size())});
  }
  return {"Scores and differences",
          "",
          {row_figure(score_chart(lines, id + "-scores")),
           row_figure(difference_chart(lines, judgement.table.reference, id + "-differences"))}};
}

void add_charts(Page& page, const Judgement& judgement, const std::string& id) {
  const std::vector<const ReportCandidate*> charted = charted_candidates(judgement);
  if (charted.size() < judgement.candidates.size()) {
    page.note("Charts show the " + std::to_string(charted.size()) + " best of " +
              std::to_string(judgement.candidates.size()) + " candidates.");
  }
  if (!judgement.table.lines.empty()) page.section(table_section(judgement, charted, id), false);
  for (const Section& section : day_sections(charted, judgement.best, id)) page.section(section, false);
  for (const Section& section : outcome_sections(charted, id)) page.section(section, false);
}

// Returns how many rows it has.
size_t add_table(Page& page, const TableBlock& block, size_t most_rows, const std::string& of_what) {
  const Table table = lines_table(best_first(block), most_rows);
  page.html(card_table_html(table));
  if (table.rows.size() < block.lines.size()) {
    page.note("The " + std::to_string(table.rows.size()) + " best of " + std::to_string(block.lines.size()) + " " +
              of_what + ".");
  }
  page.note(lines_note(block));
  return table.rows.size();
}

void add_judgements(Page& page, const std::vector<Judgement>& judgements) {
  size_t rows_left = kMostRows;
  for (size_t i = 0; i < judgements.size(); ++i) {
    if (rows_left == 0) {
      page.note("Another " + std::to_string(judgements.size() - i) + " sets of conditions are left out.");
      return;
    }
    const Judgement& judgement = judgements[i];
    page.heading(cut(judgement.heading, 200));
    page.html(facts_html(judgement.conditions));
    if (!judgement.settings.empty() && i < kMostCharted) {
      page.html("<details><summary>All settings of the scenario</summary>\n<pre>" +
                escaped(cut(judgement.settings, kMostSettings)) + "</pre>\n</details>\n");
    }
    if (!judgement.table.lines.empty()) rows_left -= add_table(page, judgement.table, rows_left, "candidates");
    if (i < kMostCharted) {
      add_charts(page, judgement, "judged-" + std::to_string(i));
    } else if (i == kMostCharted) {
      page.note("From here on tables alone.");
    }
  }
}

void add_campaigns(Page& page, const CampaignJudgement& judged) {
  page.heading("Judged: campaigns");
  page.html(facts_html(judged.conditions));
  page.html(card_table_html(campaign_table(judged, kMostRows)));
  if (judged.lines.size() > kMostRows) {
    page.note("The " + std::to_string(kMostRows) + " best of " + std::to_string(judged.lines.size()) + " candidates.");
  }
  page.note(campaign_note(judged));
  page.html(card_table_html(campaign_types_table(judged, kMostRows)));
  for (const Section& section : campaign_sections(judged)) page.section(section, false);
}

std::string heading_of(const TableBlock& block) {
  if (!block.name.empty()) return block.name;
  std::string text;
  for (const Fact& one : block.conditions) {
    if (one.name == "scenario" || one.name == "periods" || one.name == "seats") continue;
    text += (text.empty() ? "" : ", ") + one.text;
  }
  return "Judged: " + text;
}

void add_experiment(Page& page, const Experiment& experiment) {
  if (!experiment.missing.empty()) page.note(cut(experiment.missing, kMostFactText));
  const std::map<std::string, int> styles = variant_styles(experiment);
  size_t rows_left = kMostRows;
  for (size_t i = 0; i < experiment.blocks.size(); ++i) {
    if (rows_left == 0) {
      page.note("Another " + std::to_string(experiment.blocks.size() - i) + " scenarios are left out.");
      break;
    }
    const TableBlock& block = experiment.blocks[i];
    page.heading(cut(heading_of(block), 200));
    page.html(facts_html(block.conditions));
    rows_left -= add_table(page, block, rows_left, "variants");
    if (i >= kMostChartedBlocks) continue;
    for (const Section& section : block_sections(block, styles, "block-" + std::to_string(i))) {
      page.section(section, false);
    }
  }
  for (const Section& section : variant_curves(experiment, styles)) page.section(section, true);
  if (experiment.cells.empty()) return;
  page.heading("Cells");
  page.note("Each is a run that can be looked at alone.");
  page.html(cells_html(experiment.cells));
}

}  // namespace

std::string page_html(const ReportInput& input) {
  Page page;
  for (const Section& section : training_sections(input.metrics)) page.section(section, true);
  add_judgements(page, input.judgements);
  if (input.campaigns) add_campaigns(page, *input.campaigns);
  if (input.experiment) add_experiment(page, *input.experiment);
  if (!input.config_yaml.empty()) {
    page.heading("Config");
    page.note("As it was resolved, defaults included.");
    page.html("<pre>" + escaped(cut(input.config_yaml, kMostText)) + "</pre>\n");
  }
  if (!input.versions.empty()) {
    page.heading("Versions");
    page.html(facts_html(input.versions));
  }
  const std::string title = escaped(cut(input.title, 300));
  return std::string(kPageBegins) +
         "<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
         "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>" +
         title + "</title>\n<style>" + page_style() + "</style>\n</head>\n<body>\n<header>\n<h1>" + title + "</h1>\n" +
         facts_html(input.summary) + page.links() + "</header>\n<main>\n" + page.body() + "</main>\n</body>\n</html>\n";
}

}  // namespace genbid::report

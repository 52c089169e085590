#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/convert.h"
#include "report/binning.h"
#include "report/line_chart.h"
#include "report/palette.h"
#include "report/section.h"

namespace genbid::report {
namespace {

constexpr size_t kAlphaGroups = 12;

struct Charted {
  const ReportCandidate* candidate;
  int style;
};

std::vector<Charted> with_days(const std::vector<const ReportCandidate*>& candidates) {
  std::vector<Charted> charted;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (candidates[i]->days.ticks == 0 || candidates[i]->days.num_cells() == 0) continue;
    charted.push_back({candidates[i], to_int(i)});
  }
  return charted;
}

int64_t longest_day(const std::vector<Charted>& charted) {
  int64_t ticks = 0;
  for (const Charted& one : charted) ticks = std::max(ticks, one.candidate->days.ticks);
  return ticks;
}

// The mean share of the budget that was spent before each tick, and after the last.
Series spent(const std::string& name, int style, size_t ticks, const std::vector<double>& budget,
             const std::vector<double>& spend) {
  Series series{name, style, {}, {}, {}, {}, false};
  std::vector<double> so_far(budget.size(), 0.0);
  for (size_t tick = 0; tick <= ticks; ++tick) {
    double sum = 0.0;
    for (size_t cell = 0; cell < so_far.size(); ++cell) {
      sum += so_far[cell] / budget[cell];
      if (tick < ticks) so_far[cell] += spend[cell * ticks + tick];
    }
    series.x.push_back(as_double(tick));
    series.y.push_back(sum / as_double(so_far.size()));
  }
  return series;
}

std::string pacing(const std::vector<Charted>& charted, const BestSpend& best, const std::string& id) {
  LineChart chart;
  chart.caption = {id + "-pacing", "Spend against time",
                   std::string("Share of the budget that is spent before a tick, mean over cells.") +
                       (best.ticks > 0 ? " Hindsight spends it by the best alpha per tick." : ""),
                   "For each candidate the mean share of its budget spent so far, against the tick of the day."};
  chart.x_name = "tick";
  chart.y_name = "share of budget";
  chart.y_least = 0.0;
  chart.y_most = 1.0;
  Series even{"even", kReference, {}, {}, {}, {}, false};
  for (int64_t tick = 0; tick <= longest_day(charted); ++tick) {
    even.x.push_back(as_double(tick));
    even.y.push_back(as_double(tick) / as_double(longest_day(charted)));
  }
  chart.series.push_back(std::move(even));
  if (best.ticks > 0) {
    chart.series.push_back(spent("hindsight", kPossible, to_size(best.ticks), best.budget, best.spend));
  }
  for (const Charted& one : charted) {
    const CandidateDays& days = one.candidate->days;
    chart.series.push_back(spent(one.candidate->name, one.style, to_size(days.ticks), days.budget, days.spend));
  }
  return line_figure(chart);
}

// Alpha by tick in units of the CPA limit, over the cells that bid; the middle half of them as a band.
Series alphas(const Charted& one, bool band) {
  const CandidateDays& days = one.candidate->days;
  const auto ticks = to_size(days.ticks);
  Series series{one.candidate->name, one.style, {}, {}, {}, {}, false};
  for (size_t tick = 0; tick < ticks; ++tick) {
    std::vector<double> values;
    for (size_t cell = 0; cell < days.num_cells(); ++cell) {
      const double alpha = days.alpha[cell * ticks + tick] / days.cpa_limit[cell];
      if (std::isfinite(alpha)) values.push_back(alpha);
    }
    std::sort(values.begin(), values.end());
    const double none = std::numeric_limits<double>::quiet_NaN();
    series.x.push_back(as_double(tick));
    series.y.push_back(values.empty() ? none : mean_interval(values).mean);
    if (!band) continue;
    series.low.push_back(values.empty() ? none : quantile(values, 0.25));
    series.high.push_back(values.empty() ? none : quantile(values, 0.75));
  }
  return series;
}

std::string alpha_over_day(const std::vector<Charted>& charted, const std::string& id) {
  LineChart chart;
  const bool band = charted.size() <= 2;
  chart.caption = {id + "-alpha", "Alpha over the day",
                   std::string("Alpha over the CPA limit, mean over the cells that bid in the tick.") +
                       (band ? " Half of these cells lie within the band." : ""),
                   "For each candidate the mean of alpha divided by the CPA limit, against the tick of the day."};
  chart.x_name = "tick";
  chart.y_name = "alpha / CPA limit";
  chart.y_least = 0.0;
  for (const Charted& one : charted) chart.series.push_back(alphas(one, band));
  return line_figure(chart);
}

double mean_of(const std::vector<double>& values, const std::vector<size_t>& group) {
  double sum = 0.0;
  size_t count = 0;
  for (const size_t i : group) {
    if (!std::isfinite(values[i])) continue;
    sum += values[i];
    ++count;
  }
  return count > 0 ? sum / as_double(count) : std::numeric_limits<double>::quiet_NaN();
}

std::string price_over_day(const std::vector<Charted>& charted, const std::string& id) {
  LineChart chart;
  chart.caption = {
      id + "-price", "Price over the day",
      "The price of winning a slot (least winning cost), mean over the impressions of a tick and over cells.",
      "For each candidate the mean least winning cost, against the tick of the day."};
  chart.x_name = "tick";
  chart.y_name = "least winning cost";
  chart.y_least = 0.0;
  for (const Charted& one : charted) {
    const CandidateDays& days = one.candidate->days;
    const auto ticks = to_size(days.ticks);
    Series series{one.candidate->name, one.style, {}, {}, {}, {}, false};
    for (size_t tick = 0; tick < ticks; ++tick) {
      std::vector<size_t> places;
      for (size_t cell = 0; cell < days.num_cells(); ++cell) places.push_back(cell * ticks + tick);
      series.x.push_back(as_double(tick));
      series.y.push_back(mean_of(days.price, places));
    }
    chart.series.push_back(std::move(series));
  }
  return line_figure(chart);
}

// The ticks of all cells with a bid: alpha in units of the CPA limit, and a quantity beside it.
struct Responses {
  std::vector<double> alpha;
  std::vector<double> wins;
  std::vector<double> spend;  // money
  std::vector<double> share;  // spend in % of the budget
};

Responses responses(const CandidateDays& days) {
  Responses all;
  const auto ticks = to_size(days.ticks);
  for (size_t i = 0; i < days.alpha.size(); ++i) {
    const size_t cell = i / ticks;
    const double alpha = days.alpha[i] / days.cpa_limit[cell];
    if (!std::isfinite(alpha)) continue;
    all.alpha.push_back(alpha);
    all.wins.push_back(days.wins[i]);
    all.spend.push_back(days.spend[i]);
    all.share.push_back(100.0 * days.spend[i] / days.budget[cell]);
  }
  return all;
}

// Means of groups of equally many ticks, by their alphas.
std::vector<std::string> response_figures(const std::vector<Charted>& charted, const std::string& id) {
  std::vector<LineChart> charts(3);
  charts[0].caption = {id + "-win-curve", "Win curve",
                       "Slots won in a tick, by alpha: each point a twelfth of the ticks.",
                       "For each candidate the mean number of slots won in a tick, against alpha over the CPA limit."};
  charts[1].caption = {id + "-cost-curve", "Cost curve",
                       "What a tick costs, by alpha: each point a twelfth of the ticks.",
                       "For each candidate the mean spend of a tick in per cent of the budget, against alpha over the "
                       "CPA limit."};
  charts[2].caption = {id + "-slot-curve", "Cost of a slot", "Spend over slots won, by alpha.",
                       "For each candidate its spend over the slots it won, against alpha over the CPA limit."};
  charts[0].y_name = "slots in a tick";
  charts[1].y_name = "spend in a tick, % of budget";
  charts[2].y_name = "cost of a slot";
  for (const Charted& one : charted) {
    const Responses all = responses(one.candidate->days);
    const std::vector<std::vector<size_t>> groups = equal_groups(all.alpha, kAlphaGroups);
    for (LineChart& chart : charts) chart.series.push_back({one.candidate->name, one.style, {}, {}, {}, {}, false});
    for (const std::vector<size_t>& group : groups) {
      const double wins = mean_of(all.wins, group);
      const double slot = wins > 0.0 ? mean_of(all.spend, group) / wins : std::numeric_limits<double>::quiet_NaN();
      const double values[] = {wins, mean_of(all.share, group), slot};
      for (size_t c = 0; c < charts.size(); ++c) {
        charts[c].series.back().x.push_back(mean_of(all.alpha, group));
        charts[c].series.back().y.push_back(values[c]);
      }
    }
  }
  std::vector<std::string> figures;
  for (LineChart& chart : charts) {
    chart.x_name = "alpha / CPA limit";
    chart.y_least = 0.0;
    figures.push_back(line_figure(chart));
  }
  return figures;
}

}  // namespace

std::vector<Section> day_sections(const std::vector<const ReportCandidate*>& candidates, const BestSpend& best,
                                  const std::string& id) {
  const std::vector<Charted> charted = with_days(candidates);
  if (charted.empty()) return {};
  std::vector<std::string> curves = response_figures(charted, id);
  curves.insert(curves.begin(), price_over_day(charted, id));
  return {{"Pacing", "", {pacing(charted, best, id), alpha_over_day(charted, id)}},
          {"Prices, win and cost curves", "", std::move(curves)}};
}

}  // namespace genbid::report
